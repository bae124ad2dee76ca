"""What the client takes for granted although no public page of the vendor states it.

Each line is to be checked on a first real tenant and corrected here; docs/bss.md lists them for people. What the vendor documents
stands where it is used.
"""

from __future__ import annotations

from typing import Final

DATA: Final = "data"
PAGING: Final = "paging"
LINKS: Final = "links"
"""A list is `{"data": [...], "paging": {"totalRecords": n, "totalPages": n}, "links": {"next": address or null}}`."""

FIRST_PAGE: Final = 1
"""`pageIndex` counts from 1; the answer may hold fewer rows than `pageSize` asks for."""

ACCOUNT_TYPES: Final = "/api/organization/accounttypes"
"""The address of the account types; the vendor names the collection only."""

UPDATED: Final = "updatedAt"
"""The time of the last change of a row; the tenants differ in whether `$filter` and `$orderby` accept it."""

PATCH_CONTENT_TYPE: Final = "application/json"
"""The media type of a JSON Patch document."""

FORBIDDEN_PAUSES: Final = (1.0, 2.0, 4.0, 8.0)
"""403 means a missing permission or the rate limit, and neither header nor body tells which: seconds to wait before each repeat."""

RENEWAL_SECONDS: Final = 60.0
RENEWAL_SHARE: Final = 0.2
"""A token is renewed so long before its end, or this share of its lifetime before it where that is less."""

NO_MOMENT_BEFORE: Final = 1900
"""The server is a .NET program, which writes a time that is not set as `0001-01-01T00:00:00`."""

DAYLIGHT_SAVING_HOURS: Final = 1
"""By how much the offset of a server's time zone moves in a year; `$filter` literals have no offset and are read in that zone."""


def text_literal(text: str) -> str:
    """A text in `$filter`: in single quotes, as documented; an apostrophe in it is written twice, as in OData."""
    return "'" + text.replace("'", "''") + "'"
