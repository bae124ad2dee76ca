"""One collection of BSS: get, find, read page by page, create, patch."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any, Generic, Protocol, TypeVar
from urllib.parse import quote

import msgspec

from cwbridge import errors
from cwbridge.connectors.bss import assumptions, drafts
from cwbridge.connectors.bss.drafts import PatchOperation
from cwbridge.connectors.bss.filters import Filter, Order
from cwbridge.connectors.bss.models import Row
from cwbridge.connectors.bss.reading import BssReader, NewIdReader
from cwbridge.connectors.bss.times import ServerTimes
from cwbridge.connectors.calls import Answer, Method
from cwbridge.connectors.reading import Reader, nothing

T = TypeVar("T", bound=Row)
Read = TypeVar("Read")
RecordId = int | str

_READINGS = 3
_JSON = "application/json"
_read_new_id = NewIdReader()


class Caller(Protocol):
    """What a collection asks of the client it belongs to."""

    async def call(
        self,
        method: Method,
        endpoint: str,
        path: str,
        decode: Reader[Read],
        *,
        query: str = "",
        body: bytes | None = None,
        content_type: str = "",
    ) -> Answer[Read]: ...


class Paging(msgspec.Struct, frozen=True):
    """The counts that a list tells about itself."""

    totalRecords: int | None = None  # noqa: N815 - the API's own spelling
    totalPages: int | None = None  # noqa: N815


class Following(msgspec.Struct, frozen=True):
    """Whether there is another page. The address is never called: the credentials would go with it."""

    next: str | None = None


class ListPage(msgspec.Struct, Generic[T], frozen=True):
    """One page of a list; `total` counts the rows of all pages, None where the server does not tell."""

    rows: list[T]
    number: int
    total: int | None
    is_last: bool


class Tally:
    """Counts what the pages of one list have shown."""

    def __init__(self) -> None:
        self.ids: set[RecordId] = set()
        self.is_whole = True
        """Whether no row can have been passed over: rows that vanish move later ones to pages that were read already."""
        self._total = 0

    def add(self, page: ListPage[Any]) -> None:
        """Count the next page."""
        self.ids.update(row.record_id for row in page.rows)
        total = page.total if page.total is not None else len(self.ids)
        self.is_whole = (
            self.is_whole and total >= self._total and (not page.is_last or len(self.ids) >= total)
        )
        self._total = total


class Collection(Generic[T]):
    """A collection at `path` that is read."""

    def __init__(
        self, client: Caller, path: str, model: type[T], *, times: ServerTimes, page_size: int
    ) -> None:
        self._client = client
        self._path = path
        self._times = times
        self._page_size = page_size
        self._read_one: BssReader[T] = BssReader(model, times)
        self._read_list: BssReader[Any] = BssReader(_envelope(model), times)

    def __repr__(self) -> str:
        return f"Collection({self._path})"

    @property
    def path(self) -> str:
        return self._path

    async def get(self, record_id: RecordId) -> T:
        """The record with everything it has; raises errors.NotFound when it does not exist."""
        return (await self._on_one("GET", record_id, self._read_one)).value

    async def find(self, asked: Filter | None = None) -> list[T]:
        """All rows that fit, each once; raises errors.Unsettled when the list keeps moving while it is read."""
        for _ in range(_READINGS):
            found: dict[RecordId, T] = {}
            tally = Tally()
            async for page in self.pages(asked):
                found.update((row.record_id, row) for row in page.rows)
                tally.add(page)
            if tally.is_whole:
                return list(found.values())
        raise errors.Unsettled(
            f"A list in BSS kept changing while it was read ({self._path})",
            remedy="Nothing to do: it is read again a little later.",
        )

    async def pages(
        self, asked: Filter | None = None, *, order: Order | None = None
    ) -> AsyncIterator[ListPage[T]]:
        """The pages one after the other. A list that moves meanwhile may repeat a row or pass over one."""
        number = assumptions.FIRST_PAGE
        while True:
            page = await self.page(number, asked, order=order)
            yield page
            if page.is_last:
                return
            number += 1

    async def page(
        self, number: int, asked: Filter | None = None, *, order: Order | None = None, size: int | None = None
    ) -> ListPage[T]:
        """Page `number`, counted from 1."""
        parameters = {
            "pageIndex": str(number),
            "pageSize": str(size or self._page_size),
            "$filter": asked.render(self._times) if asked is not None else "",
            "$orderby": order.render() if order is not None else "",
        }
        answer = await self._client.call(
            "GET", self._path, self._path, self._read_list, query=_query_string(parameters)
        )
        return _page(answer.value, number, size=size or self._page_size)

    async def _on_one(
        self,
        method: Method,
        record_id: RecordId,
        decode: Reader[Read],
        *,
        body: bytes | None = None,
        content_type: str = "",
    ) -> Answer[Read]:
        return await self._client.call(
            method,
            f"{self._path}/{{id}}",
            f"{self._path}/{quote(str(record_id), safe='')}",
            decode,
            body=body,
            content_type=content_type,
        )


class WritableCollection(Collection[T]):
    """A collection whose records are created and changed as well; nothing is ever deleted."""

    async def create(self, draft: Mapping[str, Any]) -> int:
        """Create a record and return its id; raises OutcomeUnknown when the answer was lost."""
        answer = await self._client.call(
            "POST",
            self._path,
            self._path,
            _read_new_id,
            body=drafts.draft_body(draft),
            content_type=_JSON,
        )
        return answer.value

    async def patch(self, record_id: RecordId, *operations: PatchOperation) -> None:
        """Apply the operations, all or none; raises OutcomeUnknown when the answer was lost."""
        await self._on_one(
            "PATCH",
            record_id,
            nothing,
            body=drafts.patch_body(operations),
            content_type=assumptions.PATCH_CONTENT_TYPE,
        )


def _envelope(model: type[T]) -> type[msgspec.Struct]:
    return msgspec.defstruct(
        f"{model.__name__}List",
        [
            (assumptions.DATA, list[model]),  # type: ignore[valid-type]
            (assumptions.PAGING, Paging | None, None),
            (assumptions.LINKS, Following | None, None),
        ],
        frozen=True,
    )


def _page(envelope: Any, number: int, *, size: int) -> ListPage[Any]:
    rows = getattr(envelope, assumptions.DATA)
    paging = getattr(envelope, assumptions.PAGING) or Paging()
    following = getattr(envelope, assumptions.LINKS)
    if not rows:
        is_last = True
    elif paging.totalPages is not None:
        is_last = number >= paging.totalPages
    elif following is not None:
        is_last = following.next is None
    else:
        is_last = len(rows) < size
    return ListPage(rows, number, paging.totalRecords, is_last)


def _query_string(parameters: Mapping[str, str]) -> str:
    """Percent-encoded, the dollar signs of the names as well; parameters without a value are left out."""
    return "&".join(
        f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in parameters.items() if value
    )
