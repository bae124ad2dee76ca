"""All settings: one `cwbridge.toml`, each value also as `CWBRIDGE_<SECTION>__<NAME>`, secrets also as files.

Order of precedence: what the program passes, environment, secret files (`/run/secrets`, systemd's credentials directory), the
TOML file named by CWBRIDGE_CONFIG (default `cwbridge.toml` in the working directory), defaults. Unknown names and wrong types
are refused with the name of the setting as the user wrote it.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pydantic
import pydantic_settings
from pydantic import Field

from cwbridge import errors
from cwbridge.settings import sections

PREFIX = "CWBRIDGE_"
_NESTED = "__"
_NOT_SETTINGS = frozenset({"CWBRIDGE_CONFIG", "CWBRIDGE_SPEC"})


class Settings(pydantic_settings.BaseSettings):
    """The whole configuration; build it with `load`, which gives errors a person can act on."""

    model_config = pydantic_settings.SettingsConfigDict(
        env_prefix=PREFIX,
        env_nested_delimiter=_NESTED,
        env_ignore_empty=True,
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,
        use_attribute_docstrings=True,
    )

    namespace: str = Field(default="cwbridge", pattern=r"^[a-z0-9][a-z0-9_-]{0,31}$")
    """Begins every Redis key; bridges of several companies may share one Redis under different ones."""
    state_dir: Path = Path(".state")
    """Where the embedded Redis keeps its data."""
    redis: sections.RedisSettings = sections.RedisSettings()
    jetbuilt: sections.JetbuiltSettings = sections.JetbuiltSettings()
    connectwise: sections.ConnectWiseSettings = sections.ConnectWiseSettings()
    bss: sections.BssSettings = sections.BssSettings()
    opportunity: sections.OpportunitySettings = sections.OpportunitySettings()
    defaults: sections.DefaultFieldsSettings = sections.DefaultFieldsSettings()
    catalog: sections.CatalogSettings = sections.CatalogSettings()
    billing: sections.BillingSettings = sections.BillingSettings()
    queue: sections.QueueSettings = sections.QueueSettings()
    http: sections.HttpSettings = sections.HttpSettings()
    log: sections.LogSettings = sections.LogSettings()

    def system(self, name: str) -> sections.SystemSection:
        """The table of an outside system."""
        table: sections.SystemSection = getattr(self, name)
        return table

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[pydantic_settings.BaseSettings],
        init_settings: pydantic_settings.PydanticBaseSettingsSource,
        env_settings: pydantic_settings.PydanticBaseSettingsSource,
        dotenv_settings: pydantic_settings.PydanticBaseSettingsSource,  # noqa: ARG003 - not a source of ours
        file_secret_settings: pydantic_settings.PydanticBaseSettingsSource,
    ) -> tuple[pydantic_settings.PydanticBaseSettingsSource, ...]:
        secrets = pydantic_settings.NestedSecretsSettingsSource(
            file_secret_settings,
            secrets_dir=_secret_directories(),
            secrets_dir_missing="ok",
            secrets_prefix=PREFIX,
            secrets_nested_delimiter=_NESTED,
        )
        toml = pydantic_settings.TomlConfigSettingsSource(settings_cls, toml_file=_settings_file())
        return init_settings, env_settings, secrets, toml


def load(**given: Any) -> Settings:
    """Read all settings; raises SettingsError whose one line names the setting and the remedy."""
    _refuse_unknown_variables()
    path = _settings_file()
    if "CWBRIDGE_CONFIG" in os.environ and not path.is_file():
        raise errors.SettingsError(
            f"CWBRIDGE_CONFIG names {path}, which does not exist",
            remedy="Correct the path or unset the variable.",
        )
    try:
        return Settings(**given)
    except pydantic.ValidationError as error:
        raise _explained(error) from None
    except (pydantic_settings.SettingsError, ValueError) as error:
        raise errors.SettingsError(f"{path} or a CWBRIDGE_ variable cannot be read: {error}") from None


def require(settings: Settings, system: str, needed: tuple[str, ...]) -> None:
    """Raise SettingsError that names the first of the values which `system` needs and the settings lack."""
    section = settings.system(system)
    for name in needed:
        if not getattr(section, name):
            raise errors.SettingsError(
                f"{variable(system, name)} is missing",
                remedy=f"Set it, or `{name}` in the [{system}] table of cwbridge.toml, or a secret file of that name.",
            )


def variable(*path: str) -> str:
    """The environment name of a setting: `variable("redis", "url")` is CWBRIDGE_REDIS__URL."""
    return PREFIX + _NESTED.join(part.upper() for part in path)


def _settings_file() -> Path:
    return Path(os.environ.get("CWBRIDGE_CONFIG", "cwbridge.toml"))


def _secret_directories() -> list[Path]:
    systemd = os.environ.get("CREDENTIALS_DIRECTORY")
    return [Path("/run/secrets"), *([Path(systemd)] if systemd else [])]


def _refuse_unknown_variables() -> None:
    """pydantic-settings passes over unknown top-level variables; a typing mistake must not."""
    known = {name.upper() for name in Settings.model_fields}
    for name in sorted(os.environ):
        if not name.upper().startswith(PREFIX) or name in _NOT_SETTINGS:
            continue
        if name.upper().removeprefix(PREFIX).split(_NESTED, 1)[0] not in known:
            raise errors.SettingsError(f"{name} is not a setting", remedy="Correct or unset the variable.")


def _explained(error: pydantic.ValidationError) -> errors.SettingsError:
    first, *others = error.errors(include_url=False, include_input=False, include_context=False)
    path = [str(part) for part in first["loc"]]
    name = variable(*path) if _in_environment(path) else f"{'.'.join(path)} ({variable(*path)})"
    reason = {
        "extra_forbidden": "is not a setting",
        "missing": "is missing",
    }.get(first["type"], f"cannot be used: {first['msg'].removeprefix('Value error, ')}")
    more = f"; {len(others)} more setting(s) cannot be used either" if others else ""
    return errors.SettingsError(f"{name} {reason}{more}")


def _in_environment(path: list[str]) -> bool:
    return variable(*path) in {name.upper() for name in os.environ}
