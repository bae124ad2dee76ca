"""Settings and logging as every command needs them."""

from __future__ import annotations

from typing import Any

from console import flows
from cwbridge import log
from cwbridge import settings as settings_module
from cwbridge.settings import Settings


def settings(**given: Any) -> Settings:
    """Load the settings and configure logging by them; raises SettingsError."""
    loaded = settings_module.load(*flows.registered().tables, **given)
    log.configure(level=loaded.log.level, form=loaded.log.format)
    return loaded
