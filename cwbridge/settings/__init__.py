"""All settings of the bridge: their values, their tables, and how they are read."""

from cwbridge.settings.loading import (
    Settings,
    load,
    require,
    variable,
)
from cwbridge.settings.sections import (
    BillingSettings,
    BssSettings,
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
    SystemSection,
)

__all__ = [
    "BillingSettings",
    "BssSettings",
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
    "SystemSection",
    "load",
    "require",
    "variable",
]
