"""What we send to ConnectWise and what we read from it conform to the vendor's specification, when CWBRIDGE_SPEC names the file."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest

from cwbridge.redis import Redis
from sandbox.server import Options
from tests.support import specification
from tests.support.bench import Bench
from tests.support.jetbuilt import Jetbuilt
from tests.support.recorder import Exchange, RecordedSandbox

pytestmark = specification.needed
PRODUCTS = "/procurement/products"


@pytest.fixture(autouse=True)
def _no_settings_around(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("CWBRIDGE_")]:
        monkeypatch.delenv(name)


@pytest.fixture
async def bench(redis: Redis, redis_url: str, namespace: str) -> AsyncIterator[Bench]:
    async with (
        RecordedSandbox(Options(projects=12, limits=False)) as box,
        Jetbuilt.at(box.jetbuilt_url) as jetbuilt,
    ):
        yield Bench(box, redis, redis_url, namespace, jetbuilt)


def exchanges(bench: Bench) -> list[Exchange]:
    assert isinstance(bench.box, RecordedSandbox)
    return bench.box.exchanges


async def test_a_representative_set_of_projects_is_synced_within_the_specification(bench: Bench) -> None:
    bench.changes = {
        "opportunity": {
            "stages": {"proposal": {"stage": "3. Quote", "status": "Open", "probability": 50}},
            "offices": {"Halcyon & Wright - Portland": {"location": "Halcyon & Wright - Portland"}},
            "finished_status": "Lost",
        },
    }
    await bench.settled()
    for family in bench.families()[:3]:
        await bench.jetbuilt.add_a_piece(bench.active(family))
    bench.box.jetbuilt.edit_project(bench.active(bench.families()[4]), stage="trash")
    await bench.settled()
    await bench.settled(full=True)
    made = [call for call in exchanges(bench) if call.method != "GET"]
    assert {"POST", "PATCH", "DELETE"} <= {call.method for call in made}
    assert specification.errors_(exchanges(bench)) == []


async def test_no_number_has_more_digits_than_a_double_keeps(bench: Bench) -> None:
    await bench.settled()
    assert specification.digits(exchanges(bench)) == []


async def test_conversions_are_answered_as_a_list(bench: Bench) -> None:
    await bench.settled()
    (external_id, *_) = bench.books.opportunities()
    bench.box.connectwise.convert(bench.books.opportunity(external_id)["id"])
    await bench.sync(full=True)
    assert specification.errors_(exchanges(bench)) == []


GOOD: dict[str, Any] = {
    "catalogItem": {"id": 5},
    "opportunity": {"id": 1},
    "billableOption": "Billable",
    "quantity": 2,
    "taxableFlag": True,
}


def errors_(body: Any, *, method: str = "POST", path: str = PRODUCTS, query: str = "") -> list[str]:
    sent = msgspec.json.encode(body) if body is not None else b""
    return specification.errors_([Exchange(method, path, query, sent, 400, b"")])


def test_the_judge_accepts_what_is_right() -> None:
    assert errors_(GOOD) == []
    assert errors_(None, method="GET", query='conditions=opportunity/id%3D5 and description like "a=b"') == []
    changes = [{"op": "replace", "path": "/company", "value": {"id": 5}}]
    assert errors_(changes, method="PATCH", path="/sales/opportunities/5") == []


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (GOOD | {"billableOption": "Free"}, "is not one of"),
        (GOOD | {"quantity": "2"}, "/quantity is str, not number"),
        (GOOD | {"taxableFlag": "yes"}, "/taxableFlag is str, not boolean"),
        (GOOD | {"quantities": 2}, "/quantities is not a field"),
        (GOOD | {"catalogItem": 5}, "/catalogItem is int, not object"),
        (GOOD | {"vendorSku": "x" * 51}, "has 51 characters, at most 50"),
        (GOOD | {"description": None}, "is null"),
        ({"catalogItem": {"id": 5}}, "/billableOption is required"),
    ],
)
def test_the_judge_notices_what_is_wrong(body: Any, expected: str) -> None:
    (error,) = errors_(body)
    assert expected in error


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        ({"path": "/procurement/lines"}, "no such operation"),
        ({"method": "GET", "body": None, "query": "conditions=opportunities/id=5"}, "not in the answer"),
        ({"method": "GET", "body": None, "query": "fields=id,lineMark"}, "fields name lineMark"),
        ({"method": "GET", "body": None, "query": "pages=5"}, "no parameter pages"),
        (
            {
                "method": "PATCH",
                "path": "/sales/opportunities/5",
                "body": [{"op": "replace", "path": "/rep", "value": 1}],
            },
            "path /rep is not a field",
        ),
    ],
)
def test_the_judge_notices_wrong_calls(call: dict[str, Any], expected: str) -> None:
    (error,) = errors_(**{"body": GOOD, **call})
    assert expected in error
