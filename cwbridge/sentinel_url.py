"""Addresses of a Redis that is found through Sentinel.

    redis+sentinel://[user:password@]host[:port][,host[:port]...]/service-name[/db][?option=value&...]

The hosts are the sentinels; user and password are those of the Redis servers. Options: `sentinel_username` and `sentinel_password`
of the sentinels, and with `rediss+sentinel` also `ssl_ca_certs`, `ssl_certfile` and `ssl_keyfile`.
"""

from __future__ import annotations

from typing import Final
from urllib.parse import parse_qsl, unquote, urlsplit

import msgspec

FORM: Final = "redis+sentinel://[user:password@]host:26379,host:26379,host:26379/service-name[/db]"
_SCHEMES: Final = {"redis+sentinel": False, "rediss+sentinel": True}
_PORT: Final = 26379
_OWN_OPTIONS: Final = ("sentinel_username", "sentinel_password")
_TLS_OPTIONS: Final = ("ssl_ca_certs", "ssl_certfile", "ssl_keyfile")


class UnusableAddress(ValueError):
    """An address that names no Redis; `cause` follows the name of the setting and holds no part that may be secret."""

    def __init__(self, cause: str, *, remedy: str = f"Write it like {FORM}.") -> None:
        super().__init__(cause)
        self.cause = cause
        self.remedy = remedy


class Credentials(msgspec.Struct, frozen=True, kw_only=True):
    """A user name and a password; None where none is given. Neither is shown."""

    username: str | None = None
    password: str | None = None

    def __repr__(self) -> str:
        return "Credentials(...)"


class SentinelAddress(msgspec.Struct, frozen=True, kw_only=True):
    """The sentinels to ask, the service they watch, and how to connect to the primary they name."""

    sentinels: tuple[tuple[str, int], ...]
    service: str
    db: int
    tls: bool
    redis: Credentials
    sentinel: Credentials
    tls_files: dict[str, str]
    """Options of TLS as redis-py names them: paths of files."""

    @property
    def majority(self) -> int:
        """How many sentinels are more than half of those named."""
        return len(self.sentinels) // 2 + 1


def is_sentinel(url: str) -> bool:
    """Whether the address asks for Sentinel; raises UnusableAddress for the address of a cluster."""
    scheme = url.partition("://")[0].lower()
    if "cluster" in scheme:
        raise UnusableAddress(
            "names a Redis cluster, and cluster mode is not supported",
            remedy=f"Use one Redis server (redis://host:6379/0), or several with Sentinel ({FORM}).",
        )
    return scheme in _SCHEMES


def parse(url: str) -> SentinelAddress:
    """Read an address of this form; raises UnusableAddress that names what is wrong."""
    scheme, _, rest = url.partition("://")
    tls = _SCHEMES[scheme.lower()]
    place, _, query = rest.partition("?")
    authority, _, path = place.partition("/")
    user_info, _, hosts = authority.rpartition("@")
    service, _, db = path.strip("/").partition("/")
    if not service:
        raise UnusableAddress("names no service of the sentinels after the hosts")
    if db and not db.isdecimal():
        raise UnusableAddress("has a database that is not a number after the name of the service")
    username, _, password = user_info.partition(":")
    options = _options(query, tls=tls)
    return SentinelAddress(
        sentinels=_sentinels(hosts),
        service=unquote(service),
        db=int(db or 0),
        tls=tls,
        redis=Credentials(username=unquote(username) or None, password=unquote(password) or None),
        sentinel=Credentials(
            username=options.pop("sentinel_username", None), password=options.pop("sentinel_password", None)
        ),
        tls_files=options,
    )


def _sentinels(hosts: str) -> tuple[tuple[str, int], ...]:
    named = [host.strip() for host in hosts.split(",")]
    if not all(named):
        raise UnusableAddress("names no sentinel, or has a comma too many")
    return tuple(dict.fromkeys(_sentinel(host) for host in named))


def _sentinel(host: str) -> tuple[str, int]:
    try:
        parts = urlsplit(f"//{host}")
        name, port = parts.hostname, parts.port
    except ValueError:
        name, port = None, None
    if not name:
        raise UnusableAddress("has a sentinel that is not HOST or HOST:PORT")
    return name, _PORT if port is None else port


def _options(query: str, *, tls: bool) -> dict[str, str]:
    options = dict(parse_qsl(query, keep_blank_values=True))
    known = (*_OWN_OPTIONS, *(_TLS_OPTIONS if tls else ()))
    if not options.keys() <= set(known):
        raise UnusableAddress(
            "has an option after ? that is not known", remedy=f"The options are {', '.join(known)}."
        )
    return options
