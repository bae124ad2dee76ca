"""Each refusal and each wait is shown by `jobs show` with cause and remedy, and requeued work is tried at once and succeeds when the cause is gone."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from console import flows, sync
from cwbridge.queue.job import Job
from sandbox.faults import FaultRule
from tests.integration.conftest import OpenBench
from tests.support import commands
from tests.support.bench import Bench
from tests.support.books import Row
from tests.support.until import until

CLIENT = "Larkspur Observatory"
MAIL = "vera@larkspur.example"
MODEL = "Quasar 9000"


class Refusal(msgspec.Struct, frozen=True, kw_only=True):
    """A cause of failure: how it arises, how it is shown, how a person ends it."""

    error: str
    cause: str
    detail: str = ""
    remedy: str
    arrange: Callable[[Desk], None]
    repair: Callable[[Desk], None]
    settings: dict[str, dict[str, Any]] = {}
    repaired: dict[str, dict[str, Any]] = {}
    settled_first: bool = False
    state: str = "dead"
    fails: str = ""
    """The mistake that keeps this from working yet."""


class Desk:
    """One project of a client that ConnectWise does not know, and what a person may do about it."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        store = bench.box.jetbuilt
        client = store.clients.add({"user_id": next(iter(store.users)).id, "company_name": CLIENT})
        store.clients.add_contact(
            client.id, {"first_name": "Vera", "last_name": "Quist", "email_address": MAIL, "primary": True}
        )
        project = store.add_plain_project(lines=1, name="Dome")
        store.edit_project(project.id, client_id=client.id)
        store.edit_line(project.id, project.lines[0].id, model=MODEL)
        self.family = project.id
        self.key = f"jetbuilt/project/{project.id}"

    @property
    def tenant(self) -> Any:
        return self.bench.box.connectwise

    @property
    def modes(self) -> Any:
        return self.tenant.modes

    def rows(self, table: str, **fields: Any) -> list[Row]:
        return [row for row in self.tenant.table(table) if all(row.get(n) == v for n, v in fields.items())]

    def change(self, table: str, row: Row, **fields: Any) -> None:
        self.tenant.put(table, row | fields)

    def company(self) -> Row:
        company: Row = self.tenant.add("company/companies", identifier=f"L{self.tenant.now()}", name=CLIENT)
        site = self.tenant.add("company/companies/sites", name="Main", company={"id": company["id"]})
        self.change("company/companies", company, site={"id": site["id"]})
        return company

    def two_companies(self) -> None:
        self.company()
        self.company()

    def one_company_less(self) -> None:
        self.change("company/companies", self.rows("company/companies", name=CLIENT)[1], deletedFlag=True)

    def two_contacts(self) -> None:
        company = self.company()
        kind = next(iter(self.tenant.table("company/communicationTypes")))
        for name in ("Vera", "V."):
            way = {"id": 1, "type": {"id": kind["id"]}, "value": MAIL, "communicationType": "Email"}
            reference = {"id": company["id"]}
            self.tenant.add(
                "company/contacts",
                firstName=name,
                lastName="Quist",
                company=reference,
                communicationItems=[way],
            )

    def one_contact_less(self) -> None:
        self.change("company/contacts", self.rows("company/contacts", firstName="V.")[0], inactiveFlag=True)

    def catalog_item(self, **fields: Any) -> None:
        place = next(iter(self.tenant.table("procurement/subcategories")))
        self.tenant.add(
            "procurement/catalog",
            identifier=MODEL,
            description=MODEL,
            subcategory={"id": place["id"]},
            category=place["category"],
            type={"id": next(iter(self.tenant.table("procurement/types")))["id"]},
            productClass="NonInventory",
            **fields,
        )

    def two_catalog_items(self) -> None:
        self.catalog_item()
        self.catalog_item()

    def catalog(self, **fields: Any) -> None:
        self.change("procurement/catalog", self.rows("procurement/catalog", identifier=MODEL)[-1], **fields)

    def two_opportunities(self) -> None:
        for name in ("One", "Other"):
            self.tenant.add("sales/opportunities", name=name, source=f"jetbuilt:{self.family}")

    def no_external_ids(self) -> None:
        for row in self.rows("sales/opportunities", source=f"jetbuilt:{self.family}"):
            self.change("sales/opportunities", row, source=None)

    def demand(self, table: str, name: str) -> None:
        self.modes.tenant_required.append((table, name))

    def owned_by_a_stranger(self) -> None:
        self.bench.box.jetbuilt.edit_project(self.family, owner_id=self.bench.box.world.users[-1].id)

    def status(self, name: str) -> None:
        (status,) = self.rows("sales/opportunities/statuses", name=name)
        (ours,) = self.rows("sales/opportunities", source=f"jetbuilt:{self.family}")
        self.change("sales/opportunities", ours, status={"id": status["id"]})
        self.bench.box.jetbuilt.edit_project(self.family, name="Dome, again")

    def fault(self, action: Any, **more: Any) -> None:
        self.bench.box.connectwise_faults.add(FaultRule(name="refusal", action=action, **more))

    def no_fault(self) -> None:
        self.bench.box.connectwise_faults.clear()


