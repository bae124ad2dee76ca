"""The part of the billing flow."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from sandbox import credentials
from sandbox.server import Sandbox
from tests.fault.billing_books import BillingBooks
from tests.fault.billing_edits import BillingEditor
from tests.fault.billing_judge import BillingJudge
from tests.fault.billing_world import ACCOUNT_TYPES
from tests.fault.edit_record import EditRecord
from tests.fault.foreign import Foreign
from tests.fault.part import Part


class BillingPart(Part):
    """Accounts and contacts of BSS, companies and contacts of ConnectWise."""

    schedules = (
        "bss_accounts_poll",
        "bss_contacts_poll",
        "connectwise_companies_poll",
        "connectwise_contacts_poll",
    )

    def __init__(self, box: Sandbox, seed: int, *, keeps_identities: bool) -> None:
        self._box = box
        self.books = BillingBooks(box)
        record, foreign = EditRecord(self.books), Foreign(box)
        self._editor = BillingEditor(
            box,
            seed,
            books=self.books,
            record=record,
            foreign=foreign,
            keeps_identities=keeps_identities,
        )
        self._judge = BillingJudge(self.books, record, foreign)

    @property
    def editor(self) -> BillingEditor:
        return self._editor

    @property
    def judge(self) -> BillingJudge:
        return self._judge

    def settings(self) -> Mapping[str, str]:
        return both_sides(self._box)

    def writes(self) -> int:
        """Writes on both sides."""
        return len(self._box.connectwise.writes) + len(self._box.bss.writes)


def both_sides(box: Sandbox) -> dict[str, str]:
    """The settings of every part of the billing flow: both tenants polled quickly, and the types of accounts."""
    return {
        "BSS__URL": box.bss_url,
        "BSS__USERNAME": credentials.BSS_USERNAME,
        "BSS__PASSWORD": credentials.BSS_PASSWORD,
        "BSS__CLIENT_KEY": credentials.BSS_CLIENT_KEY,
        "BSS__CLIENT_SECRET": credentials.BSS_CLIENT_SECRET,
        "BSS__RATE_LIMIT": "off",
        "BSS__CONCURRENCY": "16",
        "BSS__POLL_INTERVAL": "1s",
        "BSS__POLL_OVERLAP": "5s",
        "CONNECTWISE__POLL_INTERVAL": "1s",
        "CONNECTWISE__POLL_OVERLAP": "5s",
        "BILLING__ACCOUNT_TYPES": msgspec.json.encode(ACCOUNT_TYPES).decode(),
    }
