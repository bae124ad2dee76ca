"""Keys of objects: `{source}/{kind}/{id}`, and longer for an object within another: `jetbuilt/project/97737/option/12`.

A job carries nothing but a key. Each flow registers the form of its own keys, and only the flow parses them.
"""

from __future__ import annotations

import re

import msgspec

_GENERIC = re.compile(r"[a-z]+(?:/[a-z]+/[^/\s]+)+")


class KeyFormat(msgspec.Struct, frozen=True, kw_only=True):
    """The form of one flow's keys, and examples to show a person; raises ValueError for an example that is no key."""

    pattern: re.Pattern[str]
    examples: tuple[str, ...]

    def __post_init__(self) -> None:
        for example in self.examples:
            if not (self.accepts(example) and _GENERIC.fullmatch(example)):
                raise ValueError(f"{example!r} is not a key of the form {{source}}/{{kind}}/{{id}}")

    def accepts(self, text: str) -> bool:
        """Whether `text` is a key of this form."""
        return self.pattern.fullmatch(text) is not None
