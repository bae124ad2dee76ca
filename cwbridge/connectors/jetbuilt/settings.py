"""The table `[jetbuilt]` of the settings."""

from __future__ import annotations

from datetime import timedelta
from typing import ClassVar

from pydantic import Field

from cwbridge.limits.rate import Rate
from cwbridge.settings.sections import SystemSection
from cwbridge.settings.values import Credential, Duration, HttpUrl, PollPace, RateSetting


class JetbuiltSettings(SystemSection):
    table: ClassVar[str] = "jetbuilt"

    url: HttpUrl | None = None
    """`https://app.jetbuilt.com/api`; unset, Jetbuilt is switched off."""
    api_key: Credential | None = None
    """The API key of Jetbuilt (Settings > Company > Integrations). Secret."""
    rate_limit: RateSetting = Rate(50, 10.0)
    """Calls allowed per window, shared by all processes; Jetbuilt counts per IP address."""
    concurrency: int = Field(default=6, ge=1, le=64)
    """Calls under way at once, over all processes."""
    poll_interval: Duration = timedelta(seconds=15)
    """How often Jetbuilt's project list is polled for changes."""
    poll_pace: PollPace = "learned"
    """`learned`: more often in the hours in which people edit, as often a day altogether; `even`: always at the same interval."""
    poll_overlap: Duration = timedelta(minutes=2)
    """How far each poll looks back before the last one."""
    full_sync_interval: Duration = timedelta(hours=6)
    """How often a full sync enqueues every project, whatever its time stamps."""
