"""The part of one flow in a run: its settings, an editor of what its systems hold, and a judge of what became of it."""

from __future__ import annotations

import random
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, Literal, Protocol

from tests.fault.violations import Violation

FlowName = Literal["opportunity", "billing", "documents"]


class Judge(Protocol):
    """Decides from the stores of the stand-ins alone."""

    def violations(self) -> list[Violation]:
        """Everything that is wrong now, and what was seen on the way."""

    def note_settled(self) -> None:
        """Nothing is due, and nothing of what was edited until now is under way."""

    def note_memory_lost(self, *, whole: bool) -> None:
        """Redis lost everything, or its last second; what it alone knew cannot be asked for."""


class SeededEditor:
    """Makes one edit after the other; what it does follows from its seed and the state it finds."""

    def __init__(self, seed: int, choices: Sequence[tuple[int, Callable[..., object]]]) -> None:
        self._dice = random.Random(f"{seed}:edits")
        self._choices = choices
        self.made = 0

    def edit(self) -> None:
        """Any one edit."""
        weights = [weight for weight, _ in self._choices]
        (choice,) = self._dice.choices(self._choices, weights)
        self.make(choice[1])

    def make(self, edit: Callable[..., object], *given: Any) -> None:
        """This edit."""
        edit(self, *given)
        self.made += 1


class Part(ABC):
    """One flow of a run."""

    schedules: ClassVar[tuple[str, ...]]
    """The schedules of its producers; a poll is complete when each has come to its end."""

    @property
    @abstractmethod
    def editor(self) -> SeededEditor:
        """Who edits."""

    @property
    @abstractmethod
    def judge(self) -> Judge:
        """Who judges."""

    @abstractmethod
    def settings(self) -> Mapping[str, str]:
        """What switches the flow on, with the short waits of a run."""

    @abstractmethod
    def writes(self) -> int:
        """How many writes in the middle of an apply were accepted."""
