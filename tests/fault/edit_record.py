"""What other users have edited since both sides last agreed, field by field, and which values a field may end with."""

from __future__ import annotations

from collections.abc import Sequence

from tests.fault.billing_books import BillingBooks, Noun, Side, alike

Place = tuple[Noun, Side, int, str]


class EditRecord:
    """The edits of fields that both sides share.

    One side only has edited a field: its last value stays. Both have: one of both last values stays; which one depends on when
    the worker read them, and a system without versions lets a write that was under way replace an edit of the same moment.
    """

    def __init__(self, books: BillingBooks) -> None:
        self._books = books
        self._edits: dict[Place, list[str]] = {}
        self._before: dict[Place, str] = {}
        self._doubtful = False

    def note(self, noun: Noun, side: Side, number: int, field: str, before: str) -> None:
        """Another user has just changed a field from `before`; what the server made of the new value is what counts."""
        place = noun, side, number, field
        now = self._books.value(*place)
        self._before.setdefault(place, before)
        self._edits.setdefault(place, []).append(now)

    def settle(self) -> None:
        """Both sides agree on everything that was edited."""
        self._edits.clear()
        self._before.clear()
        self._doubtful = False

    def doubt(self) -> None:
        """What both sides last agreed on may be forgotten: they are merged as at their first link."""
        self._doubtful = True

    def told(self, noun: Noun, bss: int, connectwise: int, field: str) -> str:
        """Why a field must not hold what it holds now; empty when it may. Both sides agree on it."""
        ours: Place = (noun, "bss", bss, field)
        theirs: Place = (noun, "connectwise", connectwise, field)
        in_bss, in_connectwise = self._edits.get(ours, []), self._edits.get(theirs, [])
        if not (in_bss or in_connectwise):
            return ""
        allowed = self._allowed(ours, theirs)
        now = self._books.value(*ours)
        if any(alike(field, now, one) for one in allowed):
            return ""
        return f"it is {now!r}; BSS was edited to {in_bss}, ConnectWise to {in_connectwise}"

    def _allowed(self, ours: Place, theirs: Place) -> Sequence[str]:
        in_bss, in_connectwise = self._edits.get(ours, []), self._edits.get(theirs, [])
        if self._doubtful and (in_connectwise or "" in in_bss):
            before = [self._before[place] for place in (ours, theirs) if place in self._before]
            return [*in_bss, *in_connectwise, *before]
        return [*in_bss[-1:], *in_connectwise[-1:]]
