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
_AT_ONCE = 100


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """A link whose opportunity is not the one with the mark; `why` it stays, empty when it was changed."""

    key: str
    before: int
    target: int
    why: str = ""


class Foreign(msgspec.Struct, frozen=True, kw_only=True):
    """A link whose opportunity carries the mark of `other`."""

    key: str
    target: int
    other: str


class Rebuilt(msgspec.Struct, frozen=True, kw_only=True):
    """What the marks say beside what the ledger said."""

    dry_run: bool
    identified: int
    unchanged: int = 0
    added: dict[str, int] = {}
    changed: list[Change] = []
    kept: list[Change] = []
    ambiguous: dict[str, list[int]] = {}
    doubled: dict[str, list[int]] = {}
    """Opportunities that carry the mark of a key beside the one it is linked to."""
    gone: dict[str, int] = {}
    """Links to opportunities that ConnectWise no longer has."""
    foreign: list[Foreign] = []
    """Links to opportunities that carry the mark of another key."""
    pending: dict[str, int] = {}
    """Links to opportunities without the mark, or with that of an option of old; the next run writes it."""
    unidentified: dict[str, int] = {}
    """Links to opportunities whose mark somebody has cleared."""

    @property
    def asks_a_person(self) -> bool:
        return any((self.kept, self.ambiguous, self.doubled, self.gone, self.foreign, self.unidentified))


async def rebuild_links(
    client: connectwise.ConnectWiseClient, redis: Redis, *, namespace: str, dry_run: bool
) -> Rebuilt:
    """Compare, and unless `dry_run` put what differs; what several opportunities claim is left to a person."""
    links = Links(redis, namespace=namespace)
    identified = await _identified(client)
    known = await links.all("opportunity")
    done = _compare(identified, known, dry_run=dry_run)
    keys = {str(key) for key in identified}
    await _look_at_unidentified(client, done, {key: link for key, link in known.items() if key not in keys})
    if not dry_run:
        for key, target in [*done.added.items(), *((change.key, change.target) for change in done.changed)]:
            await links.put("opportunity", key, Link(target=target, how="external_id"))
        await _note_options(Options(redis, links, namespace=namespace), identified)
    return done


async def _identified(client: connectwise.ConnectWiseClient) -> dict[Key, list[int]]:
    rows = await client.opportunities.find(field("source").like(_OURS), fields=("source",))
    identified: dict[Key, list[int]] = defaultdict(list)
    for row in rows:
        key = key_of(row.source)
        if key is not None:
            identified[key].append(row.id)
    return dict(sorted(identified.items(), key=lambda item: (item[0].family, item[0].option or 0)))


def _compare(identified: dict[Key, list[int]], links: dict[str, Link], *, dry_run: bool) -> Rebuilt:
    done = Rebuilt(dry_run=dry_run, identified=sum(len(targets) for targets in identified.values()))
    unchanged = 0
    for key, targets in identified.items():
        link = links.get(str(key))
        if link is not None and link.target in targets:
            unchanged += 1
            if len(targets) > 1:
                done.doubled[str(key)] = [target for target in targets if target != link.target]
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
    return msgspec.structs.replace(done, unchanged=unchanged)


async def _look_at_unidentified(
    client: connectwise.ConnectWiseClient, done: Rebuilt, links: dict[str, Link]
) -> None:
    """Why no opportunity carries the mark of a key that is linked."""
    sources = await _sources(client, [link.target for link in links.values()])
    for key, link in links.items():
        if link.target not in sources:
            done.gone[key] = link.target
        elif (other := key_of(sources[link.target])) is not None and not _moved(key, other, link):
            done.foreign.append(Foreign(key=key, target=link.target, other=str(other)))
        elif link.fingerprint:
            done.unidentified[key] = link.target
        else:
            done.pending[key] = link.target


def _moved(key: str, other: Key, link: Link) -> bool:
    """An option that got a new id: its opportunity carries the old mark until the next run."""
    return other.family == Key.parse(key).family and not link.fingerprint


async def _sources(client: connectwise.ConnectWiseClient, ids: list[int]) -> dict[int, str | None]:
    """The marks of those opportunities that exist."""
    found: dict[int, str | None] = {}
    for start in range(0, len(ids), _AT_ONCE):
        asked = field("id").one_of(ids[start : start + _AT_ONCE])
        rows = await client.opportunities.find(asked, fields=("source",))
        found |= {row.id: row.source for row in rows}
    return found


async def _note_options(options: Options, identified: dict[Key, list[int]]) -> None:
    """So that the end of an option is noticed; its name comes back with its next run."""
    for family in {key.family for key in identified if key.option is not None}:
        known = await options.known(family)
        for key in identified:
            if key.family == family and key.option is not None and key.option not in known:
                await options.note(family, key.option, "")
