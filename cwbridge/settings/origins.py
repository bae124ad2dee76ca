"""Where the value of a setting comes from, without the value."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from typing import Any

from cwbridge.settings import loading, sources


class Origins:
    """The sources as they are now; `file` is the settings file, None where there is none.

    Raises SettingsError for a secret file that cannot be read.
    """

    def __init__(self) -> None:
        self._variables = {name.upper() for name, value in os.environ.items() if value}
        self._secrets = {name.upper() for name in sources.secrets_by_name()}
        path = loading.settings_file()
        self.file: Path | None = path if path.is_file() else None
        self._given: dict[str, Any] = {} if self.file is None else tomllib.loads(self.file.read_text("utf-8"))

    def of(self, *path: str) -> str:
        """`variable CWBRIDGE_...`, `secret file ...`, the settings file, or an empty text for a value that is not given."""
        names = [loading.variable(*path[: length + 1]) for length in reversed(range(len(path)))]
        for name in names:
            if name in self._variables:
                return f"variable {name}"
        for name in names:
            if name in self._secrets:
                return f"secret file {name.lower()}"
        return str(self.file) if self.in_file(*path) else ""

    def in_file(self, *path: str) -> bool:
        """Whether the settings file has the value."""
        here: Any = self._given
        for part in path:
            if not isinstance(here, dict) or part not in here:
                return False
            here = here[part]
        return True
