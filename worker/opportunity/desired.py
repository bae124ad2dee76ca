"""The desired state of ConnectWise for one Jetbuilt project: plain data, names instead of ids."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Literal

import msgspec

from worker.psa.records import DesiredCompany, DesiredContact, DesiredLine, DesiredMember, DesiredSite


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """How far a sale has come, by ConnectWise's names; None leaves the field as it is."""

    stage: str | None = None
    status: str | None = None
    probability: int | None = None


class OfficeAssignment(msgspec.Struct, frozen=True, kw_only=True):
    """Which of the integrator's locations and departments an opportunity belongs to, by name; None leaves the field as it is."""

    location: str | None = None
    department: str | None = None


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """The settings that shape a projection, handed in as data."""

    name_template: str = "{custom_id} {name}"
    identifier_template: str = "{model}"
    option_name_template: str = "{parent} / {name}"
    type_name: str = "Jetbuilt Project"
    type_option: str = "Jetbuilt Option"
    type_change_order: str = "Jetbuilt Change Order"
    stages: dict[str, Progress] = {}
    offices: dict[str, OfficeAssignment] = {}
    site_of_project: bool = False
    currency_by_code: bool = True
    skip_stages: tuple[str, ...] = ()
    close_after_days: int = 30
    fallback_contact: str = "Main Contact"
    fallback_site: str = "Main"
    no_charge_owner_furnished: bool = True
    line_strategy: Literal["recreate", "changed"] = "recreate"
    project_link: str = "https://app.jetbuilt.com/projects/{id}"


class DesiredOpportunity(msgspec.Struct, frozen=True, kw_only=True):
    """The desired opportunity with all its fields and lines."""

    external_id: str
    name: str
    type_name: str
    close_date: datetime
    notes: str
    rep: DesiredMember
    company: DesiredCompany
    contact: DesiredContact
    site: DesiredSite
    lines: tuple[DesiredLine, ...]
    progress: Progress = Progress()
    place: OfficeAssignment = OfficeAssignment()
    currency: str = ""
    remarks: tuple[str, ...] = ()
    """What the source lacks and the opportunity does without, for the history."""
    suspects: tuple[str, ...] = ()
    """Lines whose total is not the one Jetbuilt itself shows for them: they could explain a difference."""
    source_total: Decimal | None = None
    """Jetbuilt's own total without tax, to compare with what the lines add up to."""

    @property
    def lines_total(self) -> Decimal:
        return sum((line.total_price for line in self.lines), Decimal("0.00"))

    @property
    def difference(self) -> Decimal | None:
        """Jetbuilt's total minus that of the lines; zero when every cent is explained."""
        return None if self.source_total is None else self.source_total - self.lines_total
