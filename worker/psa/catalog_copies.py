"""Deletes the copies of catalog items that ConnectWise stores when an identifier is taken at the moment of the create."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress

import structlog

from cwbridge import errors
from cwbridge.connectors import write_guard
from cwbridge.connectors.connectwise import models
from cwbridge.connectors.connectwise.resource import Resource
from cwbridge.ledger.catalog_copies import CatalogCopy, CatalogCopyNotes
from cwbridge.text import folded

log = structlog.get_logger(__name__)


class CatalogCopyRemoval:
    """Deletes copies at once; what cannot be deleted is noted in Redis, and later runs try again."""

    def __init__(self, items: Resource[models.CatalogItem], notes: CatalogCopyNotes) -> None:
        self._items = items
        self._notes = notes

    async def remove_new(self, item: models.CatalogItem, *, asked: str) -> None:
        """Delete a copy that this run has made, or leave it to `remove_left`.

        A run that has lost its lease deletes it as well: no other run knows of it.
        """
        copy = CatalogCopy(item.id, asked, item.identifier)
        with write_guard.lifted():
            try:
                await self._notes.add(copy)
            finally:
                with suppress(errors.WorkError):
                    await self._delete(copy)

    async def remove_left(self, identifiers: Iterable[str]) -> None:
        """Delete what could not be deleted before; raises only when a copy of one of `identifiers` is still there."""
        left = await self._notes.all()
        if not left:
            return
        needed = {folded(identifier) for identifier in identifiers}
        for copy in left:
            try:
                if await self._exists(copy):
                    await self._delete(copy)
                else:
                    await self._notes.remove(copy)
            except errors.WorkError:
                if folded(copy.asked) in needed:
                    raise

    async def _exists(self, copy: CatalogCopy) -> bool:
        """Whether the copy still is what this program made; a record that a user has renamed is left to the user."""
        try:
            item = await self._items.get(copy.item_id)
        except errors.NotFound:
            return False
        return item.identifier == copy.stored

    async def _delete(self, copy: CatalogCopy) -> None:
        """Delete the copy; one that ConnectWise refuses to delete stays and is named in the log."""
        try:
            await self._items.delete(copy.item_id)
        except errors.AuthenticationRefused:
            raise
        except errors.Refused as refusal:
            log.warning("catalog_copy_kept", **_named(copy), cause=refusal.cause, detail=refusal.detail)
        except errors.WorkError as error:
            log.warning("catalog_copy_left", **_named(copy), cause=error.cause)
            raise
        else:
            log.warning("catalog_copy_removed", **_named(copy))
        await self._notes.remove(copy)


def _named(copy: CatalogCopy) -> dict[str, str | int]:
    return {"identifier": copy.asked, "stored_as": copy.stored, "catalog_item_id": copy.item_id}
