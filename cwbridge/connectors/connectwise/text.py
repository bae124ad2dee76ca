"""Text as ConnectWise can keep it: what cannot be stored is left out the same way in drafts and in conditions.

The developer guide excludes backspace, carriage return and form feed from JSON strings. The other control characters
(but tab and line feed) and lone surrogates, which have no UTF-8, go with them. Because drafts and conditions share this
rule, a text that was written is found again by the text it came from.
"""

from __future__ import annotations

import re

_UNKEPT = re.compile("[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")


def kept(text: str) -> str:
    """`text` without what ConnectWise cannot keep."""
    return _UNKEPT.sub("", text)
