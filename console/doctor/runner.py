"""Runs checks side by side, each with its own time-out; one that fails or hangs is a result like any other."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

import structlog

from cwbridge import errors
from cwbridge.checks import Check, NotChecked, Result

log = structlog.get_logger(__name__)
LONGEST_RUN_SECONDS = 25.0
Progress = Callable[[int, int, Sequence[str]], None]
"""Called with how many checks are done, of how many, and the names of those under way."""


async def run(
    checks: Sequence[Check], *, longest: float = LONGEST_RUN_SECONDS, progress: Progress = lambda *_: None
) -> list[Result]:
    """The results in the order of the checks; takes at most `longest` seconds."""
    under_way = {number: check.name for number, check in enumerate(checks)}

    async def one(number: int, check: Check) -> Sequence[Result]:
        results = await _looked(check, min(check.seconds, longest))
        del under_way[number]
        progress(len(checks) - len(under_way), len(checks), list(under_way.values()))
        return results

    progress(0, len(checks), list(under_way.values()))
    told = await asyncio.gather(*(one(number, check) for number, check in enumerate(checks)))
    return [result for results in told for result in results]


async def _looked(check: Check, seconds: float) -> Sequence[Result]:
    try:
        async with asyncio.timeout(seconds):
            return await check.run()
    except NotChecked as reason:
        return [_not_checked(check, str(reason), "")]
    except TimeoutError:
        return [
            _not_checked(
                check,
                f"no answer within {seconds:g} s",
                "Run the doctor again; if it stays, look at the system and the network between.",
            )
        ]
    except errors.BridgeError as error:
        return [_not_checked(check, str(error), error.remedy)]
    except Exception as error:
        log.debug("check_crashed", check=check.name, exc_info=True)
        return [_not_checked(check, f"the check itself failed: {type(error).__name__}", "Report it.")]


def _not_checked(check: Check, reason: str, remedy: str) -> Result:
    return Result(check=check.name, state="warning", detail=f"not checked: {reason}", remedy=remedy)
