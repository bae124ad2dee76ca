"""What every exported series is: its name, kind, labels and meaning; the reference page is made of these."""

from __future__ import annotations

from typing import Literal

import msgspec

Kind = Literal["counter", "gauge", "histogram", "info"]
Scope = Literal["process", "cluster"]


class Series(msgspec.Struct, frozen=True):
    """A series by its name in queries; a histogram has `_bucket`, `_sum` and `_count` behind it.

    Every process exports its own series of the scope `process`. Those of the scope `cluster` describe what is in Redis and come
    from producers only, the same from each.
    """

    name: str
    kind: Kind
    labels: tuple[str, ...]
    meaning: str
    scope: Scope
