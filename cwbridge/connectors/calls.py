"""Addresses, requests, answers and calls of the transport."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Generic, Literal, TypeVar

import msgspec
from yarl import URL

from cwbridge import clock
from cwbridge.connectors.reading import Reader

T = TypeVar("T")
Method = Literal["GET", "POST", "PATCH", "PUT", "DELETE"]


class Address(msgspec.Struct, frozen=True):
    """Where paths start, taken apart once so that the address of a call is put together without parsing."""

    scheme: str
    host: str
    port: int | None
    prefix: str

    @classmethod
    def parse(cls, text: str) -> Address:
        url = URL(text)
        return cls(url.scheme, url.host or "", url.explicit_port, url.raw_path.rstrip("/"))

    def below(self, path: str) -> Address:
        return Address(self.scheme, self.host, self.port, f"{self.prefix}/{path.strip('/')}")

    def url(self, path: str, query: str = "") -> URL:
        """`path` and `query` are encoded already and go out as they are."""
        return URL.build(
            scheme=self.scheme,
            host=self.host,
            port=self.port,
            path=self.prefix + path,
            query_string=query,
            encoded=True,
        )


class Request(msgspec.Struct, Generic[T], frozen=True):
    """One call: `endpoint` is the template for metrics, `path` and `query` are encoded, `decode` reads the answer.

    `repeatable` marks a call that changes nothing although its method is not GET.
    """

    method: Method
    address: Address
    endpoint: str
    path: str
    decode: Reader[T]
    query: str = ""
    headers: Mapping[str, str] | None = None
    body: bytes | None = None
    repeatable: bool = False

    @property
    def writes(self) -> bool:
        return self.method != "GET" and not self.repeatable

    @property
    def url(self) -> URL:
        return self.address.url(self.path, self.query)


class Answer(msgspec.Struct, Generic[T], frozen=True):
    """A 2xx answer, read completely; `value` is what the request's `decode` made of the body.

    `links` holds the query parameters of each relation of the Link header.
    """

    status: int
    headers: Mapping[str, str]
    links: Mapping[str, Mapping[str, str]]
    value: T
    request_id: str


class Call:
    """One sending of a request; `status` is 0 until an answer begins, and again when it broke off; `date` is the server's own time."""

    __slots__ = ("at_ms", "date", "note", "number", "request_id", "started", "status")

    def __init__(self, number: int) -> None:
        self.number = number
        self.at_ms = clock.now_ms()
        self.started = time.perf_counter()
        self.status = 0
        self.request_id = ""
        self.date = ""
        self.note = ""
