"""Prints what a rebuild of the links found, each case with its remedy."""

from __future__ import annotations

from collections.abc import Iterator

from console import output
from cwbridge.flow import Flow
from cwbridge.linker import Rebuilt

_SHOWN = 20


def say(done: Rebuilt, flow: Flow) -> None:
    """Print the report of one flow."""
    console = output.console()
    for line in (*_done(done, flow), *_about_external_ids(done, flow), *_about_links(done, flow)):
        console.print(output.escape(line))
    what = "with an external id" if flow.external_id_field else "found again"
    nouns = (
        flow.link_kinds[0].plural
        if flow.external_id_field
        else " and ".join(kind.plural for kind in flow.link_kinds if kind.is_rebuilt)
    )
    ask = "a person must decide on some, see above" if done.needs_a_person else "no decision is needed"
    console.print(
        f"{done.found} {nouns} {what}: {len(done.added)} links added, "
        f"{len(done.changed)} changed, {done.unchanged} unchanged; {ask}"
    )


def _done(done: Rebuilt, flow: Flow) -> Iterator[str]:
    would, noun = "would be " if done.dry_run else "", flow.link_kinds[0].name
    for key, target in list(done.added.items())[:_SHOWN]:
        yield f"{would}added: {key} to {flow.link_of(key).kind} {target}"
    if len(done.added) > _SHOWN:
        yield f"... and {len(done.added) - _SHOWN} more (--json names them all)"
    for change in done.changed:
        yield f"{would}changed: {change.key} from {noun} {change.before} to {change.target}"


def _about_external_ids(done: Rebuilt, flow: Flow) -> Iterator[str]:
    noun, field = flow.link_kinds[0].name, flow.external_id_field
    for kept in done.kept:
        yield (
            f"kept: {kept.key} at {noun} {kept.before} ({kept.why}); its external id is on {kept.target}"
            f"  ->  Clear the field {field} of {kept.target}, "
            f"or choose it: cwbridge links relink {kept.key} --to {kept.target}"
        )
    for key, targets in done.ambiguous.items():
        yield _ambiguous(key, targets, flow)
    for key, targets in done.doubled.items():
        yield (
            f"doubled: {key}: {flow.external_id(key)} is also on {_listed(targets)}, to which it is not linked"
            f"  ->  Clear the field {field} there, or choose: cwbridge links relink {key} --to ID"
        )


def _about_links(done: Rebuilt, flow: Flow) -> Iterator[str]:
    noun, field = flow.link_kinds[0].name, flow.external_id_field
    for key, target in done.gone.items():
        yield (
            f"gone: {key} is linked to {flow.link_of(key).kind} {target}, which no longer exists  ->  Restore it, "
            f"or have a new one created: cwbridge links unlink {key}, then cwbridge sync {key}"
        )
    for foreign in done.foreign:
        yield (
            f"foreign: {foreign.key} is linked to {noun} {foreign.target}, which carries the external id of "
            f"{foreign.other}  ->  Remove the link: cwbridge links unlink {foreign.key}; or, if it is right, "
            f"write {flow.external_id(foreign.key)} into the field {field}"
        )
    for key, target in done.cleared.items():
        yield (
            f"cleared: {key} is linked to {noun} {target}, whose external id was cleared"
            f"  ->  Write {flow.external_id(key)} into its field {field}, or: cwbridge links unlink {key}"
        )
    for key, target in done.pending.items():
        yield f"not written yet: {key} is linked to {noun} {target}; its next run writes the external id"


def _ambiguous(key: str, targets: list[int], flow: Flow) -> str:
    if not targets:
        return f"refused: {key}: its job says why and what to do  ->  cwbridge sync {key}"
    plural = {kind.name: kind.plural for kind in flow.link_kinds}[flow.link_of(key).kind]
    fit = f"carry {flow.external_id(key)}" if flow.external_id_field else "fit"
    return (
        f"ambiguous: {key}: {plural} {_listed(targets)} all {fit}"
        f"  ->  Choose one: cwbridge links relink {key} --to ID"
    )


def _listed(targets: list[int]) -> str:
    return ", ".join(map(str, targets))
