"""One collection of ConnectWise: find, get, create, patch, delete."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Generic, Protocol, TypeVar
from urllib.parse import quote

import msgspec

from cwbridge import errors
from cwbridge.connectors.calls import Answer, Method
from cwbridge.connectors.connectwise import pages
from cwbridge.connectors.connectwise.conditions import Condition
from cwbridge.connectors.connectwise.drafts import Change, Draft, draft_body, patch_body
from cwbridge.connectors.connectwise.models import Tracked
from cwbridge.connectors.reading import Reader, nothing, reader

__all__ = ["Change", "Resource", "Sender", "query_string"]

T = TypeVar("T", bound=Tracked)
Read = TypeVar("Read")


class Sender(Protocol):
    """What a resource asks of the client it belongs to."""

    async def call(
        self,
        method: Method,
        endpoint: str,
        path: str,
        decode: Reader[Read],
        *,
        query: str = "",
        headers: Any = None,
        body: bytes | None = None,
    ) -> Answer[Read]: ...


class Resource(Generic[T]):
    """A collection at `path`; `endpoint` is the same with the names of parents instead of their ids."""

    def __init__(self, client: Sender, path: str, model: type[T], *, endpoint: str = "") -> None:
        self._client = client
        self._path = path
        self._endpoint = endpoint or path
        self._model = model
        self._read_one = reader(model)
        self._read_list: Reader[list[T]] = Reader(list[model])  # type: ignore[valid-type]

    def __repr__(self) -> str:
        return f"Resource({self._endpoint})"

    @property
    def path(self) -> str:
        return self._path

    @property
    def endpoint(self) -> str:
        """The path with the names of parents instead of their ids."""
        return self._endpoint

    @property
    def fields(self) -> tuple[str, ...]:
        """The names of everything that is read of a record, its change markers included."""
        return tuple(field.encode_name for field in msgspec.structs.fields(self._model))

    async def find(
        self,
        condition: Condition | None = None,
        *,
        child: Condition | None = None,
        fields: Sequence[str] = (),
        limit: int | None = None,
    ) -> list[T]:
        """All records that fit, by id; with `limit`, that many at most.

        `child` is a condition on elements of arrays. `fields` narrows the answer (the id always comes, `_info` only
        when named). A record that moved while the pages were read is listed once.
        """
        size = pages.MAX_PER_PAGE if limit is None else max(1, min(limit, pages.MAX_PER_PAGE))
        asked = _asked(condition, child, fields) | {"pageSize": str(size)}
        found: dict[int, T] = {}
        step: pages.Step | None = pages.Step()
        while step is not None and (limit is None or len(found) < limit):
            answer = await self._client.call(
                "GET",
                self._endpoint,
                self._path,
                self._read_list,
                query=query_string(asked | step.parameters),
                headers=None if step.page is not None else pages.FORWARD_ONLY,
            )
            rows = answer.value
            found.update((row.id, row) for row in rows)
            last_id = rows[-1].id if rows else 0
            step = pages.following(step, answer, rows=len(rows), size=size, last_id=last_id)
        return list(found.values())[:limit]

    async def get(self, record_id: int) -> T:
        """The record; raises errors.NotFound when it does not exist."""
        return (await self._on_one("GET", record_id, self._read_one)).value

    async def create(self, draft: Draft) -> T:
        """Create a record and return what ConnectWise made of it; raises OutcomeUnknown when the answer was lost."""
        body = draft_body(draft)
        answer = await self._client.call("POST", self._endpoint, self._path, self._read_one, body=body)
        return answer.value

    async def patch(self, record_id: int, *changes: Change) -> T:
        """Apply `changes` and return the record after them."""
        answer = await self._on_one("PATCH", record_id, self._read_one, body=patch_body(changes))
        return answer.value

    async def delete(self, record_id: int) -> None:
        """Delete the record; one that does not exist (any more) is as good as deleted."""
        try:
            await self._on_one("DELETE", record_id, nothing)
        except errors.NotFound:
            return

    async def _on_one(
        self, method: Method, record_id: int, decode: Reader[Read], *, body: bytes | None = None
    ) -> Answer[Read]:
        endpoint = f"{self._endpoint.rstrip('/')}/{{id}}"
        path = f"{self._path.rstrip('/')}/{int(record_id)}"
        return await self._client.call(method, endpoint, path, decode, body=body)


def _asked(condition: Condition | None, child: Condition | None, fields: Sequence[str]) -> dict[str, str]:
    listed = dict.fromkeys(["id", *fields]) if fields else {}
    return {
        "conditions": condition.render() if condition is not None else "",
        "childConditions": child.render() if child is not None else "",
        "fields": ",".join(listed),
    }


def query_string(parameters: dict[str, str]) -> str:
    """Percent-encoded query; parameters without a value are left out."""
    return "&".join(f"{name}={quote(value, safe='')}" for name, value in parameters.items() if value)
