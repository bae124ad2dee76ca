"""Text of every kind arrives, is shortened the same way every time where it must be, and never breaks a condition."""

from __future__ import annotations

import unicodedata
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cwbridge.connectors.connectwise.conditions import field
from cwbridge.connectors.jetbuilt import models
from cwbridge.text import one_line, shorten
from sandbox.connectwise import matching
from sandbox.connectwise.resources import OWNERS
from sandbox.connectwise.store import ConnectWiseStore
from tests.integration.conftest import OpenBench
from tests.support.bench import Bench
from worker.opportunity import plan, projection
from worker.opportunity.desired import DesiredOpportunity, Rules
from worker.opportunity.project_key import ProjectKey
from worker.opportunity.source import Source
from worker.psa import company_search

KINDS = {
    "double quotes": 'The "Big" Room 27" LCD',
    "single quotes": "Mike O'Hara's 5' rack",
    "backslashes": 'path\\to\\rack \\" end\\',
    "percent and underscore": "50% Club_A %",
    "brackets": "Hall [[A]] (west) [today] {x}",
    "operators": "A=B and C>D or E in (1,2) & F+G*",
    "emoji": "Stage \U0001f3a4 family \U0001f469\u200d\U0001f469\u200d\U0001f467 end",
    "zero width": "Con\u200bference\ufeff Room\u00ad",
    "line breaks": "First line\r\nsecond\nthird\ttab",
    "right to left": "\u05d0\u05d5\u05dc\u05dd \u0627\u0644\u0645\u0624\u062a\u0645\u0631\u0627\u062a A\u200fB",
    "composed accents": "Cafe\u0301 Mu\u0308ller",
    "other scripts": "\u6771\u4eac\u30e1\u30c7\u30a3\u30a2 \u0391\u03b8\u03ae\u03bd\u03b1 \u041c\u043e\u0441\u043a\u0432\u0430",
    "too long": "Auditorium with a name that never ends, " * 8,
    "too long in emoji": "\U0001f3a4" * 160,
    "null and nothing": "null",
}
"""What people paste into names."""
LIMITS = {
    "name": 100,
    "identifier": 75,
    "company": 50,
    "site": 50,
    "person": 30,
    "title": 100,
    "sku": 50,
    "city": 50,
}
UNSEEN = "\u00ad\u200b\u200c\u200e\u200f\u2060\ufeff"

words = st.text(st.characters(exclude_categories=["Cs"]), max_size=260)
tricky = st.text(st.sampled_from("\"\\%_[]'(){}=<>&+*, \n\u200b\U0001f3a4aB"), max_size=140)
anything = words | tricky


def units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def cleaned(text: str) -> str:
    """A second opinion on cleaning: composed, nothing unseen, every run of blanks and controls one space."""
    visible = "".join(char for char in unicodedata.normalize("NFC", text) if char not in UNSEEN)
    spaced = "".join(" " if unicodedata.category(char) == "Cc" else char for char in visible)
    return " ".join(spaced.split())


def arrived(told: str, held: str, limit: int) -> bool:
    """Whole when it fits, else its beginning and something that stands for the rest."""
    enqueued = cleaned(told)
    if units(enqueued) <= limit:
        return held == enqueued
    head = held.removesuffix("\u2026").rpartition("~")[0] or held.removesuffix("\u2026")
    return units(held) <= limit and len(head) > 5 and enqueued.startswith(head)


