"""The table `[billing]` of the settings."""

from __future__ import annotations

from typing import ClassVar, Literal

from cwbridge.settings.sections import Section
from cwbridge.settings.values import ByName

Record = Literal["account", "contact"]


class BillingSettings(Section):
    table: ClassVar[str] = "billing"

    push: tuple[Record, ...] = ("account", "contact")
    """What is created and changed in ConnectWise because of BSS."""
    pull: tuple[Record, ...] = ("account", "contact")
    """What is created and changed in BSS because of ConnectWise."""
    master: Literal["bss", "connectwise"] = "bss"
    """Whose value wins when both sides changed one field since they last agreed; the other value stands in the history."""
    company_status: str = "Active"
    """Status of companies that are created for accounts; a later change of it in ConnectWise stays."""
    mobile_type: str = "Mobile"
    """Communication type that holds the mobile phone of a contact."""
    adopt_vendor_links: bool = False
    """Whether the links of the vendor's own connector (`integrationId` of BSS records) are taken over; switch that connector off first."""
    beside_vendor_connector: bool = False
    """Whether accounts that the vendor's own connector has linked are synced all the same, each found by the usual rules."""
    account_types: ByName[str] = {}
    """BSS account type -> ConnectWise company type."""
    currencies: ByName[str] = {}
    """BSS currency code -> ConnectWise currency; a code without a row is looked up as it is."""
    countries: ByName[str] = {}
    """BSS country, by name or code -> ConnectWise country; one without a row is looked up by its name, then by its code."""
