"""The HTTP session of one system: pooled connections, verified TLS, nothing followed and nothing repeated by itself."""

from __future__ import annotations

from collections.abc import Mapping

import aiohttp
from aiohttp.connector import Connection
from aiohttp.tracing import Trace

from cwbridge import __version__
from cwbridge.connectors import write_guard

# Shorter than the idle time-outs of the usual servers, so that the session closes an idle connection before they do: a
# write on a connection that dies at that moment has an unknown outcome.
_KEEP_ALIVE_SECONDS = 12.0
_DNS_SECONDS = 60
_LONGEST_HEADER = 64 * 1024


class _GuardedConnector(aiohttp.TCPConnector):
    """Asks for the right to write once more when there is a connection: making one takes time, and the process may be stopped meanwhile."""

    async def connect(
        self,
        req: aiohttp.ClientRequest,
        traces: list[Trace],
        timeout: aiohttp.ClientTimeout,  # noqa: ASYNC109 - the signature of aiohttp
    ) -> Connection:
        connection = await super().connect(req, traces, timeout)
        if req.method != "GET":
            try:
                write_guard.check()
            except BaseException:
                connection.release()
                raise
        return connection


def open_session(*, headers: Mapping[str, str], connections: int = 64) -> aiohttp.ClientSession:
    """Open a session whose default `headers` carry the credentials, so that no request object does; close it yourself."""
    session = aiohttp.ClientSession(
        connector=_GuardedConnector(
            limit=connections, ttl_dns_cache=_DNS_SECONDS, keepalive_timeout=_KEEP_ALIVE_SECONDS
        ),
        headers={"User-Agent": f"cwbridge/{__version__}", **headers},
        cookie_jar=aiohttp.DummyCookieJar(),
        trust_env=False,
        # A Link header repeats a long question once for each page it names.
        max_line_size=_LONGEST_HEADER,
        max_field_size=_LONGEST_HEADER,
    )
    # aiohttp sends GET, PUT and DELETE a second time when a kept connection turns out dead. That second call would pass by
    # the limiter and the write guard, and a DELETE may have been executed. There is no public switch for it.
    session._retry_connection = False  # noqa: SLF001
    return session