def mode(name: str, value: object) -> Callable[[Desk], None]:
    return lambda desk: setattr(desk.modes, name, value)


def nothing(_desk: Desk) -> None:
    """The cause is in the settings."""


REFUSALS = {
    "two companies of one name": Refusal(
        error="Ambiguous",
        cause=f"2 companies named '{CLIENT}'",
        detail="(id ",
        remedy="Rename or delete all but one",
        arrange=Desk.two_companies,
        repair=Desk.one_company_less,
    ),
    "two contacts with one e-mail": Refusal(
        error="Ambiguous",
        cause=f"2 contacts that fit '{MAIL}'",
        detail="V. Quist",
        remedy="Merge or inactivate all but one",
        arrange=Desk.two_contacts,
        repair=Desk.one_contact_less,
    ),
    "two catalog items of one identifier": Refusal(
        error="Ambiguous",
        cause="Several active catalog items have one identifier",
        detail=MODEL,
        remedy="Inactivate or rename all but one",
        arrange=Desk.two_catalog_items,
        repair=lambda desk: desk.catalog(inactiveFlag=True),
    ),
    "an inactive catalog item": Refusal(
        error="Refused",
        cause="A catalog item is inactive",
        detail=MODEL,
        remedy="Activate it in ConnectWise",
        settings={"catalog": {"inactive_items": "refuse"}},
        arrange=lambda desk: desk.catalog_item(inactiveFlag=True),
        repair=lambda desk: desk.catalog(inactiveFlag=False),
    ),
    "an owner who is no member": Refusal(
        error="MappingRefused",
        cause="No ConnectWise member fits the project owner",
        remedy="connectwise.default_sales_rep",
        settings={"connectwise": {"default_sales_rep": None}},
        repaired={"connectwise": {}},
        arrange=Desk.owned_by_a_stranger,
        repair=nothing,
    ),
    "a stage that does not exist": Refusal(
        error="MappingRefused",
        cause="ConnectWise has no stage 'Imaginary'",
        remedy="opportunity.stages",
        settings={"opportunity": {"stages": {"proposal": {"stage": "Imaginary"}}}},
        repaired={"opportunity": {"stages": {"proposal": {"stage": "3. Quote"}}}},
        arrange=nothing,
        repair=nothing,
    ),
    "a demanded field of the opportunity": Refusal(
        error="MissingField",
        cause="demands the field customerPO",
        remedy="[defaults.opportunity]",
        arrange=lambda desk: desk.demand("sales/opportunities", "customerPO"),
        repair=nothing,
        repaired={"defaults": {"opportunity": {"customerPO": "by Jetbuilt"}}},
    ),
    "a demanded field of the lines": Refusal(
        error="MissingField",
        cause="demands the field shipSet",
        detail=MODEL,
        remedy="[defaults.product]",
        arrange=lambda desk: desk.demand("procurement/products", "shipSet"),
        repair=mode("tenant_required", []),
    ),
    "a closed opportunity": Refusal(
        error="Protected",
        cause="closed in ConnectWise",
        detail="opportunity ",
        remedy="Reopen it",
        settled_first=True,
        arrange=lambda desk: desk.status("Won"),
        repair=lambda desk: desk.status("Open"),
    ),
    "set-up tables that we may not write": Refusal(
        error="MappingRefused",
        cause="may not create it",
        remedy="Create it by hand",
        arrange=mode("readonly_setup", True),
        repair=mode("readonly_setup", False),
    ),
    "lines that we may not write": Refusal(
        error="PermissionRefused",
        cause="does not let the API member do this",
        remedy="security role",
        arrange=lambda desk: desk.fault("fail", method="POST", path="/procurement/products", status=403),
        repair=Desk.no_fault,
    ),
    "two opportunities with one external id": Refusal(
        error="Ambiguous",
        cause="Several opportunities carry the external id",
        detail="jetbuilt:",
        remedy="Clear the field Source",
        arrange=Desk.two_opportunities,
        repair=Desk.no_external_ids,
    ),
    "answers of another party": Refusal(
        error="ServerFailed",
        cause="ConnectWise sent an answer of an undocumented form",
        detail="/procurement/catalog",
        remedy="Check the other system's status",
        settings={"queue": {"max_attempts": 2}},
        arrange=lambda desk: desk.fault("garble", method="GET", path="/procurement/catalog"),
        repair=Desk.no_fault,
    ),
    "inventory auditing": Refusal(
        error="InventoryLocked",
        cause="inventory auditing is on",
        detail="auditing is in progress",
        remedy="Finish the inventory audit",
        state="waiting",
        settings={"opportunity": {"inventory_probe_interval": "150s"}},
        arrange=mode("inventory_auditing", "all"),
        repair=mode("inventory_auditing", "off"),
    ),
    "a long pause that ConnectWise asks for": Refusal(
        error="Throttled",
        cause="pause",
        remedy="goes on by itself",
        state="waiting",
        arrange=lambda desk: desk.fault("throttle", path="/procurement/*", retry_after=600),
        repair=Desk.no_fault,
    ),
    "keys that are refused meanwhile": Refusal(
        error="SystemOnHold",
        cause="refused the credentials",
        remedy="Correct the credentials",
        state="waiting",
        arrange=lambda desk: desk.fault("fail", path="/procurement/*", status=401),
        repair=Desk.no_fault,
    ),
}


