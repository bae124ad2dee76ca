"""Rebuilds the links of opportunities, and the known options, from the external ids in ConnectWise."""

from __future__ import annotations

from collections import defaultdict

import msgspec

from cwbridge.connectors.connectwise import client as connectwise
from cwbridge.connectors.connectwise.conditions import field
from cwbridge.ledger.links import Link, Links
from cwbridge.linker import ForeignLink, LinkChange, Rebuilt
from cwbridge.redis import Redis
from worker.opportunity.dependents import key_of
from worker.opportunity.known_options import KnownOptions
from worker.opportunity.project_key import ProjectKey

_OURS = "jetbuilt:%"
_AT_ONCE = 100


async def rebuild_links(
    client: connectwise.ConnectWiseClient, redis: Redis, *, namespace: str, dry_run: bool
) -> Rebuilt:
    """Compare, and unless `dry_run` correct the links; keys that several opportunities claim are left to a person."""
    links = Links(redis, namespace=namespace)
    found = await _found(client)
    known = await links.all("opportunity")
    done = _compare(found, known, dry_run=dry_run)
    keys = {str(key) for key in found}
    await _look_at_cleared(client, done, {key: link for key, link in known.items() if key not in keys})
    if not dry_run:
        for key, target in [*done.added.items(), *((change.key, change.target) for change in done.changed)]:
            await links.put("opportunity", key, Link(target=target, how="external_id"))
        await _note_options(KnownOptions(redis, links, namespace=namespace), found)
    return done


async def _found(client: connectwise.ConnectWiseClient) -> dict[ProjectKey, list[int]]:
    rows = await client.opportunities.find(field("source").like(_OURS), fields=("source",))
    found: dict[ProjectKey, list[int]] = defaultdict(list)
    for row in rows:
        key = key_of(row.source)
        if key is not None:
            found[key].append(row.id)
    return dict(sorted(found.items(), key=lambda item: (item[0].family, item[0].option or 0)))


def _compare(found: dict[ProjectKey, list[int]], links: dict[str, Link], *, dry_run: bool) -> Rebuilt:
    done = Rebuilt(dry_run=dry_run, found=sum(len(targets) for targets in found.values()))
    unchanged = 0
    for key, targets in found.items():
        link = links.get(str(key))
        if link is not None and link.target in targets:
            unchanged += 1
            if len(targets) > 1:
                done.doubled[str(key)] = [target for target in targets if target != link.target]
        elif link is not None and link.how == "person":
            done.kept.append(
                LinkChange(key=str(key), before=link.target, target=targets[0], why="a person chose it")
            )
        elif len(targets) > 1:
            done.ambiguous[str(key)] = targets
        elif link is None:
            done.added[str(key)] = targets[0]
        else:
            done.changed.append(LinkChange(key=str(key), before=link.target, target=targets[0]))
    return msgspec.structs.replace(done, unchanged=unchanged)


async def _look_at_cleared(
    client: connectwise.ConnectWiseClient, done: Rebuilt, links: dict[str, Link]
) -> None:
    """Sort a linked key whose external id no opportunity carries by its reason."""
    sources = await _sources(client, [link.target for link in links.values()])
    for key, link in links.items():
        if link.target not in sources:
            done.gone[key] = link.target
        elif (other := key_of(sources[link.target])) is not None and not _moved(key, other, link):
            done.foreign.append(ForeignLink(key=key, target=link.target, other=str(other)))
        elif link.fingerprint:
            done.cleared[key] = link.target
        else:
            done.pending[key] = link.target


def _moved(key: str, other: ProjectKey, link: Link) -> bool:
    """Whether an option got a new id: its opportunity carries the old external id until the next run."""
    return other.family == ProjectKey.parse(key).family and not link.fingerprint


async def _sources(client: connectwise.ConnectWiseClient, ids: list[int]) -> dict[int, str | None]:
    """The field Source of those opportunities that exist."""
    found: dict[int, str | None] = {}
    for start in range(0, len(ids), _AT_ONCE):
        asked = field("id").one_of(ids[start : start + _AT_ONCE])
        rows = await client.opportunities.find(asked, fields=("source",))
        found |= {row.id: row.source for row in rows}
    return found


async def _note_options(options: KnownOptions, found: dict[ProjectKey, list[int]]) -> None:
    """Record a linked option as known, so that its end is noticed; its next run stores its name."""
    for family in {key.family for key in found if key.option is not None}:
        known = await options.known(family)
        for key in found:
            if key.family == family and key.option is not None and key.option not in known:
                await options.note(family, key.option, "")
