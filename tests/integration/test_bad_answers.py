"""Answers that are not what the API documents promise: one job is dead-lettered with cause and remedy, the rest goes on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest
from structlog.testing import capture_logs

from sandbox.faults import FaultRule
from tests.integration.conftest import OpenBench
from tests.support import commands
from tests.support.bench import Bench

FEW_TRIES = {"queue": {"max_attempts": 2}}


def spoiled(bench: Bench) -> int:
    """The project whose answers are spoiled; it has no options."""
    return bench.families()[2]


def options(bench: Bench) -> list[int]:
    return [option.id for project in bench.box.world.active_projects for option in project.options]


async def only_this_is_dead(bench: Bench, family: int) -> Any:
    """One pass with everything settled but the family; answers its failure."""
    summary = await bench.sync()
    (job,) = summary.unsettled
    assert (summary.exit_code, job.key, job.state) == (1, f"jetbuilt/project/{family}", "dead")
    for external_id in bench.books.opportunities():
        assert bench.books.products(external_id)
    assert len(bench.books.opportunities()) == len(options(bench)) + len(bench.families()) - 1
    assert job.failure is not None
    assert job.failure.cause
    assert job.failure.remedy
    return job.failure


async def spoil(bench: Bench, family: int, field: str, value: Any) -> Any:
    """Answer the first page of the project's items with one field of the first line replaced; answers the line's id."""
    page = await bench.jetbuilt.get(f"/projects/{family}/items")
    line = page["line_items"][0]
    number, line[field] = line["id"], value
    record = bench.box.jetbuilt.projects.get(family)
    record._rendered["items", 1] = msgspec.json.encode(page)
    return number


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("model", 17),
        ("price", "NaN"),
        ("price", "Infinity"),
        ("quantity", "two"),
        ("project_cost", ["1.00"]),
        ("room", "Lobby"),
    ],
)
async def test_a_field_of_a_wrong_type_is_refused_with_its_name_and_its_record(
    bench: Bench, field: str, value: Any
) -> None:
    family = spoiled(bench)
    number = await spoil(bench, family, field, value)
    failure = await only_this_is_dead(bench, family)
    assert (failure.error, failure.work_class) == ("Malformed", "refused")
    assert f"line_items[].{field}" in failure.cause
    assert str(number) in failure.detail
    assert f"jetbuilt:{family}" not in bench.books.opportunities()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("msrp", "a lot"),
        ("hidden", 1),
        ("tag", "audio"),
        ("manufacturer_id", "SHURE"),
        ("created_at", "yesterday"),
        ("selected_purchasing_vendor", 17),
    ],
)
async def test_a_field_that_is_not_read_may_be_of_any_form(bench: Bench, field: str, value: Any) -> None:
    await spoil(bench, spoiled(bench), field, value)
    assert (await bench.sync()).unsettled == []


async def test_records_may_have_fields_of_any_form_that_are_not_read(bench: Bench) -> None:
    """In answers to reads and to writes, alone and in lists: nothing fails, and no write has an unknown outcome."""
    fields = {"engineer": 5, "tags": {"a": 1}, "paid_to_date": "much", "msrp": [], "hidden": "no"}
    bench.box.jetbuilt_faults.add(FaultRule(name="odd", method="GET", action="alter", fields=fields))
    fields = {"customFields": 17, "taxCode": "none", "listPrice": "a lot", "territory": [], "_links": 5}
    bench.box.connectwise_faults.add(FaultRule(name="odd", action="alter", fields=fields))
    with capture_logs() as lines:
        assert (await bench.sync()).unsettled == []
    assert bench.box.connectwise_faults.hits("odd") > 50
    assert not [line for line in lines if line["event"].endswith("outcome_unknown")]
    for one in (await bench.expected()).values():
        bench.books.assert_hold(one)


async def test_an_odd_answer_to_the_create_of_a_line_is_no_unknown_outcome(bench: Bench) -> None:
    fields = {"quantity": "two", "price": {}, "integrationXRef": 5, "_info": 7}
    bench.box.connectwise_faults.add(
        FaultRule(name="odd", path="/procurement/products", method="POST", action="alter", fields=fields)
    )
    with capture_logs() as lines:
        assert (await bench.sync()).unsettled == []
    assert not [line for line in lines if line["event"].endswith("outcome_unknown")]
    bench.books.assert_nothing_doubled()


async def test_one_odd_row_of_a_table_hides_no_other(bench: Bench) -> None:
    """A member, a manufacturer and a custom field that cannot be understood are not those that are looked for."""
    store = bench.box.connectwise
    store.add("procurement/manufacturers", name=17)
    store.add("system/members", identifier="odd", primaryEmail=["none"], inactiveFlag="no")
    assert (await bench.sync()).unsettled == []


@pytest.mark.parametrize("status", [200, 302, 404])
async def test_pages_of_a_gateway_before_jetbuilt_pass(bench: Bench, status: int) -> None:
    """They come for some seconds: nothing is taken for deleted, no system goes on hold, and all is settled in the end."""
    await bench.settled()
    before = bench.books.opportunities()
    for family in bench.families():
        await bench.jetbuilt.patch(f"/projects/{family}", name=f"Renamed {family}")
    bench.box.jetbuilt_faults.add(
        FaultRule(name="gateway", path="/projects/*", action="fail", status=status, html=True, times=12)
    )
    assert (await bench.sync()).unsettled == []
    assert bench.box.jetbuilt_faults.hits("gateway") == 12
    after = bench.books.opportunities()
    assert {row["status"]["id"] for row in after.values()} == {row["status"]["id"] for row in before.values()}
    assert "no longer updated" not in str(bench.books.rows("sales/opportunities/notes"))
    for one in (await bench.expected()).values():
        bench.books.assert_hold(one)


@pytest.mark.parametrize("status", [302, 401, 403, 404])
async def test_pages_of_a_gateway_before_connectwise_pass(bench: Bench, status: int) -> None:
    bench.box.connectwise_faults.add(
        FaultRule(name="gateway", action="fail", status=status, html=True, after=40, times=6)
    )
    assert (await bench.sync()).unsettled == []
    assert bench.box.connectwise_faults.hits("gateway") == 6
    for one in (await bench.expected()).values():
        bench.books.assert_hold(one)
    bench.books.assert_nothing_doubled()


async def test_a_spoiled_answer_leaves_what_was_settled_before_as_it_is(bench: Bench) -> None:
    family = spoiled(bench)
    external_id = f"jetbuilt:{family}"
    await bench.settled()
    before, lines = bench.books.opportunity(external_id), bench.books.products(external_id)
    await bench.jetbuilt.patch(f"/projects/{family}", name="Renamed")
    await spoil(bench, family, "quantity", "two")
    assert (await bench.sync()).exit_code == 1
    assert bench.books.opportunity(external_id) == before
    assert bench.books.products(external_id) == lines


async def test_no_json_is_retried_then_dead_lettered_then_settled_by_a_requeue(
    bench: Bench, tmp_path: Path
) -> None:
    bench.changes = FEW_TRIES
    family = spoiled(bench)
    key = f"jetbuilt/project/{family}"
    bench.box.jetbuilt_faults.add(
        FaultRule(name="garbled", path=f"/projects/{family}/items", action="garble")
    )
    env = bench.environment()
    ended = await commands.run("sync", env=env, cwd=tmp_path)
    assert ended.code == 1
    assert key in ended.out
    bench.box.jetbuilt_faults.clear()
    shown = (await commands.run("jobs", "show", key, "--json", env=env, cwd=tmp_path)).json["job"]
    assert (shown["key"], shown["state"], shown["attempts"]) == (key, "dead", 2)
    assert shown["failure"]["error"] == "ServerFailed"
    assert "Jetbuilt" in shown["failure"]["cause"]
    assert shown["failure"]["remedy"]
    others = {external_id: one for external_id, one in (await bench.expected()).items() if one.key != key}
    for one in others.values():
        bench.books.assert_hold(one)
    assert (await commands.run("jobs", "requeue", key, env=env, cwd=tmp_path)).code == 0
    assert (await commands.run("sync", env=env, cwd=tmp_path)).code == 0
    bench.books.assert_hold((await bench.expected())[f"jetbuilt:{family}"])
    bench.books.assert_nothing_doubled()


async def test_connectwise_answers_of_wrong_types_stop_only_who_needs_them(bench: Bench) -> None:
    family = spoiled(bench)
    (client,) = [
        client
        for client in bench.box.world.clients
        if client.id == bench.box.jetbuilt.project(family).client_id
    ]
    company = bench.box.connectwise.add("company/companies", identifier="Spoiled", name=client.company_name)
    known = [
        row
        for row in bench.books.rows("company/companies")
        if row["name"] == client.company_name and row["id"] != company["id"]
    ]
    for row in known:
        bench.box.connectwise.remove("company/companies", row["id"])
    bench.box.connectwise.add("company/companies/sites", name=["no", "text"], company={"id": company["id"]})
    failure = await only_this_is_dead(bench, family)
    assert failure.error == "Malformed"
    assert "ConnectWise" in failure.cause
    assert "sites" in failure.cause


async def test_a_spoiled_list_stops_the_poll_and_moves_no_watermark(bench: Bench, tmp_path: Path) -> None:
    bench.box.jetbuilt_faults.add(FaultRule(name="garbled", path="/projects", action="garble"))
    ended = await commands.run("sync", env=bench.environment(), cwd=tmp_path)
    assert ended.code == 1
    assert "Jetbuilt" in ended.err.splitlines()[-1]
    assert "Traceback" not in ended.err
    bench.box.jetbuilt_faults.clear()
    assert (await bench.settled()).seen == 3


async def test_one_spoiled_project_in_a_list_does_not_hide_the_others(open_bench: OpenBench) -> None:
    """A list is one answer: a project that cannot be read must not keep all others from being polled."""
    bench = await open_bench(projects=6)
    family = bench.families()[3]
    bench.box.jetbuilt.edit_project(family, name=17)
    summary = await bench.sync()
    (job,) = summary.unsettled
    assert job.key == f"jetbuilt/project/{family}"
    enqueued = await bench.expected()
    assert bench.books.opportunities().keys() == enqueued.keys() - {f"jetbuilt:{family}"}
