"""Whether a person who named keys has to wait: jobs are read one after the other while workers go on."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

import pytest

from console.named import NamedKeys
from cwbridge.queue.job import Job, State
from cwbridge.queue.queue import Queue

ORDER, ACCOUNT = "bss/order/1", "bss/account/2"
LATER_MS = 300_000


class Reads:
    """A queue that answers each read of a job with the next of its states; the last one stays."""

    def __init__(self, **states: list[State | None]) -> None:
        self._states = {ORDER: states["order"], ACCOUNT: states["account"]}

    async def counts(self) -> object:
        return SimpleNamespace(now_ms=0)

    async def job(self, key: str) -> Job | None:
        states = self._states[key]
        state = states.pop(0) if len(states) > 1 else states[0]
        if state is None:
            return None
        return Job(
            key=key,
            flow="billing",
            state=state,
            lane="interactive",
            generation=1,
            attempts=0,
            crashes=0,
            waits=0,
            since_ms=0,
            due_ms=LATER_MS if state == "waiting" else 0,
            failure=None,
            waits_for=ACCOUNT if state == "waiting" else None,
        )


@pytest.mark.parametrize(
    ("order", "account", "busy"),
    [
        pytest.param(["waiting", "due"], [None], True, id="woken between the two reads"),
        pytest.param(["waiting"], ["running"], True, id="what it waits for is under way"),
        pytest.param(["waiting"], ["dead"], False, id="what it waits for was refused"),
        pytest.param(["waiting"], [None], False, id="nothing wakes it soon"),
        pytest.param([None], [None], False, id="settled"),
    ],
)
async def test_a_key_is_busy_until_nothing_more_happens_soon(
    order: list[State | None], account: list[State | None], busy: bool
) -> None:
    queue = cast("Queue", Reads(order=order, account=account))
    assert await NamedKeys([ORDER]).are_busy(queue) is busy
