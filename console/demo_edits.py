"""The edits that the demo makes as users of the three systems do, and whether each has arrived."""

from __future__ import annotations

import asyncio
import time
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any, Literal

import aiohttp
import msgspec

from console.sandbox import RunningSandbox
from cwbridge.ledger.history import Event

_EDIT_STAGES = "opportunity,estimate,revisions,proposal"


class Pair(msgspec.Struct, frozen=True):
    """An account of BSS and the company that it became."""

    account: int
    company: int


class Edit(ABC):
    """One edit: the key whose run carries it over, and the system in which it arrives."""

    key: str
    target: str
    told: str
    """The edit as a sentence."""
    example: str
    """A command by which a person makes another edit."""

    def __init__(self) -> None:
        self._made_at = time.monotonic()

    @property
    def seconds(self) -> float:
        """Since the edit was made."""
        return time.monotonic() - self._made_at

    @abstractmethod
    async def has_arrived(self, event: Event) -> bool:
        """Whether the target shows the edit after a run of its key."""


class LineEdit(Edit):
    """One more piece in a line of a Jetbuilt project."""

    target = "ConnectWise"

    def __init__(
        self, place: RunningSandbox, project: dict[str, Any], line: dict[str, Any], after: str
    ) -> None:
        super().__init__()
        self.key = f"jetbuilt/project/{project['original_version_id'] or project['id']}"
        self.told = (
            f"A sales person changes {project['name']} in Jetbuilt: "
            f"{line['manufacturer_name']} {line['model']}, quantity {line['quantity']} -> {after}"
        )
        self.example = (
            f"curl -X PATCH {place.jetbuilt}/projects/{project['id']} "
            f"-H 'Authorization: Token token={place.credentials.jetbuilt_api_key}' -d name='Lobby, second phase'"
        )

    async def has_arrived(self, event: Event) -> bool:
        """The run has replaced the lines and compared the totals of both sides."""
        return event.what == "updated" and bool(event.counts.get("created"))


class Side(msgspec.Struct, frozen=True, kw_only=True):
    """One side of a pair: the system by its name and title, and the record in it."""

    system: Literal["bss", "connectwise"]
    title: str
    table: str
    number: int

    async def record(self, place: RunningSandbox) -> dict[str, Any]:
        return await place.record(self.system, self.table, self.number)


class FieldEdit(Edit):
    """A field of an account or company that is to arrive in `arrives_as` of the other side."""

    def __init__(
        self,
        place: RunningSandbox,
        pair: Pair,
        *,
        to: Side,
        arrives_as: str,
        after: str,
        told: str,
        example: str,
    ) -> None:
        super().__init__()
        self.key = f"bss/account/{pair.account}"
        self.target = to.title
        self.told = told
        self.example = example
        self._place = place
        self._to = to
        self._arrives_as, self._after = arrives_as, after

    async def has_arrived(self, event: Event) -> bool:  # noqa: ARG002  the record says it itself
        """The record of the other side holds the value."""
        return bool((await self._to.record(self._place)).get(self._arrives_as) == self._after)


async def edits(place: RunningSandbox, pair: Pair) -> AsyncIterator[Edit]:
    """Edits of users of Jetbuilt, BSS and ConnectWise, each made when it is asked for."""
    line = await _edit_line(place)
    if line is not None:
        yield line
    account = Side(system="bss", title="BSS", table="accounts", number=pair.account)
    company = Side(system="connectwise", title="ConnectWise", table="company/companies", number=pair.company)
    yield await _edit_field(
        place,
        pair,
        who="A clerk",
        at=account,
        fields=("phone", "+30 210 555 0123"),
        to=company,
        arrives_as="phoneNumber",
        again='{"fax": "+30 210 555 0199"}',
    )
    yield await _edit_field(
        place,
        pair,
        who="A dispatcher",
        at=company,
        fields=("website", "https://support.example"),
        to=account,
        arrives_as="webSite",
        again='{"city": "Patras"}',
    )


async def _edit_field(
    place: RunningSandbox,
    pair: Pair,
    *,
    who: str,
    at: Side,
    fields: tuple[str, str],
    to: Side,
    arrives_as: str,
    again: str,
) -> FieldEdit:
    """Another user of one side changes a field."""
    field, after = fields
    row = await at.record(place)
    await place.edit(at.system, at.table, at.number, **{field: after})
    return FieldEdit(
        place,
        pair,
        to=to,
        arrives_as=arrives_as,
        after=after,
        told=f"{who} changes {row['name']} in {at.title}: {field} {row.get(field) or 'none'} -> {after}",
        example=f"curl -X PATCH {place.control_url(at.system)}/records/{at.table}/{at.number} "
        f"-H 'X-Sandbox-Key: {place.control_key}' -d '{again}'",
    )


async def _edit_line(place: RunningSandbox) -> LineEdit | None:
    """Add one piece to a line of a project that is still being sold; None without such a project."""
    async with aiohttp.ClientSession(
        headers={"Authorization": f"Token token={place.credentials.jetbuilt_api_key}"}
    ) as session:
        for project in await _ask(session, "GET", f"{place.jetbuilt}/projects?stage={_EDIT_STAGES}"):
            items = await _ask(session, "GET", f"{place.jetbuilt}/projects/{project['id']}/items")
            line = next((item for item in items["line_items"] if item["kind"] == "physical"), None)
            if line is None or project.get("locked"):
                continue
            after = str(Decimal(line["quantity_per_room"]) + 1)
            url = f"{place.jetbuilt}/projects/{project['id']}/items/{line['id']}"
            changed = await _ask(session, "PATCH", url, {"quantity_per_room": after})
            return LineEdit(place, project, line, changed["quantity"])
    return None


async def _ask(
    session: aiohttp.ClientSession, method: str, url: str, body: dict[str, str] | None = None
) -> Any:
    while True:
        async with session.request(method, url, json=body) as answer:
            if answer.status == 429:
                await asyncio.sleep(1)
                continue
            answer.raise_for_status()
            return await answer.json()
