"""Which product items to create and which to delete so that an opportunity holds exactly the desired lines.

A line of ours carries `integrationXRef` = line key + `@` + version. The two strategies differ only in what the version is made
of: the whole project (`recreate`, so every update replaces every line) or the line alone (`changed`).
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence

import msgspec

from worker.opportunity.desired import DesiredLine, DesiredOpportunity, Rules
from worker.opportunity.text import digest

_OURS = re.compile(r"(?:item|labor|factor|package|credit):\d+@[a-z2-7]{10}|shipping@[a-z2-7]{10}")
_canonical = msgspec.json.Encoder(order="deterministic", decimal_format="string")


class MarkedLine(msgspec.Struct, frozen=True):
    """A desired line with the mark it will carry and its place in the list."""

    mark: str
    position: int
    line: DesiredLine


class ActualLine(msgspec.Struct, frozen=True):
    """A product item as it stands in ConnectWise."""

    id: int
    mark: str = ""

    @property
    def ours(self) -> bool:
        return _OURS.fullmatch(self.mark) is not None


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """The writes that lead from the actual lines to the desired ones."""

    creates: tuple[MarkedLine, ...]
    deletes: tuple[int, ...]
    kept: int
    foreign: int

    @property
    def empty(self) -> bool:
        return not self.creates and not self.deletes


def content(opportunity: DesiredOpportunity, rules: Rules) -> str:
    """The fingerprint of all that we would write: equal content needs no call to ConnectWise."""
    return digest(_canonical.encode((opportunity, rules.line_strategy)))


def marked(opportunity: DesiredOpportunity, rules: Rules) -> tuple[MarkedLine, ...]:
    """The desired lines with their marks under the strategy of `rules`."""
    whole = content(opportunity, rules)

    def version(line: DesiredLine) -> str:
        return whole if rules.line_strategy == "recreate" else digest(_canonical.encode(line))

    return tuple(
        MarkedLine(f"{line.key}@{version(line)}", position, line)
        for position, line in enumerate(opportunity.lines, start=1)
    )


def plan(desired: Sequence[MarkedLine], actual: Sequence[ActualLine]) -> Plan:
    """Compare by mark: create what is missing, delete what is ours and not (or no longer, or twice) wanted.

    Lines without a mark of ours are foreign and stay. Of several lines with one mark the oldest stays.
    """
    standing: defaultdict[str, list[int]] = defaultdict(list)
    for line in actual:
        if line.ours:
            standing[line.mark].append(line.id)
    wanted = {line.mark for line in desired}
    surplus = [
        line_id for mark, ids in standing.items() for line_id in (sorted(ids)[1:] if mark in wanted else ids)
    ]
    return Plan(
        creates=tuple(line for line in desired if line.mark not in standing),
        deletes=tuple(sorted(surplus)),
        kept=len(wanted & standing.keys()),
        foreign=sum(not line.ours for line in actual),
    )
