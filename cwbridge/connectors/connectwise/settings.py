"""The table `[connectwise]` of the settings."""

from __future__ import annotations

from datetime import timedelta
from typing import ClassVar

from pydantic import Field

from cwbridge.limits.rate import Rate
from cwbridge.settings.sections import SystemSection
from cwbridge.settings.values import Credential, Duration, HeaderText, HttpUrl, PollPace, RateSetting


class ConnectWiseSettings(SystemSection):
    table: ClassVar[str] = "connectwise"

    url: HttpUrl | None = None
    """The host, such as `https://api-na.myconnectwise.net`; the code base is discovered. Unset: switched off."""
    company_id: HeaderText | None = None
    """The company name of the ConnectWise login screen."""
    public_key: Credential | None = None
    """Public key of the API member. Secret."""
    private_key: Credential | None = None
    """Private key of the API member. Secret."""
    client_id: Credential | None = None
    """The client id (a GUID) of this integration."""
    api_version: str = "2025.1"
    """The API version asked for."""
    rate_limit: RateSetting = Rate(600, 60.0)
    """Calls allowed per window, shared by all processes. ConnectWise says that above about 1000 a minute it may throttle."""
    concurrency: int = Field(default=6, ge=1, le=64)
    """Calls under way at once, over all processes."""
    poll_interval: Duration = timedelta(minutes=1)
    """How often ConnectWise is polled for changes of other users to linked opportunities and the catalog."""
    poll_pace: PollPace = "learned"
    """`learned`: more often in the hours in which people edit, as often a day altogether; `even`: always at the same interval."""
    poll_overlap: Duration = timedelta(minutes=2)
    """How far each of these polls looks back before the last change that was seen."""
    default_sales_rep: str | None = None
    """Member ID of the sales rep of projects whose owner is no ConnectWise member."""
