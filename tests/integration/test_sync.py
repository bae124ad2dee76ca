"""One pass over everything: what ConnectWise holds afterwards, worked out a second time by the test itself."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.integration.conftest import OpenBench
from tests.support import commands
from tests.support.bench import Bench
from tests.support.books import emails


def folded(name: str) -> str:
    return " ".join(name.split()).casefold()


async def test_sync_settles_every_project_to_the_cent(open_bench: OpenBench, tmp_path: Path) -> None:
    bench = await open_bench(projects=10, whole=True)
    ended = await commands.run("sync", "--json", env=bench.environment(), cwd=tmp_path)
    assert ended.code == 0, ended.err
    enqueued = await bench.expected()
    assert len(bench.families()) == 10 < len(enqueued)
    assert bench.books.opportunities().keys() == enqueued.keys()
    for one in enqueued.values():
        bench.books.assert_hold(one)
    bench.books.assert_nothing_doubled()
    lines = sum(len(one.lines) for one in enqueued.values())
    assert ended.json == {
        "seen": 10,
        "settled": len(enqueued),
        "skipped": 0,
        "records": {"opportunities": len(enqueued)},
        "lines_created": lines,
        "lines_deleted": 0,
        "unsettled": [],
        "told": {},
    }


async def test_people_and_places_are_those_of_the_project(open_bench: OpenBench) -> None:
    bench = await open_bench(projects=6)
    known = {row["id"] for row in bench.books.rows("company/companies")}
    await bench.settled()
    companies = set()
    for external_id, enqueued in (await bench.expected()).items():
        opportunity, project = bench.books.opportunity(external_id), enqueued.project
        client = await bench.jetbuilt.get(f"/clients/{project['client']['id']}")
        company = bench.books.row("company/companies", opportunity["company"])
        assert folded(company["name"]) == folded(client["company_name"])
        assert not company.get("deletedFlag")
        companies.add(company["id"])
        contact = bench.books.row("company/contacts", opportunity["contact"])
        assert contact["company"]["id"] == company["id"]
        assert _chosen(client, project)["email_address"].casefold() in emails(contact)
        site = bench.books.row("company/companies/sites", opportunity["site"])
        assert (site["company"]["id"], site["name"]) == (company["id"], project["company_location"]["name"])
        assert opportunity["name"].startswith(f"{project['custom_id']} {project['name']}".strip())
        assert str(project["id"]) in opportunity["notes"]
    # Some clients were companies before, others had to be created: both ways were gone.
    assert companies & known
    assert companies - known


async def test_the_sales_rep_is_the_owner_or_the_default(open_bench: OpenBench) -> None:
    bench = await open_bench(projects=6)
    members = [row for row in bench.books.rows("system/members") if not row["inactiveFlag"]]
    nobody = bench.box.world.users[-1]
    bench.box.jetbuilt.edit_project(bench.families()[1], owner_id=nobody.id)
    await bench.settled()
    for external_id, enqueued in (await bench.expected()).items():
        owner = enqueued.project["owner"]["full_name"]
        fitting = [row["id"] for row in members if row["fullName"] == owner]
        rep = bench.books.opportunity(external_id)["primarySalesRep"]["id"]
        assert [rep] == (fitting or [bench.default_rep["id"]])
    assert nobody.full_name not in {row["fullName"] for row in members}


async def test_all_versions_of_a_project_are_one_opportunity(open_bench: OpenBench) -> None:
    bench = await open_bench(projects=6)
    (family, *_) = [p.family_id for p in bench.box.world.projects if p.original_version_id is not None]
    external_id = f"jetbuilt:{family}"
    await bench.settled()
    before = bench.books.opportunities()
    revised = await bench.jetbuilt.post(f"/projects/{bench.active(family)}/revisions", name="2.0")
    await bench.jetbuilt.patch(f"/projects/{revised['id']}", name="Second thoughts")
    await bench.settled()
    enqueued = await bench.expected()
    now = bench.books.opportunities()
    # A revision gives the options of the project new ids; their opportunities are told by name and move along.
    assert now.keys() == enqueued.keys() != before.keys()
    assert {row["id"] for row in now.values()} == {row["id"] for row in before.values()}
    assert now[external_id]["id"] == before[external_id]["id"]
    assert now[external_id]["name"].endswith("Second thoughts")
    for one in enqueued.values():
        bench.books.assert_hold(one)


async def test_options_and_change_orders_become_opportunities_of_their_own(open_bench: OpenBench) -> None:
    bench = await open_bench(projects=10)
    await bench.settled()
    options = [one for one in (await bench.expected()).values() if one.option is not None]
    types = set()
    for one in options:
        assert one.option is not None
        opportunity = bench.books.opportunity(one.external_id)
        parent = bench.books.opportunity(one.external_id.split(":option:")[0])
        assert opportunity["company"]["id"] == parent["company"]["id"]
        assert opportunity["name"].endswith(one.option["name"])
        kind = bench.books.row("sales/opportunities/types", opportunity["type"])["description"]
        assert kind == ("Jetbuilt Change Order" if one.option["change_order"] else "Jetbuilt Option")
        types.add(kind)
    assert len(types) == 2


@pytest.mark.parametrize("stage", ["template", "trash"])
async def test_templates_and_trash_are_never_exported(bench: Bench, stage: Any) -> None:
    left_out = bench.families()[0]
    bench.box.jetbuilt.edit_project(left_out, stage=stage)
    summary = await bench.settled()
    enqueued = await bench.expected()
    assert (summary.settled, summary.skipped) == (len(enqueued), 1)
    assert bench.books.opportunities().keys() == enqueued.keys()
    assert not [external_id for external_id in enqueued if str(left_out) in external_id]


async def test_what_other_users_put_into_the_opportunity_stays(bench: Bench) -> None:
    await bench.settled()
    external_id = f"jetbuilt:{bench.families()[0]}"
    ours = bench.books.products(external_id)[0]
    foreign = bench.box.connectwise.add(
        "procurement/products",
        **{name: value for name, value in ours.items() if name not in {"id", "integrationXRef", "_info"}},
    )
    await bench.jetbuilt.add_a_piece(bench.families()[0])
    await bench.settled()
    assert foreign["id"] in bench.books.product_ids(external_id)
    assert bench.books.differences((await bench.expected())[external_id]) == []


async def test_a_project_without_a_client_is_refused_and_the_others_are_settled(bench: Bench) -> None:
    family = bench.families()[2]
    bench.box.jetbuilt.add_project(replace(bench.box.jetbuilt.project(family), client_id=0))
    summary = await bench.sync()
    assert summary.exit_code == 1
    (job,) = summary.unsettled
    assert (job.key, job.state) == (f"jetbuilt/project/{family}", "dead")
    assert bench.books.opportunities().keys() == (await bench.expected()).keys() - {f"jetbuilt:{family}"}


def _chosen(client: dict[str, Any], project: dict[str, Any]) -> dict[str, Any]:
    """The project's own contact, else the client's primary one."""
    enqueued = project["primary_contact"]["id"]
    contacts: list[dict[str, Any]] = client["contacts"]
    return next(
        (one for one in contacts if one["id"] == enqueued), next(one for one in contacts if one["primary"])
    )
