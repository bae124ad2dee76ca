"""What the vendor's documents leave open or a key's owner can switch; changed in process or by PATCH /__sandbox__/modes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(kw_only=True)
class Modes:
    """The switches of the stand-in."""

    rate_limit: int = 50
    """Calls admitted from one address in any `rate_seconds`; 0 switches the limit off."""
    rate_seconds: float = 10.0
    count_refused: bool = False
    """Whether refused calls count in the window; the documents do not say."""
    latency_ms: int = 0
    write_access: bool = True
    """Off: the key may only read, and every write is answered 403."""
    touch_project_on_item_edit: bool = True
    """Whether an edit of an item, option or service package moves the project's `updated_at`."""
    touch_client_on_contact_edit: bool = True
    project_order: Literal["id", "-id"] = "id"
    """The order of a list of projects; the documents do not name one."""
