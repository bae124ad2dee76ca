"""The answers of a limit that was asked for a slot and a turn, and the protocol of a limit."""

from __future__ import annotations

from typing import Literal, Protocol

import msgspec

HoldReason = Literal["throttled", "credentials_refused"]


class Granted(msgspec.Struct, frozen=True):
    """The call has a slot, and its turn comes `seconds` after the answer."""

    call: str
    seconds: float
    asked_at: float
    """Monotonic seconds just before the question: the turn was reserved after that."""


class Full(msgspec.Struct, frozen=True):
    """All slots are taken."""


class Held(msgspec.Struct, frozen=True):
    """No process may call for `seconds`."""

    seconds: float
    reason: HoldReason


Answer = Granted | Full | Held


class Limit(Protocol):
    """One process's view of the limits of one system."""

    async def ask(self) -> Answer: ...

    async def confirm(self, call: str, *, late: bool) -> bool:
        """Whether the call may go now that its turn has come; False while calls are on hold."""

    async def give_back(self, call: str, *, used: bool) -> None:
        """Free the slot, and the turn too when it was not used."""

    async def hold(self, seconds: float, reason: HoldReason) -> None: ...

    async def clear_hold(self) -> None: ...
