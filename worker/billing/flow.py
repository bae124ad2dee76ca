"""The billing flow: each key goes to what makes its object right.

Levels, not edges: a run uses nothing but the key, so that it may be repeated, late, or start again after a crash half-way.
"""

from __future__ import annotations

from cwbridge.ledger.history import Event, History
from cwbridge.queue.job import Run
from cwbridge.recording import recorded
from worker.billing.account_reconciler import AccountReconciler
from worker.billing.company_puller import CompanyPuller
from worker.billing.contact_puller import ContactPuller
from worker.billing.contact_reconciler import ContactReconciler
from worker.billing.keys import BillingKey


class BillingFlow:
    """Makes the object of one key right and records what was done, or why it could not be."""

    def __init__(
        self,
        *,
        accounts: AccountReconciler,
        contacts: ContactReconciler,
        companies: CompanyPuller,
        people: ContactPuller,
        history: History,
    ) -> None:
        self._accounts = accounts
        self._contacts = contacts
        self._companies = companies
        self._people = people
        self._history = history

    async def handle(self, run: Run) -> None:
        """Work on the object of the run's key."""
        await recorded(self._history, run.key, self._make_right(run, BillingKey.parse(run.key)))

    async def _make_right(self, run: Run, key: BillingKey) -> Event | None:
        match key.system, key.noun:
            case "bss", "account":
                return await self._accounts.reconcile(run, key)
            case "bss", _:
                return await self._contacts.reconcile(run, key)
            case _, "company":
                return await self._companies.pull(run, key)
            case _:
                return await self._people.pull(run, key)
