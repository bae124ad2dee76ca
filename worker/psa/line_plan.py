"""Which product items to create and which to delete so that a parent record holds exactly the desired lines.

Every line that a flow makes carries an external id in `integrationXRef`: line key + `@` + version. The flow chooses what the
version is made of, and says which external ids are its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import msgspec

from worker.psa.records import DesiredLine

_CENT = Decimal("0.01")


class PlannedLine(msgspec.Struct, frozen=True):
    """A desired line with the external id it will carry and its place in the list."""

    external_id: str
    position: int
    line: DesiredLine


class ActualLine(msgspec.Struct, frozen=True, kw_only=True):
    """A product item in ConnectWise; `locked` says why it may not be deleted, "" that it may.

    `own` is set when the flow made it. `accepted` is set when the amounts are what ConnectWise stored of the flow's own write.
    """

    id: int
    external_id: str = ""
    own: bool = False
    locked: str = ""
    quantity: Decimal | None = None
    price: Decimal | None = None
    cost: Decimal | None = None
    accepted: bool = False

    @property
    def key(self) -> str:
        """Which line of the source it is, whatever version."""
        return self.external_id.rpartition("@")[0]

    def holds(self, line: DesiredLine) -> bool:
        """Whether quantity, price and cost are the desired ones."""
        pairs = ((self.quantity, line.quantity), (self.price, line.price), (self.cost, line.cost))
        return all(actual is None or actual == desired for actual, desired in pairs)

    @property
    def total(self) -> Decimal:
        """Quantity times price, in cents."""
        return ((self.quantity or 0) * (self.price or Decimal(0))).quantize(_CENT, rounding="ROUND_HALF_UP")


class Discrepancy(msgspec.Struct, frozen=True):
    """A difference that a person should know: `difference` is what the source has more, in money."""

    line: int
    key: str
    what: str
    difference: Decimal


class LinePolicy(msgspec.Struct, frozen=True):
    """What the flow may do to lines of other users and to its own changed lines: the settings of the same names."""

    remove_foreign: bool = False
    repair_drift: bool = False
    restore_missing: bool = True
    """Off when the source is unchanged since the lines last matched: then another user removed a missing line."""


class LinePlan(msgspec.Struct, frozen=True, kw_only=True):
    """The writes that lead from the actual to the desired lines, and the discrepancies that stay."""

    creates: tuple[PlannedLine, ...]
    deletes: tuple[int, ...]
    kept: int
    foreign: int
    discrepancies: tuple[Discrepancy, ...] = ()

    @property
    def empty(self) -> bool:
        return not self.creates and not self.deletes


def plan(
    desired: Sequence[PlannedLine], actual: Sequence[ActualLine], line_policy: LinePolicy | None = None
) -> LinePlan:
    """Compare by external id: create what is missing, delete the flow's own lines that are not desired, or are there twice.

    Lines that are not the flow's own are foreign. Of several lines with one external id the oldest with the desired amounts
    stays. A line that ConnectWise protects stays, so nothing is created in its place; what it differs by is a discrepancy.
    """
    line_policy = line_policy or LinePolicy()
    protected: dict[str, list[ActualLine]] = {}
    standing: dict[str, list[ActualLine]] = {}
    for one in actual:
        if one.own and one.locked:
            protected.setdefault(one.key, []).append(one)
        elif one.own:
            standing.setdefault(one.external_id, []).append(one)
    foreign = [one for one in actual if not one.own]

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
            discrepancies.append(_differing(line, stays))
            stays = None if line_policy.repair_drift and not stays.accepted else stays
        if stays is None and not line_policy.restore_missing:
            discrepancies.append(_removed(line))
        elif stays is None:
            creates.append(line)
        else:
            staying.add(stays.id)
            kept += 1
    discrepancies += (_no_longer_desired(one) for ones in protected.values() for one in ones)
    surplus = [one.id for ones in standing.values() for one in ones if one.id not in staying]
    if line_policy.remove_foreign:
        surplus += [one.id for one in foreign if not one.locked]
    return LinePlan(
        creates=tuple(creates),
        deletes=tuple(sorted(surplus)),
        kept=kept,
        foreign=len(foreign),
        discrepancies=tuple(discrepancies),
    )


def _best(line: PlannedLine, candidates: Sequence[ActualLine]) -> ActualLine | None:
    return min(
        candidates,
        key=lambda standing: (not standing.holds(line.line), not standing.accepted, standing.id),
        default=None,
    )


def _about_protected(line: PlannedLine, standing: Sequence[ActualLine]) -> list[Discrepancy]:
    """No discrepancy when the protected lines together hold the desired amounts."""
    difference = line.line.total_price - sum((one.total for one in standing), Decimal(0))
    if len(standing) == 1 and standing[0].holds(line.line):
        return []
    return [
        Discrepancy(
            one.id, one.key, f"stays as it is, it is {one.locked}", difference if place == 0 else Decimal(0)
        )
        for place, one in enumerate(standing)
    ]


def _no_longer_desired(line: ActualLine) -> Discrepancy:
    return Discrepancy(
        line.id, line.key, f"is gone in the source and stays, it is {line.locked}", -line.total
    )


def _removed(line: PlannedLine) -> Discrepancy:
    return Discrepancy(0, line.line.key, "was removed in ConnectWise by another user", line.line.total_price)


def _differing(line: PlannedLine, standing: ActualLine) -> Discrepancy:
    what = (
        "was rounded by ConnectWise"
        if standing.accepted or _rounded(line.line, standing)
        else "was changed in ConnectWise by another user"
    )
    return Discrepancy(standing.id, standing.key, what, line.line.total_price - standing.total)


def _rounded(line: DesiredLine, standing: ActualLine) -> bool:
    """Whether each amount is the desired one at its own number of decimals, two or more: what a rounding server stores."""
    pairs = ((standing.quantity, line.quantity), (standing.price, line.price), (standing.cost, line.cost))
    return all(actual is None or _is_rounding(actual, desired) for actual, desired in pairs)


def _is_rounding(actual: Decimal, desired: Decimal) -> bool:
    exponent = actual.as_tuple().exponent
    finest = Decimal(1).scaleb(min(exponent, -2) if isinstance(exponent, int) else -2)
    return actual in {desired, desired.quantize(finest, "ROUND_HALF_UP")}
