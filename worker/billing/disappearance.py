"""What becomes of a pair when one of its records is gone: it is reported, and nothing is made again or removed."""

from __future__ import annotations

from collections.abc import Callable

from cwbridge.ledger.history import Event
from cwbridge.ledger.links import Link
from worker.billing.context import BillingContext
from worker.billing.keys import BillingKey
from worker.billing.outcome import missing, skipped

Shown = Callable[[Link], str]
"""Names the record of ConnectWise that a link leads to."""


async def from_bss(
    context: BillingContext, key: BillingKey, link: Link | None, shown: Shown, *, counted: str = ""
) -> Event:
    """BSS has no such record; `counted` is its noun in the metrics where that is not the one of the key."""
    if link is None:
        return skipped(f"BSS has no such {key.noun}")
    await context.report_missing(key, link, counted or key.noun, f"the {key.noun} no longer exists in BSS")
    return missing(link, f"{key.noun} {key.id} no longer exists in BSS; {shown(link)} stays")


async def from_connectwise(
    context: BillingContext, key: BillingKey, link: Link, record: str, shown: Shown, *, named: str = ""
) -> Event:
    """ConnectWise has no such record; `named` is the one of BSS where its key does not name it well enough."""
    await context.report_missing(key, link, record, f"the {record} was deleted in ConnectWise")
    return missing(
        link,
        f"{shown(link)} was deleted in ConnectWise; no other one is made for {named or f'{key.noun} {key.id}'}",
    )
