"""A refusal because of a field the tenant demands names the setting that can fill it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from cwbridge import errors


@contextmanager
def fixable(kind: str) -> Iterator[None]:
    """Point a MissingField raised inside to `fixed.{kind}` of the settings."""
    try:
        yield
    except errors.MissingField as refusal:
        field = refusal.field.split("/")[0] or "FIELD"
        refusal.remedy = (
            f"Set a value in the [fixed.{kind}] table of the settings ({field} = ...), "
            "or make the field optional in ConnectWise; then requeue."
        )
        raise
