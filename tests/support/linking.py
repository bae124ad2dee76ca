"""What tests of links do again and again: the ledger of a bench, and answers of a person."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from console import flows
from cwbridge import connections
from cwbridge.flow import Flow, FlowContext
from cwbridge.ledger.links import Links
from cwbridge.linker import Linker, LinkName, Rebuilt, Relinked
from tests.support.bench import Bench


def links_of(bench: Bench) -> Links:
    return Links(bench.redis, namespace=bench.namespace)


def named(name: str) -> LinkName:
    return flows.registered().link_name(name)[1]


@asynccontextmanager
async def linker_of(bench: Bench, flow: Flow) -> AsyncIterator[Linker]:
    settings = bench.settings()
    async with connections.open_all(settings, bench.redis, flow.systems) as clients:
        yield flow.linker(FlowContext.over(settings, bench.redis, clients))


async def relink(bench: Bench, name: str, target: int) -> Relinked:
    """A person chooses the record of an object of any flow."""
    flow, link = flows.registered().link_name(name)
    async with linker_of(bench, flow) as linker:
        return await linker.relink(link, target)


async def rebuild(bench: Bench, *, dry_run: bool = False) -> Rebuilt:
    flow = flows.registered().get("opportunity")
    assert flow is not None
    async with linker_of(bench, flow) as linker:
        return await linker.rebuild(dry_run=dry_run)


def another_opportunity(bench: Bench, source: str = "", **changed: Any) -> dict[str, Any]:
    """An opportunity made by hand, like an exported one but for its external id."""
    like = next(iter(bench.books.opportunities().values()))
    fields = {name: value for name, value in like.items() if name not in {"id", "_info", "source"}}
    return bench.box.connectwise.add("sales/opportunities", **{**fields, "source": source, **changed})


def another_site(bench: Bench, company: int, name: str) -> dict[str, Any]:
    return bench.box.connectwise.add("company/companies/sites", name=name, company={"id": company})


def enqueued_in(out: str) -> set[str]:
    return {line.removeprefix("enqueued: ") for line in out.splitlines() if line.startswith("enqueued: ")}


async def client_of(bench: Bench, family: int) -> dict[str, Any]:
    project = await bench.jetbuilt.get(f"/projects/{bench.active(family)}")
    client: dict[str, Any] = await bench.jetbuilt.get(f"/clients/{project['client']['id']}")
    return client
