"""The answers of a limit that was asked for slots and turns, and the protocol of a limit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Protocol

import msgspec

from cwbridge.limits.priority import Priority

HoldReason = Literal["throttled", "credentials_refused"]


class Granted(msgspec.Struct, frozen=True):
    """The call has a slot, and its turn comes `seconds` after the answer."""

    call: str
    seconds: float
    asked_at: float
    """Monotonic seconds just before the question: the turn was reserved after that."""


class Full(msgspec.Struct, frozen=True):
    """All slots are taken, or (`seconds` above 0) the window leaves no turn before it is worth to ask again."""

    seconds: float = 0.0


class Held(msgspec.Struct, frozen=True):
    """No process may call for `seconds`."""

    seconds: float
    reason: HoldReason


Answer = Sequence[Granted] | Full | Held
"""At least one call is granted, at most as many as were asked for; or none."""


class Limit(Protocol):
    """One process's view of the limits of one system."""

    async def ask(self, priority: Priority, count: int) -> Answer: ...

    async def confirm(self, call: str, *, late: bool) -> bool:
        """Whether the call may go now that its turn has come; False while calls are on hold."""

    async def give_back(self, call: str) -> None:
        """Free the slot and the turn of a call that was not made."""

    def end(self, call: str) -> None:
        """Free the slot of a call that was made, now or soon, without a wait."""

    async def hold(self, seconds: float, reason: HoldReason) -> None: ...

    async def clear_hold(self) -> None: ...

    async def close(self) -> None:
        """Wait until the slots of all calls that ended are free."""
