"""Addresses of a Redis that is found through Sentinel: what is read, and what is refused with a remedy."""

from __future__ import annotations

import pytest

from cwbridge import redis as redis_module
from cwbridge import sentinel_url
from cwbridge.sentinel_url import UnusableAddress

SECRET = "s3cr:t/@,word"
ENCODED = "s3cr%3At%2F%40%2Cword"


def test_every_part_of_an_address_is_read() -> None:
    address = sentinel_url.parse(
        f"rediss+sentinel://bridge:{ENCODED}@a.example:26380,b.example,[::1]:7/quotes/3"
        f"?sentinel_username=asker&sentinel_password={ENCODED}&ssl_ca_certs=/etc/ca.pem"
    )
    assert address.sentinels == (("a.example", 26380), ("b.example", 26379), ("::1", 7))
    assert (address.service, address.db, address.tls, address.majority) == ("quotes", 3, True, 2)
    assert (address.redis.username, address.redis.password) == ("bridge", SECRET)
    assert (address.sentinel.username, address.sentinel.password) == ("asker", SECRET)
    assert address.tls_files == {"ssl_ca_certs": "/etc/ca.pem"}


def test_an_address_never_shows_a_password() -> None:
    address = sentinel_url.parse(f"redis+sentinel://:{ENCODED}@a,b,c/quotes?sentinel_password={ENCODED}")
    assert SECRET not in repr(address)


def test_a_password_without_a_user_and_the_first_database_are_the_usual_case() -> None:
    address = sentinel_url.parse("redis+sentinel://:secret@a,b,c/quotes")
    assert (address.redis.username, address.redis.password, address.db) == (None, "secret", 0)


@pytest.mark.parametrize(
    ("address", "cause"),
    [
        ("redis+sentinel://:{}@a,b", "names no service"),
        ("redis+sentinel://:{}@a,b/", "names no service"),
        ("redis+sentinel://:{}@/quotes", "names no sentinel"),
        ("redis+sentinel://:{}@a,,b/quotes", "names no sentinel, or has a comma too many"),
        ("redis+sentinel://:{}@a:first/quotes", "not HOST or HOST:PORT"),
        ("redis+sentinel://:{}@a:99999/quotes", "not HOST or HOST:PORT"),
        ("redis+sentinel://:{}@a,b/quotes/first", "a database that is not a number"),
        ("redis+sentinel://:{}@a,b/quotes?ssl_ca_certs=/ca.pem", "an option after ?"),
        ("rediss+sentinel://:{}@a,b/quotes?verify=no", "an option after ?"),
        ("redis+cluster://:{}@a,b", "cluster mode is not supported"),
    ],
)
def test_a_mistake_is_named_with_its_remedy_and_without_the_password(address: str, cause: str) -> None:
    with pytest.raises(UnusableAddress) as refused:
        redis_module.connect(address.format(ENCODED))
    assert cause in refused.value.cause
    assert "redis+sentinel://" in refused.value.remedy or "The options are" in refused.value.remedy
    for text in (str(refused.value), refused.value.remedy):
        assert SECRET not in text
        assert ENCODED not in text


def test_other_addresses_are_not_taken_for_sentinels() -> None:
    assert not any(sentinel_url.is_sentinel(url) for url in ("redis://a", "rediss://a", "unix:///a"))
