"""Invoices of ConnectWise that are linked already, and payments of BSS for them."""

from __future__ import annotations

import uuid
from decimal import Decimal
from typing import Any

from cwbridge.ledger.agreements import Agreements
from cwbridge.ledger.links import Link
from cwbridge.ledger.money_discrepancies import MoneyDiscrepancies
from sandbox.bss.collections import Row
from sandbox.connectwise.store import API_MEMBER
from sandbox.connectwise.user import ConnectWiseUser
from tests.support.pairs import Pairs

INVOICES = "finance/invoices"
PAYMENTS = "finance/invoices/payments"


class Payments:
    """Payments in BSS and their payments in ConnectWise, as users see them."""

    def __init__(self, pairs: Pairs) -> None:
        self.pairs = pairs
        self.company = pairs.company()
        pairs.choose(push=["account", "contact", "invoice", "payment"])
        self._api_member = ConnectWiseUser(pairs.connectwise, API_MEMBER)

    async def invoice(self, *, is_linked: bool = True) -> tuple[str, int]:
        """The id of an invoice of BSS and of its invoice in ConnectWise, which our API member made."""
        target = self._api_member.add(
            INVOICES, {"company": {"id": self.company}, "type": "Miscellaneous", "reference": "000433"}
        )
        number = str(uuid.uuid4())
        if is_linked:
            await self.link(number, target)
        return number, target

    def in_bss(self, stage: str = "Unpaid") -> str:
        """An invoice of BSS, which has no link."""
        account = self.pairs.account()
        row = self.pairs.bss.add("invoices", accountId=account, code="000433", stage=stage, items=[])
        return str(row["id"])

    async def link(self, invoice: str, target: int, **fields: Any) -> None:
        await self.pairs.links.put(
            "invoice", f"bss:invoice:{invoice}", Link(target=target, how="created", **fields)
        )

    def add(self, invoice: str | None, amount: str = "21.00", **fields: Any) -> str:
        """Another user of BSS enters a payment; the answer is its id."""
        given = {
            "paymentMethod": {"id": 1, "name": "Bank transfer"},
            "paymentDate": "2026-05-10",
            "amount": Decimal(amount),
        }
        row = self.pairs.bss.add("payments", invoiceId=invoice, **{**given, **fields})
        return str(row["id"])

    def edit(self, payment: str, **fields: Any) -> None:
        self.pairs.bss.edit("payments", payment, **fields)

    def enter(self, target: int, amount: str = "21.00", **fields: Any) -> int:
        """Another member enters a payment of an invoice by hand in ConnectWise."""
        given = {"type": "Check", "amount": Decimal(amount), "paymentDate": "2026-05-10T00:00:00Z"}
        return self.pairs.bench.box.connectwise_user.add(
            PAYMENTS, {"invoice": {"id": target}, **given, **fields}
        )

    def edit_by_hand(self, number: int, **fields: Any) -> None:
        self.pairs.bench.box.connectwise_user.edit(PAYMENTS, number, fields)

    def close(self, target: int) -> None:
        """Another member closes an invoice in ConnectWise."""
        statuses = self.pairs.connectwise.table("finance/billingStatuses")
        closed = next(row["id"] for row in statuses if row.get("closedFlag"))
        self.pairs.bench.box.connectwise_user.edit(INVOICES, target, {"status": {"id": closed}})

    def on(self, target: int) -> list[Row]:
        """Every payment of an invoice in ConnectWise, by id."""
        return [row for row in self.pairs.connectwise.table(PAYMENTS) if row["invoice"]["id"] == target]

    def amounts(self, target: int) -> list[str]:
        """Amount, day and type of every payment of an invoice, sorted."""
        return sorted(
            f"{row['amount']:.2f} {str(row['paymentDate'])[:10]} {row.get('type')}" for row in self.on(target)
        )

    async def target(self, payment: str) -> int:
        """The payment of ConnectWise that a payment is linked to."""
        link = await self.pairs.links.get("payment", f"bss:payment:{payment}")
        assert link is not None, f"payment {payment} is not linked"
        return link.target

    async def differences(self) -> list[tuple[str, str, Decimal]]:
        """The differences in money that are kept for people, the greatest first."""
        bench = self.pairs.bench
        found = await MoneyDiscrepancies(bench.redis, namespace=bench.namespace).all()
        return [(one.key, one.kind, one.discrepancy.difference) for one in found]

    async def unlink(self, payment: str) -> None:
        """What a run leaves that was killed between its create and its link, without the note of the create."""
        await self.pairs.links.remove("payment", f"bss:payment:{payment}")
        namespace = self.pairs.bench.namespace
        await Agreements(self.pairs.bench.redis, namespace=namespace).forget(f"bss:payment:{payment}")

    async def wipe(self, *invoices: tuple[str, int]) -> None:
        """Redis loses everything; the jobs of the invoices have linked them again."""
        await self.pairs.wipe()
        for number, target in invoices:
            await self.link(number, target)


def key(payment: str) -> str:
    return f"bss/payment/{payment}"
