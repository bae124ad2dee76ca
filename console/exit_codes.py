"""Exit codes of all commands."""

from __future__ import annotations

from typing import Final

SETTLED: Final = 0
"""All is well."""
FAILED: Final = 1
"""Something failed, or needs a person."""
UNUSABLE: Final = 2
"""The settings or the command line cannot be used; nothing was started."""
