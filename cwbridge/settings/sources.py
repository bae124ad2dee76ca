"""The sources of settings: environment, secret files and the settings file; numbers are exact."""

from __future__ import annotations

import json
import os
import tomllib
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pydantic_settings
from pydantic.fields import FieldInfo

from cwbridge import errors

PREFIX = "CWBRIDGE_"
MAX_SECRET_BYTES = 64 * 1024
"""No credential is longer; systemd sets its own limit at 1 MB for all of them together."""


class NotJson(ValueError):
    """A variable or secret file that stands for a list or table holds no JSON; `name` is the setting as the user wrote it."""

    def __init__(self, name: str) -> None:
        super().__init__(f"{name} is no JSON")
        self.name = name


class Environment(pydantic_settings.EnvSettingsSource):
    """The variables `CWBRIDGE_<SECTION>__<NAME>`; numbers in JSON values are exact."""

    def decode_complex_value(self, field_name: str, field: FieldInfo, value: Any) -> Any:  # noqa: ARG002 - the base class has these parameters
        try:
            return json.loads(value, parse_float=Decimal)
        except ValueError:
            named = (name for name, given in self.env_vars.items() if given == value and _has_prefix(name))
            raise NotJson(next(named, field_name).upper()) from None


class SecretFiles(Environment):
    """Files named like variables in the directories for secrets; other files there are not read."""

    def _load_env_vars(self) -> Mapping[str, str | None]:
        return secrets_by_name()


class SettingsFile(pydantic_settings.TomlConfigSettingsSource):
    """A TOML file; its numbers are exact."""

    def _read_file(self, file_path: Any) -> dict[str, Any]:
        with file_path.open(mode="rb") as file:
            return tomllib.load(file, parse_float=Decimal)


def secrets_by_name() -> dict[str, str]:
    """The content of each secret file by its name in lower case; raises SettingsError for one that cannot be a secret."""
    return {
        path.name.lower(): _secret(path) for directory in _secret_directories() for path in _within(directory)
    }


def _within(directory: Path) -> list[Path]:
    """The files of a directory that are named like variables; none where the directory cannot be read."""
    try:
        return sorted(path for path in directory.iterdir() if _has_prefix(path.name) and path.is_file())
    except OSError:
        return []


def _has_prefix(name: str) -> bool:
    return name.upper().startswith(PREFIX)


def _secret_directories() -> list[Path]:
    systemd = os.environ.get("CREDENTIALS_DIRECTORY")
    return [Path("/run/secrets"), *([Path(systemd)] if systemd else [])]


def _secret(path: Path) -> str:
    """The text of a secret file without the blanks around it: most editors and `echo` end a file with a line break."""
    try:
        if path.stat().st_size > MAX_SECRET_BYTES:
            raise errors.SettingsError(
                f"The secret file {path} is larger than {MAX_SECRET_BYTES // 1024} KiB",
                remedy="Put the value alone into the file; files with other content need another name.",
            )
        return path.read_text("utf-8-sig").strip()
    except UnicodeDecodeError:
        raise errors.SettingsError(
            f"The secret file {path} is no text",
            remedy="Put the value into the file as UTF-8 text; files with other content need another name.",
        ) from None
    except OSError as error:
        raise errors.SettingsError(
            f"The secret file {path} cannot be read: {error.strerror}",
            remedy="Let the user that cwbridge runs as read the file.",
        ) from None
