"""Values that the settings add to every new record, for fields that a tenant demands; custom fields by their caption."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from cwbridge import errors
from cwbridge.cache import CachedValue
from cwbridge.connectors import unclear
from cwbridge.connectors.connectwise import client as connectwise
from cwbridge.text import folded
from worker.psa.settings import DefaultFieldsSettings

_CUSTOM = "custom_fields"


class DefaultFields:
    """The tables `[defaults.KIND]` of the settings as parts of drafts."""

    def __init__(self, client: connectwise.ConnectWiseClient, chosen: DefaultFieldsSettings) -> None:
        self._chosen = chosen
        self._definitions = CachedValue(client.user_defined_fields.find, ttl=600)

    async def of(self, kind: str) -> dict[str, Any]:
        """The fields that the settings add to a new record; `custom_fields` is a table of captions and values."""
        values = dict(getattr(self._chosen, kind))
        captions = values.pop(_CUSTOM, None)
        if captions:
            values["customFields"] = [
                {"id": await self._id_of(kind, caption), "value": value}
                for caption, value in captions.items()
            ]
        return values

    async def _id_of(self, kind: str, caption: str) -> int:
        found = [
            row
            for row in map(unclear.left_out, await self._definitions.get())
            if folded(row.caption) == folded(caption)
        ]
        if len(found) != 1:
            raise errors.MappingRefused(
                f"defaults.{kind}.custom_fields names {caption!r}, and ConnectWise has {len(found)} custom fields of that name",
                detail=", ".join(f"id {row.id}" for row in found),
                remedy="Correct the caption, or give customFields = [{id = ..., value = ...}] instead; then requeue.",
            )
        return found[0].id


@contextmanager
def naming_default_field(kind: str) -> Iterator[None]:
    """Point a MissingField raised inside to `[defaults.{kind}]` of the settings."""
    try:
        yield
    except errors.MissingField as refusal:
        field = refusal.field.split("/")[0] or "FIELD"
        refusal.remedy = (
            f"Set a value in the [defaults.{kind}] table of the settings ({field} = ...), "
            "or make the field optional in ConnectWise; then requeue."
        )
        raise
