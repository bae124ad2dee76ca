"""Rebuilds the links of opportunities, and the known options, from the marks that ConnectWise holds."""

from __future__ import annotations

from collections import defaultdict

import msgspec

from console.links.dependents import key_of
from cwbridge.connectors.connectwise import client as connectwise
from cwbridge.connectors.connectwise.conditions import field
from cwbridge.keys import Key
from cwbridge.ledger.links import Link, Links
from cwbridge.ledger.options import Options
from cwbridge.redis import Redis

_OURS = "jetbuilt:%"


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """A link whose opportunity is not the one with the mark; `why` it stays, empty when it was changed."""

    key: str
    before: int
    target: int
    why: str = ""


class Rebuilt(msgspec.Struct, frozen=True, kw_only=True):
    """What the marks say beside what the ledger said."""

    dry_run: bool
    marked: int
    unchanged: int = 0
    added: dict[str, int] = {}
    changed: list[Change] = []
    kept: list[Change] = []
    ambiguous: dict[str, list[int]] = {}
    unmarked: dict[str, int] = {}
    """Links to opportunities without the mark: deleted, or not written since they were relinked."""


async def rebuild_links(
    client: connectwise.ConnectWiseClient, redis: Redis, *, namespace: str, dry_run: bool
) -> Rebuilt:
    """Compare, and unless `dry_run` put what differs; what several opportunities claim is left to a person."""
    links = Links(redis, namespace=namespace)
    marked = await _marked(client)
    done = _compare(marked, await links.all("opportunity"), dry_run=dry_run)
    if not dry_run:
        for key, target in [*done.added.items(), *((change.key, change.target) for change in done.changed)]:
            await links.put("opportunity", key, Link(target=target, how="mark"))
        await _note_options(Options(redis, links, namespace=namespace), marked)
    return done


async def _marked(client: connectwise.ConnectWiseClient) -> dict[Key, list[int]]:
    rows = await client.opportunities.find(field("source").like(_OURS), fields=("source",))
    marked: dict[Key, list[int]] = defaultdict(list)
    for row in rows:
        key = key_of(row.source)
        if key is not None:
            marked[key].append(row.id)
    return dict(sorted(marked.items(), key=lambda item: (item[0].family, item[0].option or 0)))


def _compare(marked: dict[Key, list[int]], links: dict[str, Link], *, dry_run: bool) -> Rebuilt:
    done = Rebuilt(dry_run=dry_run, marked=sum(len(targets) for targets in marked.values()))
    unchanged = 0
    for key, targets in marked.items():
        link = links.get(str(key))
        if link is not None and link.target in targets:
            unchanged += 1
        elif link is not None and link.how == "person":
            done.kept.append(
                Change(key=str(key), before=link.target, target=targets[0], why="a person chose it")
            )
        elif len(targets) > 1:
            done.ambiguous[str(key)] = targets
        elif link is None:
            done.added[str(key)] = targets[0]
        else:
            done.changed.append(Change(key=str(key), before=link.target, target=targets[0]))
    known = {str(key) for key in marked}
    done.unmarked.update({key: link.target for key, link in links.items() if key not in known})
    return msgspec.structs.replace(done, unchanged=unchanged)


async def _note_options(options: Options, marked: dict[Key, list[int]]) -> None:
    """So that the end of an option is noticed; its name comes back with its next run."""
    for family in {key.family for key in marked if key.option is not None}:
        known = await options.known(family)
        for key in marked:
            if key.family == family and key.option is not None and key.option not in known:
                await options.note(family, key.option, "")
