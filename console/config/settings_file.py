"""The text of a settings file: every setting with its meaning, what the systems have as choices, and what is set now."""

from __future__ import annotations

import typing
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pydantic import SecretStr
from pydantic.fields import FieldInfo

from console import reference
from console.config import toml_text
from console.config.tenant import Choices, Tenant
from cwbridge import settings as settings_module
from cwbridge.settings import Section, Settings
from cwbridge.text import folded

_SHOWN = 40
_HEAD = """Settings of cwbridge, written by `cwbridge config init`. Lines that begin with # are comments: the meaning of a setting, what the systems
have, and the default. Remove the # to change a value. A variable such as CWBRIDGE_QUEUE__CONCURRENCY wins over this file. Secrets
do not belong here: give them as variables or as secret files. `cwbridge doctor` checks this file against the systems."""
_Nothing = Choices(title="")


class SettingsFile:
    """Writes the tables of `sections` with the values of `settings`."""

    def __init__(self, settings: Settings, tenant: Tenant, sections: Iterable[type[Section]]) -> None:
        self._settings = settings
        self._tenant = tenant
        self._sections = tuple(sections)

    def text(self) -> str:
        """The whole file."""
        return "\n".join(self._lines()) + "\n"

    def _lines(self) -> Iterator[str]:
        yield from toml_text.comment(_HEAD)
        meanings = reference.meanings(type(self._settings))
        for name, field in type(self._settings).model_fields.items():
            if not _is_section(field):
                yield ""
                yield from self._setting((name,), field, meanings[name], getattr(self._settings, name))
        for section in self._sections:
            yield from self._table(self._settings.of(section))

    def _table(self, section: Section) -> Iterator[str]:
        kind = type(section)
        meanings = reference.meanings(kind)
        rows = {name: field for name, field in kind.model_fields.items() if not _is_table(field)}
        yield ""
        yield f"[{kind.table}]"
        for name, field in rows.items():
            yield from self._setting((kind.table, name), field, meanings[name], getattr(section, name))
            yield ""
        for name in kind.model_fields:
            if name not in rows:
                yield from self._subtable((kind.table, name), meanings[name], getattr(section, name))
                yield ""

    def _setting(self, path: tuple[str, ...], field: FieldInfo, meaning: str, value: Any) -> Iterator[str]:
        yield from toml_text.comment(meaning)
        name = path[-1]
        if _is_secret(field):
            variable = settings_module.variable(*path)
            yield from toml_text.comment(
                f"{name} does not belong here: set {variable}, or write it to a secret file named {variable.lower()} in /run/secrets or "
                "in the directory of systemd credentials."
            )
            return
        choices = self._tenant.values.get(".".join(path), _Nothing)
        yield from _told("", choices)
        if value != field.default:
            yield f"{name} = {toml_text.value(value)}"
        elif value is not None:
            yield f"# {name} = {toml_text.value(value)}"
        else:
            yield f"# {name} = {_chosen(choices)}"

    def _subtable(self, path: tuple[str, str], meaning: str, rows: Mapping[str, Any]) -> Iterator[str]:
        setting = ".".join(path)
        yield from toml_text.comment(meaning)
        keys = self._tenant.keys.get(setting, _Nothing)
        values = self._tenant.values.get(setting, _Nothing)
        parts = {
            name.removeprefix(f"{setting}."): choices
            for name, choices in self._tenant.values.items()
            if name.startswith(f"{setting}.")
        }
        yield from _told("", values)
        for part, choices in parts.items():
            yield from _told(f"{part}: ", choices)
        given = {name: toml_text.value(row) for name, row in rows.items()}
        given |= _same_names(keys, values, rows)
        yield f"[{setting}]" if given else f"# [{setting}]"
        for name, row in given.items():
            yield f"{toml_text.quoted(name)} = {row}"
        known = {folded(name) for name in given}
        for name in keys.names:
            if folded(name) not in known:
                yield f"# {toml_text.quoted(name)} = {_example(values, parts)}"
        if not given and not keys.names and (values.names or parts):
            yield f'# "NAME" = {_example(values, parts)}'


def _same_names(keys: Choices, values: Choices, rows: Mapping[str, Any]) -> dict[str, str]:
    """A row for each name that both sides have and no row names yet."""
    there = {folded(name): name for name in values.names}
    given = {folded(name) for name in rows}
    return {
        name: toml_text.quoted(there[folded(name)])
        for name in keys.names
        if folded(name) in there and folded(name) not in given
    }


def _example(values: Choices, parts: Mapping[str, Choices]) -> str:
    if parts:
        inner = ", ".join(f"{name} = {_chosen(choices)}" for name, choices in parts.items())
        return f"{{ {inner} }}"
    return _chosen(values)


def _chosen(choices: Choices) -> str:
    """A place for a choice; `cwbridge doctor` names it as missing where it is not replaced."""
    return toml_text.quoted("CHOOSE" if choices.names else "")


def _told(label: str, choices: Choices) -> Iterator[str]:
    """What the system has, as comments."""
    if choices.unknown:
        yield from toml_text.comment(f"{label}not known: {choices.unknown}")
    elif choices.names:
        more = f" and {len(choices.names) - _SHOWN} more" if len(choices.names) > _SHOWN else ""
        names = ", ".join(toml_text.choice(name) for name in choices.names[:_SHOWN])
        yield from toml_text.comment(f"{label}{choices.title} has: {names}{more}")


def _is_section(field: FieldInfo) -> bool:
    return isinstance(field.annotation, type) and issubclass(field.annotation, Section)


def _is_table(field: FieldInfo) -> bool:
    return typing.get_origin(_bare(field.annotation)) is dict


def _is_secret(field: FieldInfo) -> bool:
    return any(_bare(kind) is SecretStr for kind in (field.annotation, *typing.get_args(field.annotation)))


def _bare(annotation: Any) -> Any:
    """A type without its `Annotated`."""
    return typing.get_args(annotation)[0] if typing.get_origin(annotation) is typing.Annotated else annotation


def lacking(
    settings: Settings, sections: Iterable[type[Section]], required: Mapping[str, tuple[str, ...]]
) -> list[str]:
    """The variables of the values that systems need and that are not set, by the names in `required` of each table."""
    return [
        settings_module.variable(section.table, name)
        for section in sections
        for name in required.get(section.table, ())
        if not getattr(settings.of(section), name)
    ]
