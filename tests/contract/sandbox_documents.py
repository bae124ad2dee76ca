"""Orders, invoices and agreements of a ConnectWise stand-in, made over its API."""

from __future__ import annotations

from typing import Any

from tests.contract.sandbox_tenant import Answer, Tenant

DAY = "2026-05-01T00:00:00Z"


class Documents:
    """Makes documents of one company; each method returns what the server answered."""

    def __init__(self, tenant: Tenant, company: Any, item: Any) -> None:
        self.tenant = tenant
        self.company = {"id": company["id"]}
        self.item = {"id": item["id"]}

    async def order(self, **more: Any) -> Any:
        body = {"company": self.company, "status": {"id": 1}, "salesRep": {"id": 1}, **more}
        answer = await self.tenant.call("POST", "/sales/orders", body)
        assert answer.status == 200, answer.text
        return answer.value

    async def invoice(self, **more: Any) -> Any:
        return await self.tenant.post(
            "/finance/invoices", **{"type": "Miscellaneous", "company": self.company, **more}
        )

    async def try_line(self, **more: Any) -> Answer:
        body = {"catalogItem": self.item, "billableOption": "Billable", **more}
        return await self.tenant.call("POST", "/procurement/products", body)

    async def line(self, **more: Any) -> Any:
        answer = await self.try_line(**more)
        assert answer.status == 201, answer.text
        return answer.value

    async def agreement(self, **more: Any) -> Any:
        contact = await self.tenant.post(
            "/company/contacts", firstName="Ann", company=self.company, ignoreDuplicates=True
        )
        body = {"name": "Cloud", "type": {"name": "Subscriptions Monthly"}, "company": self.company}
        return await self.tenant.post(
            "/finance/agreements",
            **{**body, "contact": {"id": contact["id"]}, "startDate": DAY, **more},
        )

    async def close(self, invoice: Any) -> None:
        answer = await self.tenant.patch(f"/finance/invoices/{invoice['id']}", status={"name": "Closed"})
        assert answer.status == 200, answer.text


async def open_books(tenant: Tenant) -> Documents:
    """Prepare a company and a catalog item."""
    return Documents(tenant, await tenant.company(), await tenant.catalog_item("CLOUD-1", price=10, cost=6))


def message(refused: Answer) -> str:
    """Return the text of the first inner error."""
    text: str = refused.value["errors"][0]["message"]
    return text
