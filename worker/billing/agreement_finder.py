"""Finds the agreement that takes the subscriptions of a company and unit."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

import msgspec

from cwbridge import clock, errors
from cwbridge.connectors import unclear
from cwbridge.connectors.connectwise import finance
from cwbridge.connectors.connectwise.conditions import field
from cwbridge.queue.job import Run
from cwbridge.text import one_line
from worker.billing.agreement_creator import AgreementCreator
from worker.billing.context import BillingContext
from worker.billing.subscription_fields import day_of
from worker.psa.name_table import by_name

_OVER = frozenset({"Cancelled", "Expired"})


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which agreement is looked for: of which company and account, and of which type."""

    company: int
    account: int
    type: finance.AgreementType


class AgreementFinder:
    """Looks agreements up, and has the missing ones made where the settings say so."""

    def __init__(self, context: BillingContext, creator: AgreementCreator) -> None:
        self._context = context
        self._agreements = context.psa.client.agreements
        self._rules = context.rules.documents.subscriptions
        self._types = context.psa.name_tables.of(
            "agreement type", context.psa.client.agreement_types, by_name
        )
        self._creator = creator

    async def of_company(self, company: int) -> list[finance.Agreement]:
        """Every agreement of the company, those that are over as well."""
        rows = await self._agreements.find(field("company/id").equals(company))
        return [
            row
            for row in map(unclear.left_out, rows)
            if row.company is not None and row.company.id == company
        ]

    async def type_of(self, unit: str | None) -> finance.AgreementType:
        """The agreement type of a unit; raises MappingRefused when the settings or ConnectWise have none."""
        name = self._rules.agreement_types.to_psa(unit or "")
        if name is None:
            told = one_line(unit)
            raise errors.MappingRefused(
                f"[billing.units] has no row for the unit {told!r}",
                remedy=f'Add the row "{told}" = "the agreement type" to [billing.units], then requeue.',
            )
        return await self._types.need(name, setting="[billing.units]")

    async def need(self, run: Run, wanted: Wanted) -> finance.Agreement:
        """The active agreement, made where there is none and the settings say so.

        Raises Ambiguous when there are several, Refused when there is none, WaitingFor for the contact of a new one.
        """
        found = _chosen(wanted, await self.of_company(wanted.company))
        if found is not None:
            return found
        if not self._rules.create_agreements:
            raise errors.Refused(
                f"The company has no active agreement of the type {wanted.type.name!r}",
                detail=f"company {wanted.company}",
                remedy="Make the agreement in ConnectWise, or set billing.create_agreements; then requeue.",
            )
        async with self._context.psa.locks.hold(f"agreement:{wanted.company}:{wanted.type.id}"):
            found = _chosen(wanted, await self.of_company(wanted.company))
            return found or await self._made(run, wanted)

    async def _made(self, run: Run, wanted: Wanted) -> finance.Agreement:
        """The new agreement, or the one that stands there after a lost answer."""
        try:
            return await self._creator.create(run, wanted.company, wanted.account, wanted.type)
        except (errors.OutcomeUnknown, errors.Duplicate):
            found = _chosen(wanted, await self.of_company(wanted.company))
            if found is None:
                raise
            return found


def is_active(agreement: finance.Agreement, today: date) -> bool:
    """Whether the agreement is neither cancelled nor expired."""
    ends = day_of(agreement.endDate)
    return (
        not agreement.cancelledFlag
        and agreement.agreementStatus not in _OVER
        and (ends is None or ends >= today)
    )


def of_type(agreements: Iterable[finance.Agreement], number: int, today: date) -> list[finance.Agreement]:
    """The active agreements of a type."""
    return [
        row for row in agreements if row.type is not None and row.type.id == number and is_active(row, today)
    ]


def _chosen(wanted: Wanted, agreements: list[finance.Agreement]) -> finance.Agreement | None:
    found = of_type(agreements, wanted.type.id, clock.utc_now().date())
    if len(found) > 1:
        listed = ", ".join(f"{row.id} {row.name!r}" for row in found)
        raise errors.Ambiguous(
            f"The company has several active agreements of the type {wanted.type.name!r}",
            detail=f"company {wanted.company}: agreements {listed}",
            remedy="Cancel or end all but one of them in ConnectWise, or give them another type; then requeue.",
        )
    return found[0] if found else None
