"""The table `[bss]` of the settings."""

from __future__ import annotations

from datetime import timedelta
from typing import ClassVar

from pydantic import Field

from cwbridge.limits.rate import Rate
from cwbridge.settings.sections import SystemSection
from cwbridge.settings.values import (
    Credential,
    Duration,
    HeaderText,
    HttpUrl,
    PollPace,
    RateSetting,
    Secret,
    TimeZone,
)


class BssSettings(SystemSection):
    table: ClassVar[str] = "bss"

    url: HttpUrl | None = None
    """The address of interworks.cloud BSS, such as `https://bss.eu.interworks.cloud`. Unset: switched off."""
    username: str | None = None
    """The application user of the API credentials."""
    password: Secret | None = None
    """The password of the application user. Secret."""
    client_key: Credential | None = None
    """The client key of the API credentials. Secret."""
    client_secret: Credential | None = None
    """The client secret of the API credentials. Secret."""
    api_version: HeaderText = "3"
    """The API version asked for."""
    rate_limit: RateSetting = Rate(300, 60.0)
    """Calls allowed per window, shared by all processes. BSS publishes no limit; this one is cautious."""
    concurrency: int = Field(default=4, ge=1, le=64)
    """Calls under way at once, over all processes."""
    page_size: int = Field(default=100, ge=10, le=500)
    """Rows asked for per page of a list."""
    poll_interval: Duration = timedelta(minutes=1)
    """How often each collection is asked for changes."""
    poll_pace: PollPace = "learned"
    """`learned`: more often in the hours in which people edit, as often a day altogether; `even`: always at the same interval."""
    poll_overlap: Duration = timedelta(minutes=10)
    """How far each poll looks back behind the last change it saw."""
    full_sync_interval: Duration = timedelta(hours=6)
    """How often every account and contact is looked at, whatever its time stamps say."""
    time_zone: TimeZone | None = None
    """The time zone of the BSS server, such as `Europe/Athens`; needed only when its times have no offset."""
