"""Rehearses runs for the page: each in a process of its own, one at a time.

A rehearsal counts calls and records, and needs a Redis server of its own; in the process of the producers both would be out of place.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
from decimal import Decimal

import msgspec
import structlog

from cwbridge.cache import CachedValues
from cwbridge.queue.failure import Failure
from cwbridge.rehearsal import Rehearsal

log = structlog.get_logger(__name__)
_COMMAND = "from console.app import main; main()"
_SECONDS = 60.0
_KEPT_SECONDS = 10.0
_KEPT = 8


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What a rehearsal found; with neither field it could not be made here."""

    found: Rehearsal | None = msgspec.field(name="now", default=None)
    failure: Failure | None = msgspec.field(name="unknown_now", default=None)


_decode = msgspec.json.Decoder(Told, float_hook=Decimal).decode


class Rehearsals:
    """Rehearsals by key, each kept for some seconds, so that a page that is loaded again and again costs no more calls."""

    def __init__(self) -> None:
        self._at_work = asyncio.Lock()
        self._kept: CachedValues[str, Told] = CachedValues(self._rehearsed, ttl=_KEPT_SECONDS, max_size=_KEPT)

    async def told(self, key: str) -> Told:
        """What a run of a valid key would do now, or did some seconds ago."""
        return await self._kept.get(key)

    async def _rehearsed(self, key: str) -> Told:
        async with self._at_work:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-c", _COMMAND, "explain", key, "--json"),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
            )
            try:
                async with asyncio.timeout(_SECONDS):
                    said, _ = await process.communicate()
                return _decode(said)
            except (TimeoutError, msgspec.DecodeError) as error:
                log.warning("rehearsal_failed", key=key, error=type(error).__name__)
                return Told()
            finally:
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
