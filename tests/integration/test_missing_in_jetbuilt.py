"""What ends an opportunity is its own record's absence, and that the list does not show it: no other 404 does."""

from __future__ import annotations

import pytest

from sandbox.faults import FaultRule
from tests.support.bench import Bench
from tests.support.books import Row


def missing(bench: Bench, path: str) -> None:
    """Jetbuilt answers 404 to that path, in its own form."""
    bench.box.jetbuilt_faults.add(FaultRule(name=path, action="fail", method="GET", path=path, status=404))


def notes(bench: Bench) -> list[Row]:
    return bench.books.rows("sales/opportunities/notes")


def with_option(bench: Bench) -> tuple[int, int]:
    """A family with an option, and the option."""
    for family in bench.families():
        options = bench.box.jetbuilt.project(bench.active(family)).options
        if options:
            return family, options[0].id
    raise AssertionError("this world has no option")


@pytest.fixture
async def settled(bench: Bench) -> Bench:
    bench.changes = {"queue": {"max_attempts": 2}}
    await bench.settled()
    return bench


async def renamed(bench: Bench, family: int, name: str) -> None:
    await bench.jetbuilt.patch(f"/projects/{bench.active(family)}", name=name)


async def test_a_client_that_is_missing_ends_neither_the_project_nor_its_options(settled: Bench) -> None:
    family, option = with_option(settled)
    missing(settled, "/clients/*")
    await renamed(settled, family, "Renamed")
    await settled.sync()

    for key in (f"jetbuilt/project/{family}", f"jetbuilt/project/{family}/option/{option}"):
        job = await settled.job(key)
        assert job is not None
        assert job.failure is not None
        assert "does not have the client" in job.failure.cause
    assert notes(settled) == []


async def test_a_parent_that_is_missing_does_not_block_its_client(bench: Bench) -> None:
    store = bench.box.jetbuilt
    user = next(iter(store.users)).id
    parent = store.clients.add({"user_id": user, "company_name": "Larkspur Group"})
    child = store.clients.add(
        {"user_id": user, "company_name": "Larkspur Observatory", "parent_id": parent.id}
    )
    project = store.add_plain_project(lines=1, name="Dome")
    store.edit_project(project.id, client_id=child.id)
    missing(bench, f"/clients/{parent.id}")

    await bench.settled()

    company = bench.books.row(
        "company/companies", bench.books.opportunity(f"jetbuilt:{project.id}")["company"]
    )
    assert (company["name"], company.get("parentCompany")) == ("Larkspur Observatory", None)
    told = (await bench.history(f"jetbuilt/project/{project.id}"))[0].matches
    assert any(f"client {parent.id} as parent and does not have it" in match for match in told)


@pytest.mark.parametrize("what", ["project", "option"])
async def test_what_the_list_shows_has_not_ended(settled: Bench, what: str) -> None:
    family, option = with_option(settled)
    active = settled.active(family)
    key = f"jetbuilt/project/{family}" + (f"/option/{option}" if what == "option" else "")
    path = f"/projects/{active}" + (f"/options/{option}" if what == "option" else "")
    await renamed(settled, family, "Renamed")
    missing(settled, path)
    if what == "project":
        missing(settled, f"/projects/{family}")
    await settled.sync(key)

    job = await settled.job(key)
    assert job is not None
    assert job.failure is not None
    assert "lists a record and answers that it does not exist" in job.failure.cause
    assert notes(settled) == []

    settled.box.jetbuilt_faults.clear()
    await settled.settled(key)
    external_id = key.replace("jetbuilt/project/", "jetbuilt:").replace("/option/", ":option:")
    assert "Renamed" in settled.books.opportunity(external_id)["name"]
