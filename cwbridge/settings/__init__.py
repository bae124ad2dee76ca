"""All settings of the daemon: their values, their tables, and how they are read."""

from cwbridge.settings.loading import (
    Settings,
    load,
    require,
    variable,
    with_tables,
)
from cwbridge.settings.sections import (
    HttpSettings,
    LogSettings,
    QueueSettings,
    RedisSettings,
    Section,
    SystemSection,
)

__all__ = [
    "HttpSettings",
    "LogSettings",
    "QueueSettings",
    "RedisSettings",
    "Section",
    "Settings",
    "SystemSection",
    "load",
    "require",
    "variable",
    "with_tables",
]
