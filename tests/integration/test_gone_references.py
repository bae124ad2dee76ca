"""A record that ConnectWise no longer has is dropped from the ledger and resolved anew within the run; no other link is touched."""

from __future__ import annotations

from typing import Any

import pytest

from cwbridge.ledger.links import Link, Links
from tests.support.bench import Bench

TABLES = {"contact": "company/contacts", "site": "company/companies/sites"}


async def links(bench: Bench) -> dict[str, dict[str, Link]]:
    ledger = Links(bench.redis, namespace=bench.namespace)
    return {kind: await ledger.all(kind) for kind in ("company", "contact", "site")}


def second_project(bench: Bench) -> tuple[int, dict[str, Any]]:
    """A new project of a client whose records are linked, and the opportunity of an older one."""
    store = bench.box.jetbuilt
    before = store.project(bench.active(bench.families()[0]))
    project = store.add_plain_project(lines=1, name="Annex")
    store.edit_project(project.id, client_id=before.client_id, office_id=before.office_id)
    return project.id, bench.books.opportunity(f"jetbuilt:{before.family_id}")


@pytest.mark.parametrize("code", ["InvalidField", "NotFound"])
@pytest.mark.parametrize("kind", ["contact", "site"])
async def test_a_deleted_record_is_resolved_anew_within_the_run(bench: Bench, kind: str, code: str) -> None:
    bench.changes = {"queue": {"max_attempts": 1}}
    bench.box.connectwise.modes.missing_reference = code  # type: ignore[assignment]
    await bench.settled()
    project, older = second_project(bench)
    gone = older[kind]["id"]
    before = await links(bench)
    bench.box.connectwise.remove(TABLES[kind], gone)

    await bench.settled()

    own = bench.books.opportunity(f"jetbuilt:{project}")
    assert own["company"] == older["company"]
    assert bench.books.row(TABLES[kind], own[kind])["id"] != gone
    after = await links(bench)
    assert {name for name, link in before[kind].items() if after[kind].get(name) != link} == {
        name for name, link in before[kind].items() if link.target == gone
    }
    assert {k: v for k, v in after.items() if k != kind} == {k: v for k, v in before.items() if k != kind}


@pytest.mark.parametrize("code", ["InvalidField", "NotFound"])
async def test_deleted_catalog_items_are_made_anew_line_by_line_within_the_run(
    bench: Bench, code: str
) -> None:
    bench.changes = {"queue": {"max_attempts": 1}, "opportunity": {"line_strategy": "recreate"}}
    bench.box.connectwise.modes.missing_reference = code  # type: ignore[assignment]
    await bench.settled()
    family = bench.families()[0]
    external_id = f"jetbuilt:{family}"
    used = {row["catalogItem"]["id"] for row in bench.books.products(external_id)}
    assert len(used) > 2
    for item in used:
        bench.box.connectwise.remove("procurement/catalog", item)

    project = bench.box.jetbuilt.project(bench.active(family))
    line = next(line for line in project.lines if line.option_id is None and line.kind == "physical")
    bench.box.jetbuilt.edit_line(project.id, line.id, price=line.price + 1)
    await bench.settled()

    bench.books.assert_hold((await bench.expected())[external_id])
    assert not used & {row["catalogItem"]["id"] for row in bench.books.products(external_id)}


async def test_a_company_deleted_for_good_is_made_anew(bench: Bench) -> None:
    await bench.settled()
    project, older = second_project(bench)
    bench.box.connectwise.remove("company/companies", older["company"]["id"])
    for kind, table in TABLES.items():
        bench.box.connectwise.remove(table, older[kind]["id"])

    await bench.settled()

    own = bench.books.opportunity(f"jetbuilt:{project}")
    assert own["company"] != older["company"]
    assert not bench.books.row("company/companies", own["company"]).get("deletedFlag")
