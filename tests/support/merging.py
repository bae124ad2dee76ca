"""A model of two tenants that are kept equal: what each field may hold after edits, syncs, and syncs that were broken off.

It shares nothing with the worker: a field is the value that both sides agreed on and the value of each side, and the rules are those
of docs/mapping-bss.md. What a sync that was broken off has done cannot be seen from outside, so a field may be in several states.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

Side = Literal["bss", "psa"]
Name = tuple[str, str]
"""What a record is and how it is called on both sides."""
Values = Mapping[str, str]


class State(NamedTuple):
    """One field; a side is None while it has no record, the agreed value is None while nothing was agreed on.

    `written` is the side that a sync wrote before it was broken off, and what it wrote: found there again, it is agreed on.
    """

    agreed: str | None
    bss: str | None
    psa: str | None
    written: tuple[Side, str] | None = None

    def edited(self, side: Side, value: str) -> State:
        return self._replace(bss=value) if side == "bss" else self._replace(psa=value)

    def synced(self, master: Side) -> State:
        """After a sync that went through."""
        value = self._known()._merged(master)
        return State(value, value, value)

    def broken_off(self, master: Side) -> set[State]:
        """After a sync that was broken off: not reached, done, or written and not remembered."""
        known = self._known()
        value = known._merged(master)
        if known.bss is None or known.psa is None:
            # A record that was made is found again, without what was agreed on.
            return {self, State(value, value, value), State(None, value, value)}
        after = {self, known, State(value, value, value)}
        if known.bss != known.psa:
            side: Side = "psa" if known.psa != value else "bss"
            after.add(State(known.agreed, value, value, (side, value)))
        return after

    def _known(self) -> State:
        if self.written is None:
            return self
        side, value = self.written
        is_there = (self.bss if side == "bss" else self.psa) == value
        return State(value if is_there else self.agreed, self.bss, self.psa)

    def _merged(self, master: Side) -> str:
        if self.bss is None or self.psa is None:
            return self.bss or self.psa or ""
        if self.bss == self.psa:
            return self.bss
        changed_in_bss = self.bss != self.agreed and (self.agreed is not None or self.bss != "")
        changed_in_psa = self.psa != self.agreed and (self.agreed is not None or self.psa != "")
        if changed_in_bss and changed_in_psa:
            return self.bss if master == "bss" else self.psa
        return self.bss if changed_in_bss else self.psa


@dataclass
class MergeModel:
    """Every record that exists, with what its fields may hold."""

    master: Side
    records: dict[Name, dict[str, set[State]]] = field(default_factory=dict)

    def made(self, name: Name, side: Side, values: Values) -> None:
        """A user makes the record on one side; the other side may have it already."""
        known = self.records.setdefault(name, {key: {State(None, None, None)} for key in values})
        for key, value in values.items():
            known[key] = {state.edited(side, value) for state in known[key]}

    def edited(self, name: Name, side: Side, key: str, value: str) -> None:
        self.records[name][key] = {state.edited(side, value) for state in self.records[name][key]}

    def synced(self) -> None:
        self._map(lambda state: {state.synced(self.master)})

    def broken_off(self, seen: Mapping[Name, tuple[Values | None, Values | None]]) -> None:
        """A sync was broken off, and this is what both sides hold now."""
        self._map(lambda state: state.broken_off(self.master))
        for name, fields in self.records.items():
            bss, psa = seen[name]
            for key, states in fields.items():
                now = (None if bss is None else bss[key], None if psa is None else psa[key])
                fields[key] = {state for state in states if (state.bss, state.psa) == now}
                assert fields[key], f"{name} {key}: {now} is none of {sorted(map(str, states))}"

    def forgotten(self) -> None:
        """What was agreed on is lost."""
        self._map(lambda state: {state._replace(agreed=None, written=None)})

    def allows(self, seen: Mapping[Name, tuple[Values | None, Values | None]]) -> Iterable[str]:
        """What is not as the model says after a sync that went through."""
        for name, fields in self.records.items():
            bss, psa = seen[name]
            if bss is None or psa is None:
                yield f"{name} is missing on a side"
                continue
            for key, states in fields.items():
                if (bss[key], psa[key]) not in {(state.bss, state.psa) for state in states}:
                    yield f"{name} {key}: {bss[key]!r} in BSS and {psa[key]!r} in ConnectWise, expected {states}"

    def _map(self, step: object) -> None:
        assert callable(step)
        for fields in self.records.values():
            for key, states in fields.items():
                fields[key] = {after for state in states for after in step(state)}
