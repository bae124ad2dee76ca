"""Identity over time: versions, options with new ids, projects that go and come back; and what other users change meanwhile."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from cwbridge.ledger.catalog import CatalogCache, CatalogKey
from cwbridge.ledger.history import Event, History
from cwbridge.ledger.links import Link, Links
from cwbridge.limits.lane import Lane
from cwbridge.mode import Mode
from cwbridge.queue.job import Enqueue
from cwbridge.redis import Redis
from cwbridge.text import folded
from tests.support.bench import Bench
from tests.support.polling import connectwise_poller

Row = dict[str, Any]


def opportunities(bench: Bench) -> dict[str, Row]:
    return {row["source"]: row for row in bench.books.rows("sales/opportunities") if row.get("source")}


def status(bench: Bench, external_id: str) -> str:
    statuses = {row["id"]: row["name"] for row in bench.books.rows("sales/opportunities/statuses")}
    return str(statuses[opportunities(bench)[external_id]["status"]["id"]])


def lines(bench: Bench, opportunity: int) -> list[Row]:
    return [
        row for row in bench.books.rows("procurement/products") if row["opportunity"]["id"] == opportunity
    ]


def option_of(bench: Bench) -> tuple[int, int]:
    """A family with exactly one option whose name is unique, and the option."""
    for family in bench.families():
        options = bench.box.jetbuilt.project(bench.active(family)).options
        if options:
            return family, options[0].id
    raise AssertionError("this world has no option")


async def test_options_become_opportunities_of_their_own(bench: Bench):
    await bench.settled()

    family, option = option_of(bench)
    own = opportunities(bench)[f"jetbuilt:{family}:option:{option}"]
    assert own["id"] != opportunities(bench)[f"jetbuilt:{family}"]["id"]
    assert lines(bench, own["id"])


async def test_a_new_version_moves_the_opportunities_of_its_options_along(bench: Bench):
    await bench.settled()
    before = {external_id: row["id"] for external_id, row in opportunities(bench).items()}
    family, _ = option_of(bench)

    bench.box.jetbuilt.new_version(bench.active(family), name="2.0")
    await bench.settled()

    after = opportunities(bench)
    assert sorted(row["id"] for row in after.values()) == sorted(before.values())
    current = {option.id for option in bench.box.jetbuilt.project(bench.active(family)).options}
    ours = {external_id for external_id in after if external_id.startswith(f"jetbuilt:{family}:option:")}
    assert ours == {f"jetbuilt:{family}:option:{option}" for option in current}
    assert not bench.books.rows("sales/opportunities/notes")


async def test_a_merged_option_is_finished_with_a_note_and_never_deleted(bench: Bench):
    bench.changes = {"opportunity": {"finished_status": "Lost"}}
    await bench.settled()
    family, option = option_of(bench)
    own = opportunities(bench)[f"jetbuilt:{family}:option:{option}"]

    bench.box.jetbuilt.merge_option(bench.active(family), option)
    await bench.settled()
    await bench.settled(full=True)

    external_id = f"jetbuilt:{family}:option:{option}"
    assert opportunities(bench)[external_id]["id"] == own["id"]
    assert status(bench, external_id) == "Lost"
    notes = [
        note for note in bench.books.rows("sales/opportunities/notes") if note["opportunityId"] == own["id"]
    ]
    assert ["merged or deleted" in note["text"] for note in notes] == [True]


async def test_a_project_in_the_trash_is_finished_and_comes_back(bench: Bench):
    bench.changes = {"opportunity": {"finished_status": "Lost"}}
    await bench.settled()
    family = bench.families()[0]
    own = opportunities(bench)[f"jetbuilt:{family}"]

    bench.box.jetbuilt.edit_project(bench.active(family), stage="trash")
    await bench.settled()
    assert status(bench, f"jetbuilt:{family}") == "Lost"
    bench.box.jetbuilt.edit_project(bench.active(family), stage="proposal")
    await bench.settled()

    assert opportunities(bench)[f"jetbuilt:{family}"]["id"] == own["id"]
    assert status(bench, f"jetbuilt:{family}") != "Lost"


@pytest.fixture
async def touched(bench: Bench) -> tuple[Bench, str, Row]:
    """A settled bench in which a person has changed the quantity of one of our lines."""
    await bench.settled()
    key = f"jetbuilt/project/{bench.families()[0]}"
    own = opportunities(bench)[key.replace("jetbuilt/project/", "jetbuilt:")]
    line = next(row for row in lines(bench, own["id"]) if row["price"])
    info = {**line["_info"], "updatedBy": "jsmith", "lastUpdated": bench.box.connectwise.now()}
    bench.box.connectwise.put(
        "procurement/products", {**line, "quantity": line["quantity"] + 2, "_info": info}
    )
    return bench, key, line


async def noticed(bench: Bench) -> int:
    async with connectwise_poller(bench) as poller:
        return (await poller.poll()).enqueued


async def test_our_own_writes_make_no_echo(bench: Bench):
    await bench.settled()

    assert await noticed(bench) == 0


async def test_drift_is_noticed_once_and_reported_in_money(touched: tuple[Bench, str, Row]):
    bench, key, line = touched

    assert await noticed(bench) == 1
    writes = bench.writes
    await bench.settled()

    assert bench.writes == writes
    discrepancy = (await bench.history(key))[0].discrepancies[0]
    assert f"{-2 * Decimal(str(line['price'])):+.2f}" in discrepancy
    assert await noticed(bench) == 0


async def test_two_changes_by_another_user_in_one_second_are_two(touched: tuple[Bench, str, Row]):
    """ConnectWise counts whole seconds, and a poll may come between the two."""
    bench, _, line = touched
    assert await noticed(bench) == 1
    await bench.settled()
    row = bench.box.connectwise.table("procurement/products").get(line["id"])
    assert row is not None

    bench.box.connectwise.put("procurement/products", {**row, "quantity": row["quantity"] + 1})

    assert await noticed(bench) == 1


async def test_drift_is_repaired_by_setting(touched: tuple[Bench, str, Row]):
    bench, _, line = touched
    bench.changes = {"opportunity": {"drift": "repair"}}

    assert await noticed(bench) == 1
    await bench.settled()

    standing = [
        row
        for row in lines(bench, line["opportunity"]["id"])
        if row["integrationXRef"] == line["integrationXRef"]
    ]
    assert [row["quantity"] for row in standing] == [line["quantity"]]


async def test_a_line_that_a_person_removed_is_reported_and_not_restored(bench: Bench):
    await bench.settled()
    key = f"jetbuilt/project/{bench.families()[0]}"
    own = opportunities(bench)[key.replace("jetbuilt/project/", "jetbuilt:")]
    gone = lines(bench, own["id"])[0]
    bench.box.connectwise.remove("procurement/products", gone["id"])

    await bench.settled(full=True)

    assert gone["integrationXRef"] not in {row["integrationXRef"] for row in lines(bench, own["id"])}
    assert "was removed" in (await bench.history(key))[0].discrepancies[0]


async def test_a_custom_field_is_filled_by_its_caption(bench: Bench):
    definition = bench.books.rows("system/userDefinedFields")[0]
    bench.changes = {"defaults": {"opportunity": {"custom_fields": {definition["caption"].upper(): "AV-7"}}}}

    await bench.settled()

    for row in opportunities(bench).values():
        if row["source"].startswith("jetbuilt:"):
            values = {field["id"]: field["value"] for field in row["customFields"]}
            assert values[definition["id"]] == "AV-7"


async def test_an_older_state_of_the_source_is_reported_and_exported_only_when_a_person_asks(bench: Bench):
    family = bench.families()[0]
    key = f"jetbuilt/project/{family}"
    before = bench.box.jetbuilt.project(bench.active(family))
    await bench.jetbuilt.patch(f"/projects/{before.id}", name="Renamed")
    await bench.settled()
    writes = bench.writes

    bench.box.jetbuilt.projects.commit(before, touch=False)
    await bench.sync(full=True)

    job = await bench.job(key)
    assert job is not None
    assert job.failure is not None
    assert "older state" in job.failure.cause
    assert bench.writes == writes
    await bench.settled(key)
    assert before.name in opportunities(bench)[f"jetbuilt:{family}"]["name"]


@pytest.mark.parametrize(
    "identifier", ["PLAIN 9", "Two  blanks", "Cafe\u0301", "soft\u00adhyphen", "zero\u200bwidth"]
)
async def test_a_changed_catalog_item_is_looked_up_anew(bench: Bench, identifier: str):
    await bench.settled()
    memory = CatalogCache(bench.redis, namespace=bench.namespace, cache_ttl=timedelta(hours=1))
    item = {**bench.books.rows("procurement/catalog")[0], "identifier": identifier}
    place = CatalogKey(folded(identifier), "a maker")
    await memory.put({place: item["id"]})

    info = {**item["_info"], "updatedBy": "jsmith", "lastUpdated": bench.box.connectwise.now()}
    bench.box.connectwise.put("procurement/catalog", {**item, "_info": info})
    await noticed(bench)

    assert await memory.get([place]) == [None]


async def test_a_link_to_the_opportunity_of_another_user_is_refused(bench: Bench):
    await bench.settled()
    family = bench.families()[0]
    key, own = f"jetbuilt/project/{family}", opportunities(bench)[f"jetbuilt:{family}"]
    for line in lines(bench, own["id"]):
        bench.box.connectwise.remove("procurement/products", line["id"])
    bench.box.connectwise.put("sales/opportunities", {**own, "source": "trade fair", "name": "Sue's own"})

    await bench.jetbuilt.patch(f"/projects/{bench.active(family)}", name="Renamed")
    await bench.sync()

    job = await bench.job(key)
    assert job is not None
    assert job.failure is not None
    assert "no longer the project's" in job.failure.cause
    assert opportunities(bench)["trade fair"]["name"] == "Sue's own"
    assert not lines(bench, own["id"])


async def test_an_opportunity_is_known_by_its_lines_when_another_user_changed_its_source(bench: Bench):
    await bench.settled()
    family = bench.families()[0]
    own = opportunities(bench)[f"jetbuilt:{family}"]
    bench.box.connectwise.put("sales/opportunities", {**own, "source": "trade fair"})

    await bench.jetbuilt.patch(f"/projects/{bench.active(family)}", name="Renamed")
    await bench.settled()

    assert opportunities(bench)[f"jetbuilt:{family}"]["id"] == own["id"]


async def test_an_older_state_in_another_version_is_reported_as_well(bench: Bench):
    await bench.settled()
    family = bench.families()[0]
    key = f"jetbuilt/project/{family}"
    links = Links(bench.redis, namespace=bench.namespace)
    link = await links.get("opportunity", key)
    assert link is not None
    await links.put(
        "opportunity",
        key,
        msgspec.structs.replace(link, fingerprint="", state="999999@2099-01-01T00:00:00+00:00"),
    )

    await bench.sync(full=True)

    job = await bench.job(key)
    assert job is not None
    assert job.failure is not None
    assert "older state" in job.failure.cause


async def test_a_refused_contact_leaves_the_answer_about_the_company(bench: Bench):
    family = bench.families()[0]
    project = await bench.jetbuilt.get(f"/projects/{bench.active(family)}")
    client = f"jetbuilt:client:{project['client']['id']}"
    company = bench.box.connectwise.add("company/companies", identifier="Chosen", name="Chosen by a person")
    links = Links(bench.redis, namespace=bench.namespace)
    await links.put("company", client, Link(target=company["id"], how="person"))
    await bench.settled()
    elsewhere = bench.box.connectwise.add("company/companies", identifier="Elsewhere", name="Elsewhere")
    for contact in bench.books.rows("company/contacts"):
        if contact.get("company", {}).get("id") == company["id"]:
            moved = {**contact, "company": {"id": elsewhere["id"]}}
            bench.box.connectwise.put("company/contacts", moved)

    await bench.jetbuilt.patch(f"/projects/{bench.active(family)}", name="Renamed")
    await bench.settled()

    kept = await links.get("company", client)
    assert kept is not None
    assert (kept.target, kept.how) == (company["id"], "person")


async def test_waits_in_a_row_do_not_push_out_the_history(redis: Redis, namespace: str):
    history = History(redis, namespace=namespace)
    await history.add("key", Event(what="created"))
    for number in range(40):
        await history.add("key", Event(what="wait: InventoryLocked", cause=str(number)))
    assert [(event.what, event.cause) for event in await history.of("key")] == [
        ("wait: InventoryLocked", "39"),
        ("created", ""),
    ]


@pytest.mark.parametrize("spelt", ["AV  9000", "AV\u00a09000", "AV\t9000", "Cafe\u0301 9000", "AV\u00ad9000"])
async def test_a_catalog_item_is_found_in_the_spelling_that_both_systems_have(bench: Bench, spelt: str):
    store, tenant = bench.box.jetbuilt, bench.box.connectwise
    project = store.add_plain_project(lines=1, name="Spelt")
    store.edit_line(project.id, project.lines[0].id, model=spelt)
    place = next(iter(tenant.table("procurement/subcategories")))
    item = tenant.add(
        "procurement/catalog",
        identifier=spelt,
        description="As it is spelt",
        subcategory={"id": place["id"]},
        category=place["category"],
        type={"id": next(iter(tenant.table("procurement/types")))["id"]},
        productClass="NonInventory",
    )

    await bench.settled(f"jetbuilt/project/{project.id}")

    (line,) = bench.books.products(f"jetbuilt:{project.id}")
    assert line["catalogItem"]["id"] == item["id"]


async def test_a_company_is_found_in_the_spelling_that_both_systems_have(bench: Bench):
    spelt = "Cafe\u0301 Sound\u00adworks"
    store, tenant = bench.box.jetbuilt, bench.box.connectwise
    client = store.clients.add({"user_id": next(iter(store.users)).id, "company_name": spelt})
    project = store.add_plain_project(lines=1, name="Spelt")
    store.edit_project(project.id, client_id=client.id)
    company = tenant.add("company/companies", identifier="CAFE", name=spelt)
    site = tenant.add("company/companies/sites", name="Main", company={"id": company["id"]})
    tenant.put("company/companies", company | {"site": {"id": site["id"]}})

    await bench.settled(f"jetbuilt/project/{project.id}")

    assert bench.books.opportunity(f"jetbuilt:{project.id}")["company"]["id"] == company["id"]


async def run_in(bench: Bench, key: str, lane: Lane, mode: Mode) -> None:
    await bench.queue.enqueue(Enqueue(key=key, flow="opportunity", lane=lane, mode=mode))
    await bench.settled()


async def test_the_mode_and_not_the_lane_says_what_a_run_may_skip(bench: Bench):
    await bench.settled()
    family = bench.families()[0]
    key, external_id = f"jetbuilt/project/{family}", f"jetbuilt:{family}"
    own = opportunities(bench)[external_id]
    bench.box.connectwise.put("sales/opportunities", {**own, "name": "Sue's own"})
    events = len(await bench.history(key))

    await run_in(bench, key, "interactive", "if_changed")
    assert len(await bench.history(key)) == events
    await run_in(bench, key, "interactive", "verify")
    assert "name was changed" in (await bench.history(key))[0].discrepancies[0]
    assert opportunities(bench)[external_id]["name"] == "Sue's own"
    await run_in(bench, key, "backlog", "force")
    assert opportunities(bench)[external_id]["name"] == own["name"]
