"""All settings of the bridge: their values, their tables, and how they are read."""

from cwbridge.settings.loading import (
    Settings,
    load,
    require_connectwise,
    require_jetbuilt,
    variable,
)
from cwbridge.settings.sections import (
    CatalogSettings,
    ConnectWiseSettings,
    DefaultFieldsSettings,
    HttpSettings,
    JetbuiltSettings,
    LogSettings,
    OfficeTarget,
    OpportunitySettings,
    QueueSettings,
    RedisSettings,
    StageTarget,
)

__all__ = [
    "CatalogSettings",
    "ConnectWiseSettings",
    "DefaultFieldsSettings",
    "HttpSettings",
    "JetbuiltSettings",
    "LogSettings",
    "OfficeTarget",
    "OpportunitySettings",
    "QueueSettings",
    "RedisSettings",
    "Settings",
    "StageTarget",
    "load",
    "require_connectwise",
    "require_jetbuilt",
    "variable",
]
