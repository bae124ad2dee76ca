"""What a rebuilding of the links has found, told to a person: each case with what is to be done about it."""

from __future__ import annotations

from collections.abc import Iterator

from console import output
from console.links.rebuilding import Rebuilt
from cwbridge.keys import Key

_SHOWN = 20


def say(done: Rebuilt) -> None:
    console = output.console()
    for line in (*_done(done), *_about_external_ids(done), *_about_links(done)):
        console.print(output.escape(line))
    ask = "some need a person, see above" if done.asks_a_person else "nothing needs a person"
    console.print(
        f"{done.identified} marked opportunities: {len(done.added)} links added, {len(done.changed)} changed, "
        f"{done.unchanged} unchanged; {ask}"
    )


def _done(done: Rebuilt) -> Iterator[str]:
    would = "would be " if done.dry_run else ""
    for key, target in list(done.added.items())[:_SHOWN]:
        yield f"{would}added: {key} to opportunity {target}"
    if len(done.added) > _SHOWN:
        yield f"... and {len(done.added) - _SHOWN} more (--json names them all)"
    for change in done.changed:
        yield f"{would}changed: {change.key} from opportunity {change.before} to {change.target}"


def _about_external_ids(done: Rebuilt) -> Iterator[str]:
    for kept in done.kept:
        yield (
            f"kept: {kept.key} at opportunity {kept.before} ({kept.why}); its mark is on {kept.target}"
            f"  ->  Clear the field Source of {kept.target} in ConnectWise, "
            f"or choose it: cwbridge links relink {kept.key} --to {kept.target}"
        )
    for key, targets in done.ambiguous.items():
        yield (
            f"ambiguous: {key}: opportunities {_listed(targets)} all carry {_external_id(key)}"
            f"  ->  Choose one: cwbridge links relink {key} --to ID"
        )
    for key, targets in done.doubled.items():
        yield (
            f"doubled: {key}: {_external_id(key)} is also on {_listed(targets)}, to which it is not linked"
            f"  ->  Clear the field Source there in ConnectWise, or choose: cwbridge links relink {key} --to ID"
        )


def _about_links(done: Rebuilt) -> Iterator[str]:
    for key, target in done.gone.items():
        yield (
            f"gone: {key} is linked to opportunity {target}, which ConnectWise no longer has  ->  Bring it back, "
            f"or have it made anew: cwbridge links unlink {key}, then cwbridge sync {key}"
        )
    for foreign in done.foreign:
        yield (
            f"foreign: {foreign.key} is linked to opportunity {foreign.target}, which carries the mark of "
            f"{foreign.other}  ->  Forget the link: cwbridge links unlink {foreign.key}; or, if it is right, "
            f"write {_external_id(foreign.key)} into the field Source in ConnectWise"
        )
    for key, target in done.unidentified.items():
        yield (
            f"without mark: {key} is linked to opportunity {target}, whose mark was cleared"
            f"  ->  Write {_external_id(key)} into its field Source in ConnectWise, or: cwbridge links unlink {key}"
        )
    for key, target in done.pending.items():
        yield f"not written yet: {key} is linked to opportunity {target}; its next run leaves the mark"


def _external_id(key: str) -> str:
    return Key.parse(key).external_id


def _listed(targets: list[int]) -> str:
    return ", ".join(map(str, targets))
