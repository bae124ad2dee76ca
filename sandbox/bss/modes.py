"""Which of the documented and the suspected quirks the stand-in shows; changed in process or by PATCH /__sandbox__/modes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError


@dataclass(kw_only=True)
class Modes:
    """The switches of the stand-in; the defaults are a tenant that does what the vendor's pages show."""

    token_seconds: int = 1200
    """How long an access token lives; a change holds for tokens that are granted later."""
    tell_expiry: bool = True
    """Off: the answer of the token grant lacks `expires_in`."""
    single_token: bool = False
    """On: a new token ends the earlier ones."""

    rate_limit: int = 300
    """Calls admitted in any `rate_seconds`; 0 switches the limit off."""
    rate_seconds: float = 60.0
    count_refused: bool = False
    throttle_status: Literal[403, 429] = 403
    """403 is documented, and its body is the one of a missing permission."""
    latency_ms: int = 0

    forbidden: list[str] = field(default_factory=list)
    """Collections that the application user has no permission for: 403."""
    write_access: bool = True
    """Off: every write is answered 403."""

    filter_updated: bool = True
    """Off: `updatedAt` in `$filter` is answered 400."""
    order_updated: bool = True
    """Off: `updatedAt` in `$orderby` is answered 400."""
    case_sensitive: bool = False
    """Whether `eq` and `contains` tell upper from lower case."""
    page_limit: int = 500
    """The greatest `pageSize`."""
    long_page: Literal["refuse", "clamp"] = "refuse"
    """What becomes of a greater one: 400, or a page of the greatest size."""
    next_link: bool = True
    """Off: the envelope lacks `links`, which the vendor's pages do not promise."""
    brief_lists: bool = False
    """On: rows of lists lack addresses and items, which the single object has."""

    time_zone: str = "UTC"
    """The zone in which times are shown and literals of `$filter` are read."""
    offsets: bool = True
    """Off: shown times lack their offset."""
    day_form: Literal["midnight", "day", "offset"] = "midnight"
    """How a date is shown: `2026-04-30T00:00:00`, `2026-04-30`, or as midnight in the zone of the tenant with its offset."""
    time_digits: int = 3
    """Digits of a second's fraction in shown times, 0 to 7."""

    names: Literal["camel", "pascal", "mixed"] = "camel"
    """How fields are written in answers: `webSite`, `WebSite`, or some of each."""
    numbers: Literal["number", "text"] = "number"
    """`text`: numbers and ids inside objects are strings."""
    nulls: Literal["explicit", "omit", "empty"] = "explicit"
    """How a field without a value is shown: null, not at all, or as an empty string."""
    currency_field: Literal["transactionCurrency", "currency"] = "transactionCurrency"

    trim_text: bool = False
    """On: stored text loses outer blanks and has single ones inside."""
    format_phones: bool = False
    """On: stored phone numbers get the form of this server."""
    touch_account: bool = False
    """On: a write to a contact moves `updatedAt` of its account."""
    patch_answer: Literal["empty", "id", "object"] = "empty"
    """The body of a successful PATCH; the vendor's pages show none."""
    tenant_required: list[tuple[str, str]] = field(default_factory=list)
    """Further fields this tenant demands, as (collection, field): ("contacts", "lastName")."""

    def __post_init__(self) -> None:
        """Raise ValueError for a zone or a number of digits that does not exist."""
        try:
            ZoneInfo(self.time_zone)
        except (ZoneInfoNotFoundError, OSError) as error:
            raise ValueError(f"There is no time zone `{self.time_zone}`.") from error
        if not 0 <= self.time_digits <= 7:
            raise ValueError("`time_digits` is a number from 0 to 7.")
