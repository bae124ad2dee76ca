"""An exact sliding window, the way a server limits its callers."""

from __future__ import annotations

from collections import deque


class SlidingWindow:
    """Admits at most `limit` calls in any span of `seconds`; keeps the time of every counted call."""

    def __init__(self, limit: int, seconds: float, *, count_refused: bool = False) -> None:
        self.limit = limit
        self.seconds = seconds
        self.count_refused = count_refused
        self._times: deque[float] = deque()

    def admit(self, now: float) -> float:
        """Return 0.0 when the call is admitted, else how many seconds until one would be."""
        times = self._times
        horizon = now - self.seconds
        while times and times[0] <= horizon:
            times.popleft()
        if len(times) < self.limit:
            times.append(now)
            return 0.0
        if self.count_refused:
            times.append(now)
        return times[len(times) - self.limit] + self.seconds - now

    def __len__(self) -> int:
        return len(self._times)
