"""All settings: one `cwbridge.toml`, each value also as `CWBRIDGE_<SECTION>__<NAME>`, secrets also as files.

Order of precedence: what the program passes, environment, secret files (`/run/secrets`, systemd's credentials directory), the
TOML file named by CWBRIDGE_CONFIG (default `cwbridge.toml` in the working directory), defaults. Unknown names and wrong types
are refused with the name of the setting as the user wrote it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import pydantic
import pydantic_settings
from pydantic import Field

from cwbridge import errors
from cwbridge.settings import sections, sources
from cwbridge.settings.service_links import is_service_link
from cwbridge.settings.sources import PREFIX

_NESTED = "__"
S = TypeVar("S", bound=sections.Section)
_NOT_SETTINGS = frozenset({"CWBRIDGE_CONFIG", "CWBRIDGE_SPEC"})


class Settings(pydantic_settings.BaseSettings):
    """The whole configuration; build it with `load`, which raises errors with a remedy."""

    model_config = pydantic_settings.SettingsConfigDict(
        env_prefix=PREFIX,
        env_nested_delimiter=_NESTED,
        env_ignore_empty=True,
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,
    )

    namespace: str = Field(default="cwbridge", pattern=r"^[a-z0-9][a-z0-9_-]{0,31}$")
    """Prefix of every Redis key; daemons of several companies may share one Redis under different namespaces."""
    state_dir: Path = Path(".state")
    """Where the embedded Redis keeps its data."""
    redis: sections.RedisSettings = sections.RedisSettings()
    queue: sections.QueueSettings = sections.QueueSettings()
    http: sections.HttpSettings = sections.HttpSettings()
    log: sections.LogSettings = sections.LogSettings()

    def of(self, kind: type[S]) -> S:
        """The table of that kind; only tables that `load` was asked for are there."""
        section: S = getattr(self, kind.table)
        return section

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[pydantic_settings.BaseSettings],
        init_settings: pydantic_settings.PydanticBaseSettingsSource,
        env_settings: pydantic_settings.PydanticBaseSettingsSource,  # noqa: ARG003 - read by a source of its own
        dotenv_settings: pydantic_settings.PydanticBaseSettingsSource,  # noqa: ARG003 - not a source
        file_secret_settings: pydantic_settings.PydanticBaseSettingsSource,  # noqa: ARG003 - read by a source of its own
    ) -> tuple[pydantic_settings.PydanticBaseSettingsSource, ...]:
        return (
            init_settings,
            sources.Environment(settings_cls),
            sources.SecretFiles(settings_cls),
            sources.SettingsFile(settings_cls, toml_file=settings_file()),
        )


@cache
def with_tables(*tables: type[sections.Section]) -> type[Settings]:
    """The configuration with the tables of systems and flows beside its own."""
    fields: dict[str, Any] = {table.table: (table, table()) for table in tables}
    return pydantic.create_model("Settings", __base__=Settings, **fields)


def load(*tables: type[sections.Section], **given: Any) -> Settings:
    """Read all settings, those in `tables` included; raises SettingsError whose one line names the setting and the remedy."""
    model = with_tables(*tables)
    _refuse_unknown_names(model)
    path = settings_file()
    if "CWBRIDGE_CONFIG" in os.environ and not path.is_file():
        raise errors.SettingsError(
            f"CWBRIDGE_CONFIG names {path}, which does not exist",
            remedy="Correct the path or unset the variable.",
        )
    try:
        return model(**given)
    except pydantic.ValidationError as error:
        raise _explained(error) from None
    except (pydantic_settings.SettingsError, ValueError) as error:
        if isinstance(error.__cause__, sources.NotJson):
            name = error.__cause__.name
            raise errors.SettingsError(
                f'{name} cannot be used: a list or table is written as JSON, like ["a", "b"] or {{"a": 1}}'
            ) from None
        raise errors.SettingsError(f"{path} or a CWBRIDGE_ variable cannot be read: {error}") from None


def require(section: sections.Section, needed: tuple[str, ...]) -> None:
    """Raise SettingsError that names the first of the values which are needed and the table lacks."""
    for name in needed:
        if not getattr(section, name):
            raise errors.SettingsError(
                f"{variable(section.table, name)} is missing",
                remedy=f"Set it, or `{name}` in the [{section.table}] table of cwbridge.toml, or a secret file of that name.",
            )


def variable(*path: str) -> str:
    """The environment name of a setting: `variable("redis", "url")` is CWBRIDGE_REDIS__URL."""
    return PREFIX + _NESTED.join(part.upper() for part in path)


def settings_file() -> Path:
    """The settings file, whether it exists or not."""
    return Path(os.environ.get("CWBRIDGE_CONFIG", "cwbridge.toml"))


def _refuse_unknown_names(model: type[Settings]) -> None:
    """pydantic-settings passes over unknown top-level names; a typing mistake must not go unnoticed."""
    known = {name.upper() for name in model.model_fields}
    for name, remedy in _given_names():
        if name.upper().removeprefix(PREFIX).split(_NESTED, 1)[0] not in known:
            raise errors.SettingsError(f"{name} is not a setting", remedy=remedy)


def _given_names() -> Iterator[tuple[str, str]]:
    """Every variable and secret file that should be a setting, with what to do when it is none."""
    for name, value in sorted(os.environ.items()):
        if not name.upper().startswith(PREFIX) or name in _NOT_SETTINGS:
            continue
        if not is_service_link(name.upper().removeprefix(PREFIX), value):
            yield name, "Correct or unset the variable."
    for name in sorted(sources.secrets_by_name()):
        yield name, "Rename or remove this secret file."


def _explained(error: pydantic.ValidationError) -> errors.SettingsError:
    first, *others = error.errors(include_url=False, include_input=False, include_context=False)
    path = [part for part in first["loc"] if isinstance(part, str)]
    name = variable(*path) if _in_environment(path) else f"{'.'.join(path)} ({variable(*path)})"
    reason = {
        "extra_forbidden": "is not a setting",
        "missing": "is missing",
    }.get(first["type"], f"cannot be used: {first['msg'].removeprefix('Value error, ')}")
    more = f"; {len(others)} more setting(s) cannot be used either" if others else ""
    return errors.SettingsError(f"{name} {reason}{more}")


def _in_environment(path: list[str]) -> bool:
    return variable(*path) in {name.upper() for name in os.environ}
