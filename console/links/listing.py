"""`cwbridge links list` and `show`: the stored links; no outside system is called."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import NoReturn, get_args

import msgspec
import typer

from console import exit_codes, output
from console.command import Bridge, link_of, on_store
from cwbridge.ledger.links import How, Link


class Linked(msgspec.Struct, frozen=True, kw_only=True):
    """One link with its name, for people and programs."""

    name: str
    kind: str
    target: int
    how: str
    finished: str
    fingerprint: str
    state: str
    begun: str
    parent: int
    at_ms: int

    @classmethod
    def of(cls, kind: str, identity: str, link: Link) -> Linked:
        return cls(name=identity, kind=kind, **msgspec.structs.asdict(link))


class Chosen(msgspec.Struct, frozen=True, kw_only=True):
    """The filters that a person gave; an empty text is none."""

    kind: str
    how: str
    pattern: str
    ended: bool

    def takes(self, identity: str, link: Link) -> bool:
        return (
            self.how in {"", link.how}
            and (not self.pattern or fnmatchcase(identity, self.pattern))
            and (bool(link.finished) or not self.ended)
        )


def list_links(chosen: Chosen, *, limit: int | None, as_json: bool) -> NoReturn:
    """Print the links that pass every filter given."""

    async def act(bridge: Bridge) -> int:
        kinds = [one.name for one in bridge.flows.link_kinds()]
        _refuse_unknown("--kind", chosen.kind, kinds)
        _refuse_unknown("--how", chosen.how, get_args(How))
        found = [
            Linked.of(one, identity, link)
            for one in kinds
            if chosen.kind in {"", one}
            for identity, link in sorted((await bridge.links.all(one)).items())
            if chosen.takes(identity, link)
        ]
        shown = found[:limit]
        if as_json:
            output.as_json(shown)
            return exit_codes.SETTLED
        if shown:
            output.console().print(_table(shown))
        output.console().print(f"{len(shown)} of {len(found)} links" if shown else "No such links.")
        return exit_codes.SETTLED

    on_store(act)


def show_link(text: str, *, as_json: bool) -> NoReturn:
    """Print one link."""

    async def act(bridge: Bridge) -> int:
        flow, name = link_of(bridge.flows, text)
        record = flow.record_of(text.strip())
        if record is not None:
            return await _show_record(bridge, *record, as_json=as_json)
        link = await bridge.links.get(name.kind, name.identity)
        linked = None if link is None else Linked.of(name.kind, name.identity, link)
        if as_json:
            output.as_json(linked)
        elif linked is None:
            output.console().print(f"{output.escape(name)} is not linked.")
        else:
            output.console().print(_table([linked]))
        return exit_codes.FAILED if link is None else exit_codes.SETTLED

    on_store(act, link=text)


async def _show_record(bridge: Bridge, kind: str, target: int, *, as_json: bool) -> int:
    """Print every link to one record of the target."""
    identities = (await bridge.links.of_targets(kind, [target])).get(target, ())
    stored = [(identity, await bridge.links.get(kind, identity)) for identity in identities]
    linked = [Linked.of(kind, identity, link) for identity, link in stored if link is not None]
    if as_json:
        output.as_json(linked)
    elif linked:
        output.console().print(_table(linked))
    else:
        output.console().print(f"Nothing is linked to {kind} {target}.")
    return exit_codes.SETTLED if linked else exit_codes.FAILED


def _refuse_unknown(option: str, given: str, known: list[str] | tuple[str, ...]) -> None:
    if given and given not in known:
        raise typer.BadParameter(f"{given!r} is none of: {', '.join(known)}", param_hint=option)


def _table(links: list[Linked]) -> object:
    return output.table(
        "Links",
        ("name", "kind", "target id", "found by", "since", "ended"),
        (
            (link.name, link.kind, link.target, link.how, output.moment(link.at_ms), link.finished)
            for link in links
        ),
    )
