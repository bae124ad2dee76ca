"""How a list is read page by page.

Forward-only pages (`pagination-type: forward-only`) name the last id seen and let the server skip the counting; what is
created or deleted meanwhile moves no other row. A server that does not know forward-only pages names page numbers instead.
Source: ConnectWise developer guide, pagination.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from cwbridge.connectors import answers
from cwbridge.connectors.calls import Answer

MAX_PER_PAGE = 1000
FORWARD_ONLY: Mapping[str, str] = {"pagination-type": "forward-only"}


class Step(msgspec.Struct, frozen=True):
    """Which page to ask for: after the row of id `after`, or number `page`."""

    after: int | None = None
    page: int | None = None

    @property
    def parameters(self) -> dict[str, str]:
        if self.page is not None:
            return {"page": str(self.page)}
        return {} if self.after is None else {"pageId": str(self.after)}


def following(step: Step, answer: Answer[Any], *, rows: int, size: int, last_id: int) -> Step | None:
    """The step after a page of `rows` rows, or None when that was the last.

    The Link header of the answer decides. Some endpoints send none in forward-only mode; then a full page is taken to have a successor.
    """
    if rows == 0:
        return None
    named = answer.links.get("next")
    if named is None:
        return _by_count(step, last_id) if rows >= size and "Link" not in answer.headers else None
    if step.page is None and (after := answers.whole_number(named.get("pageId"))) is not None:
        # A server that names a page that was read already would be followed forever.
        return Step(after=after) if after > (step.after or 0) else None
    page = answers.whole_number(named.get("page"))
    return Step(page=page) if page is not None and page > (step.page or 1) else None


def _by_count(step: Step, last_id: int) -> Step:
    return Step(page=step.page + 1) if step.page is not None else Step(after=last_id)
