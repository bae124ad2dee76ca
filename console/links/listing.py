"""`cwbridge links list` and `show`: the ledger as it stands; ConnectWise is not asked."""

from __future__ import annotations

import asyncio
from fnmatch import fnmatchcase
from typing import Annotated, get_args

import msgspec
import typer

from console import lifecycle, loading, output
from console.links import naming
from cwbridge.ledger.links import How, Kind, Link, Links
from cwbridge.ledger.named import LinkName
from cwbridge.redis import Redis
from cwbridge.settings import Settings

Name = Annotated[
    str,
    typer.Argument(
        metavar="KEY",
        help="jetbuilt/project/97737, jetbuilt:client:8801, jetbuilt:contact:55@120 or jetbuilt:site:main@120.",
    ),
]


class Linked(msgspec.Struct, frozen=True, kw_only=True):
    """One link with its name, for people and programs."""

    name: str
    kind: Kind
    source: str
    target: int
    how: str
    finished: str
    fingerprint: str
    state: str
    begun: str
    at_ms: int

    @classmethod
    def of(cls, name: LinkName, link: Link) -> Linked:
        return cls(name=str(name), kind=name.kind, source=name.source, **msgspec.structs.asdict(link))


def list_links(
    kind: Annotated[Kind | None, typer.Option("--kind", help="Only links of this kind.")] = None,
    how: Annotated[How | None, typer.Option("--how", help="Only links found in this way.")] = None,
    key: Annotated[
        str,
        typer.Option("--key", metavar="GLOB", help="Only names of this pattern, e.g. 'jetbuilt:client:*'."),
    ] = "",
    limit: Annotated[int | None, typer.Option("--most", min=1, help="At most so many.")] = None,
    as_json: output.AsJson = False,
) -> None:
    """What is linked to what, and how it was found."""

    async def main(_stop: asyncio.Event) -> int:
        settings = loading.settings()
        async with lifecycle.existing_store(settings) as redis:
            found = await _found(settings, redis, kind, how, key)
        shown = found[:limit]
        if as_json:
            output.as_json(shown)
            return lifecycle.SETTLED
        if shown:
            output.console().print(_table(shown))
        output.console().print(f"{len(shown)} of {len(found)} links" if shown else "No such links.")
        return lifecycle.SETTLED

    raise typer.Exit(lifecycle.run(main))


def show_link(name: Name, as_json: output.AsJson = False) -> None:
    """One link: its record in ConnectWise, how it was found and when."""

    async def main(_stop: asyncio.Event) -> int:
        settings = loading.settings()
        named = naming.named(name)
        async with lifecycle.existing_store(settings) as redis:
            link = await Links(redis, namespace=settings.namespace).get(named.kind, named.source)
        if as_json:
            output.as_json(None if link is None else Linked.of(named, link))
        elif link is None:
            output.console().print(f"{output.escape(named)} is not linked.")
        else:
            output.console().print(_table([Linked.of(named, link)]))
        return lifecycle.FAILED if link is None else lifecycle.SETTLED

    raise typer.Exit(lifecycle.run(main))


async def _found(
    settings: Settings, redis: Redis, kind: Kind | None, how: How | None, key: str
) -> list[Linked]:
    links = Links(redis, namespace=settings.namespace)
    kinds: tuple[Kind, ...] = get_args(Kind) if kind is None else (kind,)
    return [
        Linked.of(name, link)
        for one in kinds
        for name, link in sorted(
            (LinkName(one, source), link) for source, link in (await links.all(one)).items()
        )
        if how in {None, link.how} and (not key or fnmatchcase(str(name), key))
    ]


def _table(links: list[Linked]) -> object:
    return output.table(
        "Links",
        ("name", "kind", "ConnectWise id", "found by", "since", "finished"),
        (
            (link.name, link.kind, link.target, link.how, output.moment(link.at_ms), link.finished)
            for link in links
        ),
    )
