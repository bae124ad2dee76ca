"""The demo proves what it shows: an edit that does not arrive is a failure."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from console import demo, demo_edits, exit_codes
from console.demo_edits import Edit, Pair
from console.sandbox import RunningSandbox
from cwbridge.ledger.history import Event
from sandbox.world.accounts import FIRST_ACCOUNT


class Lost(Edit):
    """An edit that was made and never shows in its target."""

    key, target, told, example = "bss/account/1", "ConnectWise", "A clerk changes nothing", ""

    async def has_arrived(self, event: Event) -> bool:  # noqa: ARG002
        return False


async def test_an_edit_that_does_not_arrive_fails_the_demo(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async def edits(place: RunningSandbox, pair: Pair) -> AsyncIterator[Edit]:
        assert await place.record("bss", "accounts", pair.account)
        yield Lost()

    async def settled(_: object) -> bool:
        return True

    async def pair(_: object) -> Pair:
        return Pair(FIRST_ACCOUNT, 1, "")

    monkeypatch.setattr(demo._Demo, "_settle", settled)
    monkeypatch.setattr(demo._Demo, "_pair", pair)
    monkeypatch.setattr(demo_edits, "edits", edits)
    monkeypatch.setattr(demo, "_ARRIVAL_SECONDS", 0.1)
    async with asyncio.timeout(60):
        code = await demo.run(asyncio.Event(), projects=1, seed=7, once=True)
    assert code == exit_codes.FAILED
    assert "not in ConnectWise after" in capsys.readouterr().out
