"""What happened since the start of a command, counted from the history as it is written."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Mapping

from cwbridge.flow import Flows
from cwbridge.ledger.history import Event

_EVENTS_SHOWN = 8
_SETTLED = frozenset({"created", "linked", "updated", "checked", "finished"})


class Tally:
    """Counts of runs and lines, and the records of the target that were looked at, by their kind."""

    def __init__(self, flows: Flows) -> None:
        self._flows = flows
        self._plurals = {kind.name: kind.plural for kind in flows.link_kinds()}
        self._records: dict[str, set[int | None]] = {
            self._plurals[flow.link_of(example).kind]: set()
            for flow in flows
            for example in flow.key_format.examples
        }
        self.settled = 0
        self.skipped_by_flow: Counter[str] = Counter()
        self.lines_created = 0
        self.lines_deleted = 0
        self.latest: deque[tuple[str, Event]] = deque(maxlen=_EVENTS_SHOWN)

    @property
    def records(self) -> dict[str, int]:
        """How many records of each kind were settled, by the plural of the kind."""
        return {plural: len(targets) for plural, targets in self._records.items()}

    @property
    def told(self) -> str:
        """The kinds of which any record was settled, in words."""
        return listed(self.records)

    @property
    def skipped(self) -> int:
        """Runs that left their object out, of all flows."""
        return self.skipped_by_flow.total()

    def on_event(self, key: str, event: Event) -> None:
        """Count one event of the history."""
        self.latest.append((key, event))
        self.lines_created += event.counts.get("created", 0)
        self.lines_deleted += event.counts.get("deleted", 0)
        if event.what in _SETTLED:
            self.settled += 1
            kind = self._flows.of_key(key).link_of(key).kind
            self._records[self._plurals[kind]].add(event.target)
        elif event.what == "skipped":
            self.skipped_by_flow[self._flows.of_key(key).name] += 1


def listed(records: Mapping[str, int]) -> str:
    """Counts of records by the plural of their kind in words, without those that are 0."""
    return ", ".join(f"{count} {noun}" for noun, count in records.items() if count) or "no records"