class Arrival:
    """One project for each kind of text: every name in it is of that kind."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.families = {kind: self._project(text) for kind, text in KINDS.items()}

    def _project(self, text: str) -> int:
        store = self.bench.box.jetbuilt
        owner = next(iter(store.users)).id
        client = store.clients.add({"user_id": owner, "company_name": text})
        mail = f"{client.id}+x@example.org"
        person: Any = {
            "first_name": text,
            "last_name": text,
            "title": text,
            "email_address": mail,
            "primary": True,
        }
        store.clients.add_contact(client.id, person)
        store.clients.edit(client.id, address=replace(client.address, street=text, city=text))
        project = store.add_plain_project(lines=1, name=text)
        address = {"street": text, "city": "", "country": "US"}
        store.edit_project(project.id, address, custom_id="", client_id=client.id, short_description=text)
        line = project.lines[0]
        told = {
            "model": text,
            "part_number": text,
            "short_description": text,
            "notes": text,
            "external_notes": text,
        }
        maker = replace(line.manufacturer, name=text)
        store.edit_line(project.id, line.id, manufacturer=maker, **told)
        return project.id

    def opportunity(self, kind: str) -> dict[str, Any]:
        return self.bench.books.opportunity(f"jetbuilt:{self.families[kind]}")

    def referred(self, kind: str, table: str, name: str) -> dict[str, Any]:
        return self.bench.books.row(table, self.opportunity(kind)[name])

    def line(self, kind: str) -> dict[str, Any]:
        (line,) = self.bench.books.products(f"jetbuilt:{self.families[kind]}")
        return line


@pytest.fixture
async def arrival(open_bench: OpenBench) -> Arrival:
    bench = await open_bench(projects=0)
    bench.changes = {"opportunity": {"site": "project"}}
    placed = Arrival(bench)
    await bench.settled()
    return placed


async def test_every_kind_of_text_arrives_in_every_name_with_its_line_breaks_where_there_may_be_any(
    arrival: Arrival,
) -> None:
    for kind, text in KINDS.items():
        company = arrival.referred(kind, "company/companies", "company")
        contact = arrival.referred(kind, "company/contacts", "contact")
        site = arrival.referred(kind, "company/companies/sites", "site")
        line = arrival.line(kind)
        item = arrival.bench.books.row("procurement/catalog", line["catalogItem"])
        maker = arrival.bench.books.row("procurement/manufacturers", item["manufacturer"])
        held = {
            "name": (arrival.opportunity(kind)["name"], LIMITS["name"]),
            "identifier": (item["identifier"], LIMITS["identifier"]),
            "catalog description": (item["description"], 60),
            "manufacturer": (maker["name"], 50),
            "company": (company["name"], LIMITS["company"]),
            "city": (company["city"], LIMITS["city"]),
            "first name": (contact["firstName"], LIMITS["person"]),
            "last name": (contact["lastName"], LIMITS["person"]),
            "title": (contact["title"], LIMITS["title"]),
            "site": (site["name"], LIMITS["site"]),
            "vendor sku": (line["vendorSku"], LIMITS["sku"]),
            "line description": (line["description"], 2000),
        }
        wrong = {what: value for what, (value, limit) in held.items() if not arrived(text, value, limit)}
        assert wrong == {}, kind
    broken, enqueued = arrival.line("line breaks"), "First line\nsecond\nthird tab"
    assert broken["internalNotes"] == f"Main Room / Audio\n{enqueued}"
    assert broken["customerDescription"] == f"First line second third tab\n{enqueued}"
    assert arrival.opportunity("line breaks")["notes"].startswith(f"{enqueued}\nJetbuilt: ")


async def test_everything_is_found_again_by_its_text_alone_and_nothing_is_made_twice(
    arrival: Arrival,
) -> None:
    """With Redis wiped, opportunities, companies, contacts, sites and catalog items are asked for with conditions."""
    bench, writes = arrival.bench, arrival.bench.writes
    await bench.redis.delete(*[name async for name in bench.redis.scan_iter(match=f"{bench.namespace}:*")])
    bench.forget_calls()
    summary = await bench.settled()
    assert summary.settled == len(KINDS)
    assert {method for method, _, _ in bench.box.connectwise_calls.counts} == {"GET"}
    for family in arrival.families.values():
        await bench.jetbuilt.add_a_piece(family)
    await bench.settled()
    made = {write.resource for write in bench.box.connectwise.writes[writes:]}
    assert made == {"procurement/products"}


async def test_empty_texts_get_names_all_the_same(open_bench: OpenBench) -> None:
    bench = await open_bench(projects=0)
    store = bench.box.jetbuilt
    project = store.add_plain_project(lines=1, name="")
    store.edit_project(project.id, custom_id="", short_description="")
    line = project.lines[0]
    nameless = replace(line.manufacturer, name="")
    store.edit_line(
        project.id, line.id, manufacturer=nameless, model="", part_number=None, short_description="", notes=""
    )
    await bench.settled()
    external_id = f"jetbuilt:{project.id}"
    (held,) = bench.books.products(external_id)
    assert bench.books.opportunity(external_id)["name"] == f"Project {project.id}"
    assert bench.books.row("procurement/catalog", held["catalogItem"])["identifier"] == f"Item {line.id}"
    assert held["description"] == f"Item {line.id}"


async def test_a_client_without_a_name_is_refused_with_a_remedy(bench: Bench) -> None:
    family = bench.families()[0]
    client = bench.box.jetbuilt.project(bench.active(family)).client_id
    bench.box.jetbuilt.clients.edit(client, company_name=" \u200b ")
    await bench.sync(f"jetbuilt/project/{family}")
    job = await bench.job(f"jetbuilt/project/{family}")
    assert job is not None
    assert job.failure is not None
    assert job.failure.cause == "The project's client has no company name"
    assert "in Jetbuilt" in job.failure.remedy


def desired(text: str, other: str = "") -> DesiredOpportunity:
    """What becomes of a project in which every name is `text`."""
    item = models.LineItem(
        id=1,
        kind="physical",
        manufacturer_name=text,
        model=text,
        part_number=other,
        short_description=text,
        quantity=Decimal(1),
        notes=text,
        external_notes=text,
    )
    project = models.Project(
        id=1,
        name=text,
        custom_id=other,
        address=text,
        city=text,
        short_description=text,
        labor=[models.Labor(id=2, name=text, total_hours=Decimal(1))],
    )
    person = models.Contact(id=1, first_name=text, last_name=other, title=text, primary=True)
    client = models.Client(id=1, company_name=f"{text}x", address=text, contacts=[person])
    items = models.ProjectItems(line_items=[item], factors=[models.Factor(id=3, name=text, description=text)])
    source = Source(key=ProjectKey(1), project=project, items=items, client=client)
    return projection.project(source, Rules(site_of_project=True))


@given(anything, anything)
def test_whatever_the_text_what_is_wanted_keeps_the_limits(text: str, other: str) -> None:
    enqueued = desired(text, other)
    assert 0 < units(enqueued.name) <= LIMITS["name"]
    assert 0 < units(enqueued.site.name) <= LIMITS["site"]
    for line in enqueued.lines:
        product = line.product
        assert 0 < units(product.identifier) <= LIMITS["identifier"]
        assert 0 < units(product.qualified) <= LIMITS["identifier"]
        assert 0 < units(product.description) <= 60
        assert units(product.manufacturer) <= 50
        assert units(product.part_number) <= 50
        assert 0 < units(line.description) <= 2000
        assert units(line.customer_description) <= 6000
        assert units(line.internal_notes) <= 1000
        assert units(line.vendor_sku) <= LIMITS["sku"]


@given(anything)
def test_the_same_text_becomes_the_same_again(text: str) -> None:
    assert desired(text) == desired(text)


@given(anything)
def test_unseen_characters_make_no_difference(text: str) -> None:
    rules = Rules()
    strewn = desired("".join(f"{char}\u200b" for char in unicodedata.normalize("NFC", text)))

    assert plan.content(strewn, rules) == plan.content(desired(text), rules)
    assert [line.external_id for line in plan.planned_lines(strewn, rules)] == [
        line.external_id for line in plan.planned_lines(desired(text), rules)
    ]


@given(
    st.text("abcde \U0001f3a4", min_size=80, max_size=160),
    st.text("abcde \U0001f3a4", min_size=80, max_size=160),
)
def test_long_models_that_differ_stay_different(one: str, other: str) -> None:
    first, second = (desired(text).lines[0].product.identifier for text in (one, other))
    assert (first == second) == (cleaned(one) == cleaned(other))


STORE = ConnectWiseStore()


def finds(table: str, condition: object, row: dict[str, Any]) -> bool:
    """Whether the stand-in's reading of a condition finds a row."""
    return matching.conditions(STORE, OWNERS[table], str(condition)).test({"id": 1, **row})


