"""What a limit answers when asked for a place and a turn, and who can be asked."""

from __future__ import annotations

from typing import Literal, Protocol

import msgspec

HoldReason = Literal["throttled", "credentials_refused"]


class Granted(msgspec.Struct, frozen=True):
    """The place is ours and the turn comes in `seconds`, counted from the answer."""

    call: str
    seconds: float
    asked_at: float
    """Monotonic seconds before asking: the turn was not given earlier than that."""


class Full(msgspec.Struct, frozen=True):
    """All places are taken."""


class Held(msgspec.Struct, frozen=True):
    """Nobody calls for `seconds`."""

    seconds: float
    reason: HoldReason


Answer = Granted | Full | Held


class Limit(Protocol):
    """One process's view of the limits of one system."""

    async def ask(self) -> Answer: ...

    async def confirm(self, call: str, *, late: bool) -> bool:
        """Whether the call may go now that its turn has come; False while everybody is held."""

    async def give_back(self, call: str, *, used: bool) -> None:
        """The place is free again; an unused turn too."""

    async def hold(self, seconds: float, reason: HoldReason) -> None: ...

    async def clear_hold(self) -> None: ...
