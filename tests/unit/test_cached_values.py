"""Values that are loaded once for all callers and cached for some time."""

from __future__ import annotations

import asyncio

import pytest

from cwbridge import clock
from cwbridge.cache import CachedValues


async def test_values_are_loaded_once_by_key_and_the_oldest_are_let_go() -> None:
    loaded: list[int] = []

    async def load(key: int) -> int:
        loaded.append(key)
        await asyncio.sleep(0)
        return 10 * key

    values: CachedValues[int, int] = CachedValues(load, ttl=60, max_size=2)
    assert await asyncio.gather(*(values.get(1) for _ in range(3))) == [10] * 3
    assert await values.get(2) == 20
    assert await values.get(1) == 10
    assert await values.get(3) == 30
    assert loaded == [1, 2, 3]
    assert await values.get(2) == 20
    assert loaded == [1, 2, 3, 2]


async def test_a_value_is_loaded_again_when_it_is_old_and_a_failure_is_not_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = 0.0
    monkeypatch.setattr(clock, "lasting_seconds", lambda: now)
    failing = True

    async def load(_key: str) -> float:
        if failing:
            raise LookupError
        return now

    values: CachedValues[str, float] = CachedValues(load, ttl=60, max_size=2)
    with pytest.raises(LookupError):
        await values.get("a")
    failing = False
    assert await values.get("a") == 0
    now = 59.0
    assert await values.get("a") == 0
    now = 61.0
    assert await values.get("a") == 61