@given(anything, anything)
def test_a_catalog_item_is_found_by_its_identifier_and_no_other_is(text: str, other: str) -> None:
    one, another = (desired(told).lines[0].product.identifier for told in (text, other))
    condition = field("identifier").one_of([one, "something else"])
    assert finds("procurement/catalog", condition, {"identifier": one})
    if another.casefold() not in {one.casefold(), "something else"}:
        assert not finds("procurement/catalog", condition, {"identifier": another})


@given(anything)
@example("\U0001f3a4" * 40)
@example('Northgate [West] 50% \\ "Club"')
def test_a_company_is_found_by_its_name_however_it_is_spaced(text: str) -> None:
    name = one_line(f"{text}x")
    condition = field("name").like(company_search.pattern(name))
    assert finds("company/companies", condition, {"name": shorten(name, LIMITS["company"])})
    if units(name) <= LIMITS["company"]:
        assert finds("company/companies", condition, {"name": name.replace(" ", "   ")})


@given(anything)
def test_a_contact_is_found_by_its_mail_whatever_stands_in_it(text: str) -> None:
    condition = field("communicationItems/value").equals(one_line(text))
    row = {"id": 1, "communicationItems": [{"value": one_line(text)}]}
    assert matching.child_conditions(STORE, OWNERS["company/contacts"], str(condition)).test(row)
