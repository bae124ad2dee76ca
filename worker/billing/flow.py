"""The billing flow: each key goes to what makes its object right.

Levels, not edges: a run uses nothing but the key, so that it may be repeated, late, or start again after a crash half-way.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from cwbridge.ledger.history import Event, History
from cwbridge.queue.job import Run
from cwbridge.recording import recorded
from worker.billing.company_puller import CompanyPuller
from worker.billing.contact_puller import ContactPuller
from worker.billing.context import BillingContext
from worker.billing.keys import BillingKey, Noun
from worker.billing.outcome import Skip, skipped


class Reconciler(Protocol):
    """Makes one kind of record of BSS and its record of ConnectWise agree."""

    async def reconcile(self, run: Run, key: BillingKey) -> Event | None:
        """Sync the record of `key`; the event says what was done, None that there was nothing to do."""


class BillingFlow:
    """Makes the object of one key right and records what was done, or why it could not be."""

    def __init__(
        self,
        context: BillingContext,
        *,
        reconcilers: Mapping[Noun, Reconciler],
        companies: CompanyPuller,
        people: ContactPuller,
        history: History,
    ) -> None:
        self._context = context
        self._reconcilers = reconcilers
        self._companies = companies
        self._people = people
        self._history = history

    async def handle(self, run: Run) -> None:
        """Work on the object of the run's key."""
        await recorded(self._history, run.key, self._make_right(run, BillingKey.parse(run.key)))

    async def _make_right(self, run: Run, key: BillingKey) -> Event | None:
        match key.system, key.noun:
            case "bss", _:
                return await self._reconcile(run, key)
            case _, "company":
                return await self._companies.pull(run, key)
            case _:
                return await self._people.pull(run, key)

    async def _reconcile(self, run: Run, key: BillingKey) -> Event | None:
        """Sync a record of BSS, and enqueue what was skipped because it had no link."""
        documents = self._context.rules.documents
        reason = documents.reason_not_pushed(key.document) if key.document is not None else ""
        if reason:
            return skipped(reason)
        try:
            event = await self._reconcilers[key.noun].reconcile(run, key)
        except Skip as skip:
            return skipped(skip.reason)
        if event is None or event.what != "skipped":
            # Whether this run linked it or an earlier one that ended before it came here.
            await self._context.wake(run, key)
        return event
