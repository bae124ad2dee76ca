"""How fast a schedule goes in each hour of a day: more often where edits are expected, as often a day altogether.

A schedule has a clock of its own that goes faster and slower during the day and agrees with the real one at midnight (UTC). Its
slots are equal stretches of that clock.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import accumulate

import msgspec

DAY_SECONDS = 86_400.0
HOUR_SECONDS = 3_600.0
SLOWEST, FASTEST = 0.25, 4.0
"""Bounds of the pace of an hour: no edit waits longer than four intervals, and no hour takes more than four times its calls."""
FEWEST_EDITS = 50
"""With fewer edits than these a pace would follow chance."""
_PRIOR = 0.05
"""Edits that each hour counts as having had, as a share of the mean: an edit at an unusual hour is not impossible."""


class Pace(msgspec.Struct, frozen=True):
    """The speed of the schedule's clock in each of the 24 hours; the mean is 1."""

    hours: tuple[float, ...]

    @property
    def is_even(self) -> bool:
        return len(set(self.hours)) == 1

    def at(self, moment: float) -> float:
        """What the schedule's clock shows at a moment, both in seconds since 1970."""
        day, second = divmod(moment, DAY_SECONDS)
        hour, rest = divmod(second, HOUR_SECONDS)
        whole = self._ends[int(hour) - 1] if hour else 0.0
        return day * DAY_SECONDS + whole + rest * self.hours[int(hour)]

    def until(self, shown: float) -> float:
        """The moment at which the schedule's clock shows `shown`."""
        day, second = divmod(shown, DAY_SECONDS)
        before = 0.0
        for hour, end in enumerate(self._ends):
            if second < end:
                return day * DAY_SECONDS + hour * HOUR_SECONDS + (second - before) / self.hours[hour]
            before = end
        return (day + 1) * DAY_SECONDS

    @property
    def _ends(self) -> Sequence[float]:
        """What the clock shows at the end of each hour of a day."""
        return [share * HOUR_SECONDS for share in accumulate(self.hours)]


EVEN = Pace((1.0,) * 24)


def learned(edits: Sequence[int]) -> Pace:
    """The pace for the edits that each of the 24 hours has had on such days; even when they are few.

    With polls at a rate r an edit waits 1/(2r) in the mean, so the sum over all edits is least where r is proportional to the square root of their
    number. Neighbouring hours count a little, because people and daylight saving move.
    """
    total = sum(edits)
    if total < FEWEST_EDITS:
        return EVEN
    prior = _PRIOR * total / 24
    smooth = [(edits[hour - 1] + 2 * edits[hour] + edits[(hour + 1) % 24]) / 4 + prior for hour in range(24)]
    return Pace(tuple(_bounded([math.sqrt(number) for number in smooth])))


def _bounded(weights: Sequence[float]) -> Iterator[float]:
    """The weights scaled to a mean of 1, none outside the bounds."""
    bounded: dict[int, float] = {}
    while True:
        free = [hour for hour in range(24) if hour not in bounded]
        left = 24 - sum(bounded.values())
        scale = left / sum(weights[hour] for hour in free) if free else 0.0
        paces = {hour: weights[hour] * scale for hour in free} | bounded
        low = {hour: SLOWEST for hour in free if paces[hour] < SLOWEST}
        high = {hour: FASTEST for hour in free if paces[hour] > FASTEST}
        if not low and not high:
            return (paces[hour] for hour in range(24))
        # Of both kinds first the one that is further out, or fixing one could push the other back inside.
        too_little = sum(SLOWEST - paces[hour] for hour in low)
        too_much = sum(paces[hour] - FASTEST for hour in high)
        bounded |= low if too_little >= too_much else high
