"""Where a path leads: every path of the declared resources, by template and method."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

import msgspec

from sandbox.connectwise import listing
from sandbox.connectwise.errors import bad_request, no_endpoint, not_found, refusal
from sandbox.connectwise.records import Records
from sandbox.connectwise.resources import OWNERS, RESOURCES, Resource
from sandbox.connectwise.showing import Fields, read_fields, show
from sandbox.connectwise.store import ConnectWiseStore
from sandbox.connectwise.table import Row

PARENTS = {
    "sales/opportunities/{}": "sales/opportunities",
    "procurement/categories/{}": "procurement/categories",
    "company/companies/{}": "company/companies",
    "company/contacts/{}": "company/contacts",
    "finance/invoices/{}": "finance/invoices",
    "finance/agreements/{}": "finance/agreements",
}


class Asked(msgspec.Struct):
    """One request as the handlers see it; the names in `query` are lower-case, those in `given` as sent."""

    method: str
    path: str
    address: str
    ids: tuple[int, ...]
    given: Mapping[str, str]
    query: Mapping[str, str]
    forward: bool
    body: bytes


class Answer(msgspec.Struct):
    """What a handler answers; `None` as value is no body."""

    status: int
    value: Any = None
    link: str = ""


Handler = Callable[[Asked], Answer]

_DECODER = msgspec.json.Decoder(float_hook=Decimal)


def decode(body: bytes) -> Any:
    """Read a JSON body, numbers with a point as Decimal; raise Refusal (400) when it is not JSON."""
    try:
        return _DECODER.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, InvalidOperation) as error:
        raise bad_request(f"The body is not JSON: {error}") from None


def template_of(path: str) -> tuple[str, tuple[int, ...]]:
    """Split a path below the API base into its template and the ids in it; a trailing slash does not matter."""
    segments = path.strip("/").split("/")
    ids = tuple(int(segment) for segment in segments if segment.isdecimal())
    return "/".join("{}" if segment.isdecimal() else segment for segment in segments), ids


class Collection:
    """The handlers of one resource."""

    def __init__(self, store: ConnectWiseStore, records: Records, resource: Resource) -> None:
        self._store = store
        self._records = records
        self._resource = resource
        self._parent_table = PARENTS.get(resource.path.rpartition("}")[0] + "}", "")

    def routes(self) -> Iterator[tuple[str, str, Handler]]:
        """Yield (method, template, handler) for each verb the resource has."""
        path = self._resource.path
        single = {"GET": self.get, "PUT": self.put, "PATCH": self.patch, "DELETE": self.delete}
        if "GET" in self._resource.verbs:
            yield "GET", path, self.list
            if self._resource.counted:
                yield "GET", f"{path}/count", self.count
        if "POST" in self._resource.verbs:
            yield "POST", path, self.post
        for verb in self._resource.verbs & single.keys() if self._resource.single else ():
            yield verb, self._resource.single, single[verb]

    def list(self, asked: Asked) -> Answer:
        rows = listing.select(self._store, self._resource, self._parent(asked), asked.query)
        if asked.forward:
            page = listing.forward_page(rows, asked.query)
        else:
            if "orderby" in asked.query:
                rows = listing.order(self._store, self._resource, rows, asked.query["orderby"])
            page = listing.page(rows, asked.query)
        wanted = _wanted(asked)
        shown = [show(self._store, self._resource, row, wanted) for row in page.rows]
        return Answer(200, shown, listing.link_header(asked.address, asked.given, page))

    def count(self, asked: Asked) -> Answer:
        rows = listing.select(self._store, self._resource, self._parent(asked), asked.query)
        return Answer(200, {"count": len(rows)})

    def get(self, asked: Asked) -> Answer:
        return self._shown(asked, self._row(asked))

    def post(self, asked: Asked) -> Answer:
        row = self._records.create(self._resource, self._parent(asked), decode(asked.body))
        self._wrote(asked, row)
        return self._shown(asked, row, status=self._resource.created)

    def put(self, asked: Asked) -> Answer:
        row = self._records.replace(self._resource, self._row(asked), decode(asked.body))
        self._wrote(asked, row)
        return self._shown(asked, row)

    def patch(self, asked: Asked) -> Answer:
        old = self._row(asked)
        row = self._records.patch(self._resource, old, decode(asked.body))
        if row is not old:
            self._wrote(asked, row)
        return self._shown(asked, row)

    def delete(self, asked: Asked) -> Answer:
        row = self._row(asked)
        self._records.delete(self._resource, row)
        self._wrote(asked, row)
        return Answer(204)

    def _parent(self, asked: Asked) -> int | None:
        if not self._parent_table:
            return None
        parent = asked.ids[0]
        if parent not in self._store.table(self._parent_table):
            raise not_found(OWNERS[self._parent_table].noun, parent)
        return parent

    def _row(self, asked: Asked) -> Row:
        return self._records.find(self._resource, self._parent(asked), asked.ids[-1])

    def _shown(self, asked: Asked, row: Row, *, status: int = 200) -> Answer:
        return Answer(status, show(self._store, self._resource, row, _wanted(asked)))

    def _wrote(self, asked: Asked, row: Row) -> None:
        self._store.wrote(asked.method, asked.path, self._resource.table, row["id"])


def _wanted(asked: Asked) -> Fields | None:
    return read_fields(asked.query["fields"]) if "fields" in asked.query else None


class Routes:
    """All templates of a store's API."""

    def __init__(self, store: ConnectWiseStore) -> None:
        self._store = store
        self.templates: dict[str, dict[str, Handler]] = {}
        records = Records(store)
        for resource in RESOURCES:
            for method, template, handler in Collection(store, records, resource).routes():
                self._add(method, template, handler)
        self._add("GET", "system/info", self._system_info)
        self._add("GET", "sales/opportunities/conversions/{}", self._conversion)

    def handler(self, method: str, template: str) -> Handler:
        """Find the handler; raise Refusal: 404 for an unknown path, 405 for a method it does not have."""
        methods = self.templates.get(template)
        if methods is None:
            raise no_endpoint()
        found = methods.get(method)
        if found is None:
            raise refusal(405, "MethodNotAllowed", f"The method {method} is not allowed here.")
        return found

    def _add(self, method: str, template: str, handler: Handler) -> None:
        self.templates.setdefault(template, {})[method] = handler

    def _system_info(self, asked: Asked) -> Answer:
        del asked
        modes = self._store.modes
        version = modes.codebase.strip("v/").replace("_", ".")
        return Answer(
            200,
            {
                "version": f"v{version}.12345",
                "isCloud": modes.cloud,
                "serverTimeZone": "Eastern Standard Time",
                "licenseBits": [
                    {"name": "Procurement", "activeFlag": True},
                    {"name": "Sales", "activeFlag": True},
                ],
                "cloudRegion": "NA",
            },
        )

    def _conversion(self, asked: Asked) -> Answer:
        (number,) = asked.ids
        target = self._store.conversions.get(number)
        if target is None:
            raise not_found("SalesConversion", number)
        return Answer(200, [{"parentType": "Opportunity", "convertedTo": {"id": number, "name": target}}])
