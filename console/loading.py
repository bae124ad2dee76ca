"""Settings and logging as every command needs them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from cwbridge import errors, log
from cwbridge import settings as settings_module
from cwbridge.keys import Key
from cwbridge.settings import Settings


def settings(**given: Any) -> Settings:
    """Load the settings and send logs where they say; raises SettingsError."""
    loaded = settings_module.load(**given)
    log.configure(level=loaded.log.level, form=loaded.log.format)
    return loaded


def keys(given: Iterable[str]) -> list[Key]:
    """The keys a person wrote; raises SettingsError, because a command written wrong is not work that failed."""
    try:
        return [Key.parse(text) for text in given]
    except errors.Refused as refusal:
        raise errors.SettingsError(refusal.cause, remedy=refusal.remedy) from None
