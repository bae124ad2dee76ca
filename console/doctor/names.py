"""Resolves the names of the settings: found, will be created, inactive, or missing, with the closest existing ones."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

from console.doctor.opening import Opening
from cwbridge import checks
from cwbridge.checks import AskedName, Check, KnownName, NameList, Result
from cwbridge.flow import Flow
from cwbridge.text import folded

_CLOSE = 0.5
_SHOWN = 6
_LONGEST = 60


def name_checks(opening: Opening, flows: Sequence[Flow]) -> list[Check]:
    """A check for each list of names that the settings use."""
    return [
        _check(opening, listed) for flow in flows for listed in flow.names(opening.settings) if listed.asked
    ]


def _check(opening: Opening, listed: NameList) -> Check:
    what = f"{listed.system.title} {listed.noun}"

    async def look() -> Sequence[Result]:
        known = await listed.read(await opening.client(listed.system))
        return resolved(what, listed, known)

    return Check(name=what, run=look, seconds=20)


def resolved(what: str, listed: NameList, known: Sequence[KnownName]) -> list[Result]:
    """One result for all names that need nothing, and one for each other name."""
    by_name: dict[str, list[KnownName]] = {}
    for row in known:
        for name in {folded(name) for name in row.names}:
            by_name.setdefault(name, []).append(row)
    found: dict[str, None] = {}
    created: dict[str, None] = {}
    others = []
    for asked in listed.asked:
        rows = by_name.get(folded(asked.name), [])
        active = [row for row in rows if row.active]
        if len(active) == 1:
            found[_quoted(asked.name)] = None
        elif not rows and asked.missing == "created":
            created[_quoted(asked.name)] = None
        else:
            others.append(_told(what, listed, asked, rows, known))
    parts = [f"found: {', '.join(found)}"] if found else []
    parts += [f"will be created: {', '.join(created)}"] if created else []
    return [*([checks.ok(what, "; ".join(parts))] if parts else []), *others]


def _told(
    what: str, listed: NameList, asked: AskedName, rows: Sequence[KnownName], known: Sequence[KnownName]
) -> Result:
    where = f"{_quoted(asked.name)} ({asked.setting})"
    active = [row for row in rows if row.active]
    title = listed.system.title
    if len(active) > 1 and asked.missing != "left out":
        return checks.broken(
            what,
            f"{where} is the name of {len(active)} rows",
            f"Rename all but one in {title}, or name another in {asked.setting}.",
        )
    if rows:
        return checks.broken(
            what, f"{where} is inactive", f"Activate it in {title}, or name another in {asked.setting}."
        )
    detail = f"{where} is missing; {_closest(asked.name, known)}"
    remedy = f"Create it in {title} or correct {asked.setting}."
    if asked.missing == "left out":
        return checks.warning(what, f"{detail}; records are written without it", remedy)
    return checks.broken(what, detail, remedy)


def _closest(name: str, known: Sequence[KnownName]) -> str:
    """The existing names that look like it, else the first few."""
    names = {folded(one): one for row in known if row.active for one in row.names}
    close = difflib.get_close_matches(folded(name), names, n=3, cutoff=_CLOSE)
    if close:
        return f"closest: {', '.join(_quoted(names[one]) for one in close)}"
    shown = list(dict.fromkeys(row.names[0] for row in known if row.active))
    if not shown:
        return "there is none"
    more = f" and {len(shown) - _SHOWN} more" if len(shown) > _SHOWN else ""
    return f"there are: {', '.join(map(_quoted, shown[:_SHOWN]))}{more}"


def _quoted(name: str) -> str:
    return repr(name if len(name) <= _LONGEST else name[: _LONGEST - 3] + "...")
