"""The settings reference, generated from the settings classes so that it is never out of date."""

from __future__ import annotations

import ast
import inspect
import itertools
import textwrap
from collections.abc import Iterator
from datetime import timedelta

import pydantic
from pydantic.fields import FieldInfo

from console import flows
from cwbridge import settings as settings_module
from cwbridge.settings.sections import Section

_INTRODUCTION = """# Settings

One file, `cwbridge.toml` in the working directory (or the file that `CWBRIDGE_CONFIG` names), with a table per section. Every
value can also be given as the environment variable beside it, which wins over the file. Secrets can also be files: one per
secret, named like the variable in lower case (`cwbridge_jetbuilt__api_key`), in `/run/secrets` or in the directory of systemd
credentials; other files there are not read. Unknown names and wrong types are refused at start with the name of the setting.

Durations are written with their unit (`250ms`, `10s`, `5m`, `6h`, `30d`), rates as `50/10s` (or `off`). A system without a URL is
switched off. This page is printed by `cwbridge settings`.
"""


def settings_page() -> str:
    """The whole page as Markdown."""
    return "\n".join([_INTRODUCTION, *_tables()]) + "\n"


def meanings(table: type[pydantic.BaseModel]) -> dict[str, str]:
    """What each setting of a table means: the string under it in the source.

    pydantic can read it too, but then every command spends a third of its start on it, and only this page needs it.
    """
    found: dict[str, str] = {}
    for cls in reversed(table.__mro__):
        if issubclass(cls, pydantic.BaseModel) and cls.__module__.partition(".")[0] != "pydantic":
            found.update(_documented(cls))
    return {name: found.get(name, "") for name in table.model_fields}


def _documented(cls: type) -> Iterator[tuple[str, str]]:
    try:
        source = inspect.getsource(cls)
    except (OSError, TypeError):
        return  # The class that joins the tables is made by the program.
    body = [
        statement
        for one in ast.parse(textwrap.dedent(source)).body
        for statement in ast.iter_child_nodes(one)
    ]
    for field, text in itertools.pairwise(body):
        match field, text:
            case (
                ast.AnnAssign(target=ast.Name(id=name)),
                ast.Expr(value=ast.Constant(value=str() as meaning)),
            ):
                yield name, inspect.cleandoc(meaning)


def _tables() -> Iterator[str]:
    sections = {}
    yield from _head("General")
    everything = settings_module.with_tables(*flows.registered().tables)
    general = meanings(everything)
    for name, field in everything.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, Section):
            sections[name] = kind
        else:
            yield _row((name,), field, general[name])
    for name, section in sections.items():
        yield ""
        yield from _head(f"[{name}]")
        options = meanings(section)
        for option, field in section.model_fields.items():
            yield _row((name, option), field, options[option])


def _head(title: str) -> Iterator[str]:
    yield f"## {title}"
    yield ""
    yield "| setting | environment | default | meaning |"
    yield "| --- | --- | --- | --- |"


def _row(path: tuple[str, ...], field: FieldInfo, meaning: str) -> str:
    cells = (
        f"`{path[-1]}`",
        f"`{settings_module.variable(*path)}`",
        _shown(field.default),
        meaning,
    )
    return "| " + " | ".join(cell.replace("\n", " ").replace("|", "\\|") for cell in cells) + " |"


def _shown(value: object) -> str:
    """A default as it would be written in the file."""
    match value:
        case None:
            return "unset"
        case timedelta():
            return f"`{_length(value)}`"
        case tuple() | dict() if not value:
            return "empty"
        case _:
            return f"`{value}`"


def _length(value: timedelta) -> str:
    seconds = round(value.total_seconds())
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds >= size and seconds % size == 0:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"
