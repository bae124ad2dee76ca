"""What tests of links do again and again: the ledger of a bench, and answers of a person."""

from __future__ import annotations

from typing import Any

from console.links.rebuilding import Rebuilt, rebuild_links
from console.links.relinking import Relinked, Relinker
from cwbridge import connections
from cwbridge.ledger.links import Links
from cwbridge.ledger.named import LinkName
from tests.support.bench import Bench


def links_of(bench: Bench) -> Links:
    return Links(bench.redis, namespace=bench.namespace)


async def relink(bench: Bench, name: str, target: int) -> Relinked:
    settings = bench.settings()
    async with (
        connections.open_connectwise(settings, bench.redis) as client,
        connections.open_jetbuilt(settings, bench.redis) as source,
    ):
        relinker = Relinker.over(settings, bench.redis, client, source)
        return await relinker.relink(LinkName.parse(name), target)


async def rebuild(bench: Bench, *, dry_run: bool = False) -> Rebuilt:
    settings = bench.settings()
    async with connections.open_connectwise(settings, bench.redis) as client:
        return await rebuild_links(client, bench.redis, namespace=bench.namespace, dry_run=dry_run)


def another_opportunity(bench: Bench, source: str = "", **changed: Any) -> dict[str, Any]:
    """An opportunity somebody made by hand, like one of ours but for its mark."""
    like = next(iter(bench.books.opportunities().values()))
    fields = {name: value for name, value in like.items() if name not in {"id", "_info", "source"}}
    return bench.box.connectwise.add("sales/opportunities", **{**fields, "source": source, **changed})


def another_site(bench: Bench, company: int, name: str) -> dict[str, Any]:
    return bench.box.connectwise.add("company/companies/sites", name=name, company={"id": company})


def wanted_in(out: str) -> set[str]:
    return {line.removeprefix("wanted: ") for line in out.splitlines() if line.startswith("wanted: ")}


async def client_of(bench: Bench, family: int) -> dict[str, Any]:
    project = await bench.jetbuilt.get(f"/projects/{bench.active(family)}")
    client: dict[str, Any] = await bench.jetbuilt.get(f"/clients/{project['client']['id']}")
    return client