async def one_pass(bench: Bench, key: str) -> None:
    """One pass, ended as soon as the job is settled, dead or waiting."""
    stop = asyncio.Event()
    running = asyncio.create_task(
        sync.one_pass(
            bench.settings(), bench.redis, stop, flows=flows.registered().on(bench.settings()), show=False
        ),
        name="one pass",
    )

    async def over() -> bool:
        job = await bench.job(key)
        return running.done() or (job is not None and (job.state == "dead" or waits(job)))

    await until(over, what="the job is settled, dead or waiting", within=30)
    stop.set()
    await running


def waits(job: Job) -> bool:
    return job.state == "waiting"


def store(bench: Bench) -> dict[str, str]:
    """All that `jobs show` needs to know."""
    return {"CWBRIDGE_NAMESPACE": bench.namespace, "CWBRIDGE_REDIS__URL": bench.redis_url}


@pytest.fixture
async def desk(open_bench: OpenBench) -> Desk:
    return Desk(await open_bench(projects=0))


def marked(name: str, refusal: Refusal) -> Any:
    """What is known to fail must fail, so that its repair is noticed."""
    marks = [pytest.mark.xfail(strict=True, reason=refusal.fails)] if refusal.fails else []
    return pytest.param(refusal, id=name, marks=marks)


@pytest.mark.parametrize("refusal", [marked(name, refusal) for name, refusal in REFUSALS.items()])
async def test_it_is_shown_and_requeued_work_succeeds_once_it_is_gone(
    desk: Desk, refusal: Refusal, tmp_path: Path
) -> None:
    bench = desk.bench
    if refusal.settled_first:
        await bench.settled()
    bench.changes = refusal.settings
    refusal.arrange(desk)
    await one_pass(bench, desk.key)

    shown = await commands.run("jobs", "show", desk.key, "--json", env=store(bench), cwd=tmp_path)
    job, failure = shown.json["job"], shown.json["job"]["failure"]
    assert (job["key"], job["state"], failure["error"]) == (desk.key, refusal.state, refusal.error)
    assert refusal.cause in failure["cause"]
    assert refusal.detail in failure["detail"]
    assert refusal.remedy in failure["remedy"]
    assert shown.json["history"][0]["remedy"]

    bench.changes = {**refusal.settings, **refusal.repaired}
    refusal.repair(desk)
    assert await bench.queue.requeue(desk.key)
    await one_pass(bench, desk.key)
    assert await bench.job(desk.key) is None
    bench.books.assert_hold((await bench.expected())[f"jetbuilt:{desk.family}"])
