"""Which product items to create and which to delete so that an opportunity holds exactly the desired lines.

A line of ours carries `integrationXRef` = line key + `@` + version. The two strategies differ only in what the version is made
of: the whole project (`recreate`, so every update replaces every line) or the line alone (`changed`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal

import msgspec

from cwbridge.text import digest
from worker.opportunity.desired import DesiredLine, DesiredOpportunity, Rules

_OURS = re.compile(r"(?:item|labor|factor|package|credit):\d+@[a-z2-7]{10}|shipping@[a-z2-7]{10}")
_CENT = Decimal("0.01")
_canonical = msgspec.json.Encoder(order="deterministic", decimal_format="string")


class PlannedLine(msgspec.Struct, frozen=True):
    """A desired line with the mark it will carry and its place in the list."""

    external_id: str
    position: int
    line: DesiredLine


class ActualLine(msgspec.Struct, frozen=True):
    """A product item as it stands in ConnectWise; `locked` says why it may not be deleted, "" that it may."""

    id: int
    external_id: str = ""
    locked: str = ""
    quantity: Decimal | None = None
    price: Decimal | None = None
    cost: Decimal | None = None

    @property
    def ours(self) -> bool:
        return _OURS.fullmatch(self.external_id) is not None

    @property
    def key(self) -> str:
        """Which Jetbuilt line it is, whatever version."""
        return self.external_id.rpartition("@")[0]

    def holds(self, line: DesiredLine) -> bool:
        """Whether nobody changed quantity, price or cost since we wrote them."""
        pairs = ((self.quantity, line.quantity), (self.price, line.price), (self.cost, line.cost))
        return all(actual is None or actual == desired for actual, desired in pairs)

    @property
    def total(self) -> Decimal:
        return ((self.quantity or 0) * (self.price or Decimal(0))).quantize(_CENT, rounding="ROUND_HALF_UP")


class Discrepancy(msgspec.Struct, frozen=True):
    """Something a person should know about a line: `difference` is what Jetbuilt has more, in money."""

    line: int
    key: str
    what: str
    difference: Decimal


class LinePolicy(msgspec.Struct, frozen=True):
    """What may be done to lines that are not simply ours: the settings of the same names."""

    remove_foreign: bool = False
    repair_drift: bool = False
    restore_missing: bool = True
    """Off when the source is unchanged since the lines last matched: then a missing line was removed by a person."""


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """The writes that lead from the actual lines to the desired ones, and what cannot or shall not be changed."""

    creates: tuple[PlannedLine, ...]
    deletes: tuple[int, ...]
    kept: int
    foreign: int
    discrepancies: tuple[Discrepancy, ...] = ()

    @property
    def empty(self) -> bool:
        return not self.creates and not self.deletes


def content(opportunity: DesiredOpportunity, rules: Rules) -> str:
    """The fingerprint of all that we would write: equal content needs no call to ConnectWise."""
    return digest(_canonical.encode((opportunity, rules.line_strategy)))


def planned_lines(opportunity: DesiredOpportunity, rules: Rules) -> tuple[PlannedLine, ...]:
    """The desired lines with their marks under the strategy of `rules`."""
    whole = content(opportunity, rules)

    def version(line: DesiredLine) -> str:
        return whole if rules.line_strategy == "recreate" else digest(_canonical.encode(line))

    return tuple(
        PlannedLine(f"{line.key}@{version(line)}", position, line)
        for position, line in enumerate(opportunity.lines, start=1)
    )


def plan(
    desired: Sequence[PlannedLine], actual: Sequence[ActualLine], line_policy: LinePolicy | None = None
) -> Plan:
    """Compare by mark: create what is missing, delete what is ours and not (or no longer, or twice) wanted.

    Lines without a mark of ours are foreign. Of several lines with one mark the oldest that still holds what we wrote stays.
    A line that ConnectWise protects stays, and so nothing is created in its place; what it differs by is a finding.
    """
    line_policy = line_policy or LinePolicy()
    protected: dict[str, list[ActualLine]] = {}
    standing: dict[str, list[ActualLine]] = {}
    for one in actual:
        if one.ours and one.locked:
            protected.setdefault(one.key, []).append(one)
        elif one.ours:
            standing.setdefault(one.external_id, []).append(one)
    foreign = [one for one in actual if not one.ours]

    creates: list[PlannedLine] = []
    staying: set[int] = set()
    discrepancies: list[Discrepancy] = []
    kept = 0
    for line in desired:
        if line.line.key in protected:
            kept += 1
            discrepancies += _about_protected(line, protected.pop(line.line.key))
            continue
        stays = _best(line, standing.get(line.external_id, []))
        if stays is not None and not stays.holds(line.line):
            discrepancies.append(_drift(line, stays))
            stays = None if line_policy.repair_drift else stays
        if stays is None and not line_policy.restore_missing:
            discrepancies.append(_removed(line))
        elif stays is None:
            creates.append(line)
        else:
            staying.add(stays.id)
            kept += 1
    discrepancies += (_no_longer_wanted(one) for ones in protected.values() for one in ones)
    surplus = [one.id for ones in standing.values() for one in ones if one.id not in staying]
    if line_policy.remove_foreign:
        surplus += [one.id for one in foreign if not one.locked]
    return Plan(
        creates=tuple(creates),
        deletes=tuple(sorted(surplus)),
        kept=kept,
        foreign=len(foreign),
        discrepancies=tuple(discrepancies),
    )


def _best(line: PlannedLine, candidates: Sequence[ActualLine]) -> ActualLine | None:
    return min(candidates, key=lambda standing: (not standing.holds(line.line), standing.id), default=None)


def _about_protected(line: PlannedLine, standing: Sequence[ActualLine]) -> list[Discrepancy]:
    """Nothing to say when the protected lines together hold what is wanted."""
    difference = line.line.total_price - sum((one.total for one in standing), Decimal(0))
    if len(standing) == 1 and standing[0].holds(line.line):
        return []
    return [
        Discrepancy(
            one.id, one.key, f"stays as it is, it is {one.locked}", difference if place == 0 else Decimal(0)
        )
        for place, one in enumerate(standing)
    ]


def _no_longer_wanted(line: ActualLine) -> Discrepancy:
    return Discrepancy(line.id, line.key, f"is gone in Jetbuilt and stays, it is {line.locked}", -line.total)


def _removed(line: PlannedLine) -> Discrepancy:
    return Discrepancy(0, line.line.key, "was removed in ConnectWise by somebody else", line.line.total_price)


def _drift(line: PlannedLine, standing: ActualLine) -> Discrepancy:
    difference = line.line.total_price - standing.total
    return Discrepancy(standing.id, standing.key, "was changed in ConnectWise by somebody else", difference)
