"""Imports structlog without rich, which it would use only for traces that cwbridge shows in another form."""

from __future__ import annotations

import sys


def import_structlog() -> None:
    """Let structlog believe that there is no rich: the import of its traces takes a fifth of the start of a command.

    None in `sys.modules` is Python's own way to say that a module cannot be imported.
    """
    if "structlog" in sys.modules or "rich" in sys.modules:
        return
    sys.modules["rich"] = None  # type: ignore[assignment]
    try:
        import structlog as _structlog  # noqa: F401, PLC0415 - imported here once for all
    finally:
        del sys.modules["rich"]
