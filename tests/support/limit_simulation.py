"""The real limiter scripts on a real Redis, over hours of simulated time: several processes, jitter, bulk work and small jobs."""

from __future__ import annotations

import heapq
import itertools
import random
from collections import deque
from importlib import resources

import msgspec

from cwbridge.limits.answer import Full, Held
from cwbridge.limits.priority import Priority
from cwbridge.limits.rate import Rate
from cwbridge.limits.shared import SharedLimit
from cwbridge.redis import Redis

_EPOCH_SECONDS = 1_000_000
_WAY_SECONDS = (0.02, 0.25)
_LONGEST_REST_SECONDS = 0.2


class SmallJobs(msgspec.Struct, frozen=True):
    """Small jobs one after the other, each with `calls` calls in sequence; between two of them `pause` seconds at most."""

    calls: int
    pause: float


class Simulated(msgspec.Struct, kw_only=True):
    """What came out: calls made, those that an exact sliding window at the server would refuse, and seconds of each small job."""

    seconds: float
    calls: int = 0
    refused: int = 0
    small: list[float] = []
    alone: list[float] = []
    """How long the same small jobs take on an idle bridge: their latencies only."""

    def use(self, rate: Rate) -> float:
        """The part of the rate that was used."""
        return self.calls / (self.seconds * rate.calls / rate.seconds)


class _Server:
    """Counts every window exactly; refused calls do not count."""

    def __init__(self, rate: Rate) -> None:
        self._rate = rate
        self._window: deque[float] = deque()
        self._arrivals: list[float] = []
        self.refused = 0

    def expect(self, arrival: float, now: float) -> None:
        heapq.heappush(self._arrivals, arrival)
        # A call that is sent later arrives later than the shortest way from now.
        while self._arrivals and self._arrivals[0] <= now:
            self._arrive(heapq.heappop(self._arrivals))

    def _arrive(self, arrival: float) -> None:
        while self._window and self._window[0] <= arrival - self._rate.seconds:
            self._window.popleft()
        if len(self._window) >= self._rate.calls:
            self.refused += 1
        else:
            self._window.append(arrival)


class _SmallWork:
    """The small jobs of the first process: when the next one begins, and how far the present one is."""

    def __init__(self, jobs: SmallJobs | None, begin: float, chance: random.Random) -> None:
        self._jobs = jobs
        self._chance = chance
        self.next = begin if jobs is not None else float("inf")
        self.waits = False
        self._left = 0
        self._began = self._ways = 0.0

    def begin_if_due(self, now: float) -> None:
        if self._jobs is not None and not self._left and now >= self.next:
            self._left, self._began, self._ways, self.waits = self._jobs.calls, self.next, 0.0, True
            self.next = float("inf")

    def sent(self, way: float) -> None:
        self.waits = False
        self._ways += 2 * way

    def answered(self, now: float, result: Simulated) -> None:
        self._left -= 1
        self.waits = self._left > 0
        if not self.waits and self._jobs is not None:
            result.small.append(now - self._began)
            result.alone.append(self._ways)
            self.next = now + self._chance.uniform(0, self._jobs.pause)


class Simulation:
    """Processes that always have bulk work, the first of which has small jobs now and then."""

    def __init__(
        self, redis: Redis, namespace: str, rate: Rate, *, concurrency: int, processes: int, seed: int
    ) -> None:
        self._redis = redis
        self._namespace = namespace
        self._rate = rate
        self._concurrency = concurrency
        self._limits = [self._limit(number) for number in range(processes)]
        self._chance = random.Random(seed)
        self._server = _Server(rate)
        self._numbers = itertools.count()
        self._events: list[tuple[float, int, str, int, str]] = []
        self._asks_at = [0.0] * processes

    def server_allows(self, rate: Rate) -> None:
        """Let the server count by another rate than the limiter."""
        self._server = _Server(rate)

    async def run(self, seconds: float, jobs: SmallJobs | None = None) -> Simulated:
        """So many simulated seconds; the first window, in which every turn is free, is not counted."""
        begin = self._rate.seconds + 1
        result, small = Simulated(seconds=seconds), _SmallWork(jobs, begin, self._chance)
        for number in range(len(self._limits)):
            self._ask_at(number / 100, number)
        while self._events[0][0] <= begin + seconds:
            now, _, what, number, call = heapq.heappop(self._events)
            if what == "ask" and self._asks_at[number] == now:
                await self._ask(now, number, small, begin, result)
            elif what == "ended":
                self._limits[number].end(call)
                self._wake(now)
            elif what == "answered":
                small.answered(now, result)
                self._ask_at(now, 0)
        for limit in self._limits:
            await limit.close()
        result.refused = self._server.refused
        return result

    async def _ask(self, now: float, number: int, small: _SmallWork, begin: float, result: Simulated) -> None:
        if number == 0:
            small.begin_if_due(now)
        is_small = number == 0 and small.waits
        await self._redis.set(f"{self._namespace}:clock", round((now + _EPOCH_SECONDS) * 1000))
        priority, count = (Priority.SMALL, 1) if is_small else (Priority.BULK, self._concurrency)
        answer = await self._limits[number].ask(priority, count)
        assert not isinstance(answer, Held)
        if isinstance(answer, Full):
            rest = answer.seconds + self._chance.uniform(0, 0.01) if answer.seconds else _LONGEST_REST_SECONDS
            self._ask_at(max(now + 0.001, min(now + rest, small.next if number == 0 else now + rest)), number)
            return
        for granted in answer:
            sent, way = now + granted.seconds, self._chance.uniform(*_WAY_SECONDS)
            self._server.expect(sent + way, now)
            result.calls += sent > begin
            self._at(sent + 2 * way, "ended", number, granted.call)
            if is_small:
                small.sent(way)
                self._at(sent + 2 * way, "answered", number)
        self._ask_at(now + 0.001, number)

    def _wake(self, now: float) -> None:
        """A slot is free: who waits for one asks; who waits for a turn, and asks much later, does not."""
        for number, asks_at in enumerate(self._asks_at):
            if asks_at - now <= _LONGEST_REST_SECONDS:
                self._ask_at(now, number)

    def _ask_at(self, moment: float, number: int) -> None:
        self._asks_at[number] = moment
        self._at(moment, "ask", number)

    def _at(self, moment: float, what: str, number: int, call: str = "") -> None:
        heapq.heappush(self._events, (moment, next(self._numbers), what, number, call))

    def _limit(self, number: int) -> SharedLimit:
        limit = SharedLimit(
            self._redis,
            namespace=self._namespace,
            system="test",
            rate=self._rate,
            concurrency=self._concurrency,
            margin=0.25,
        )
        limit._take = self._redis.register_script(_clocked("take"))
        limit._free = self._redis.register_script(_clocked("free"))
        limit._process = f"process{number}"
        return limit


def _clocked(name: str) -> str:
    """The script with the clock of the simulation instead of the clock of Redis."""
    folder = resources.files("cwbridge.limits")
    text = "\n".join(folder.joinpath(f"{part}.lua").read_text("utf-8") for part in ("window", name))
    real = "local time = redis.call('TIME')\n  return time[1] * 1000 + math.floor(time[2] / 1000)"
    assert real in text
    return text.replace(real, "return tonumber(redis.call('GET', (string.gsub(log, ':limit:.*', ':clock'))))")
