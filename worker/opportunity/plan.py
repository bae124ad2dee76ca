"""The content of an opportunity as a fingerprint, and the external ids of its lines under the two strategies.

A line carries `integrationXRef` = line key + `@` + version. The strategies differ only in what the version is made of: all
lines together (`recreate`, so every update of the items replaces every line) or the line alone (`changed`).
"""

from __future__ import annotations

import re

import msgspec

from cwbridge.text import digest
from worker.opportunity.desired import DesiredOpportunity, Rules
from worker.psa.line_plan import PlannedLine
from worker.psa.records import DesiredCompany, DesiredLine

_OWN = re.compile(r"(?:(?:item|labor|factor|package|credit):\d+|shipping)@[a-z2-7]{10}")
_canonical = msgspec.json.Encoder(order="deterministic", decimal_format="string")


def is_own(external_id: str) -> bool:
    """Whether this flow made the line with that external id."""
    return _OWN.fullmatch(external_id) is not None


def content(opportunity: DesiredOpportunity, rules: Rules) -> str:
    """The fingerprint of everything that a run would write: equal content needs no call to ConnectWise."""
    written = msgspec.structs.replace(
        opportunity, company=_company(opportunity.company), lines=_written(opportunity)
    )
    return digest(_canonical.encode((written, rules.line_strategy)))


def planned_lines(opportunity: DesiredOpportunity, rules: Rules) -> tuple[PlannedLine, ...]:
    """The desired lines with their external ids under the strategy of `rules`."""
    lines = _written(opportunity)
    if rules.line_strategy == "recreate":
        versions = [digest(_canonical.encode(lines))] * len(lines)
    else:
        versions = [digest(_canonical.encode(line)) for line in lines]
    return tuple(
        PlannedLine(f"{line.key}@{version}", position, line)
        for position, (line, version) in enumerate(zip(opportunity.lines, versions, strict=True), start=1)
    )


def _written(opportunity: DesiredOpportunity) -> tuple[DesiredLine, ...]:
    """The lines without the spellings of Jetbuilt, which are asked for and never written."""
    return tuple(
        line
        if not line.product.as_written
        else msgspec.structs.replace(line, product=msgspec.structs.replace(line.product, as_written=""))
        for line in opportunity.lines
    )


def _company(company: DesiredCompany) -> DesiredCompany:
    parent = None if company.parent is None else _company(company.parent)
    return msgspec.structs.replace(company, as_written="", parent=parent)
