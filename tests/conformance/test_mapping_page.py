"""docs/mapping.md says what the code does: its fields are those that are sent, its settings exist, its cases are up to date."""

from __future__ import annotations

import pytest

from cwbridge.redis import Redis
from cwbridge.settings.sections import Section
from tests.conformance import page, reference
from tests.conformance.case import FILES, Case
from tests.conformance.play import Play
from tests.support import sent
from tests.support.configured import configured
from worker.opportunity.settings import CatalogSettings, OpportunitySettings
from worker.psa.settings import DefaultFieldsSettings

TOGETHER = (
    "A sub-client's company names the parent's company",
    "By setting, a contact is made although ConnectWise takes it for a duplicate",
    "By setting, an inactive catalog item is reactivated",
    "Lines follow rooms and systems as the project lists them, then labor, factors, shipping and packages",
    "Names of types and categories are settings",
    "An office gives location and department by setting",
    "The part number of an item is the vendor's number of its line",
    "A Jetbuilt stage gives stage, status and probability by name, in capitals or not",
    "A project in the trash is finished like one that is gone",
)
"""Cases that send every field there is between them."""
NOT_OF_THE_MAPPING = {"opportunity.apply_concurrency", "opportunity.inventory_probe_interval"}


def case(name: str) -> Case:
    return next(one for one in FILES.all_cases() if one.name == name)


async def test_every_field_on_the_page_is_sent_by_the_code(redis: Redis, redis_url: str) -> None:
    seen: sent.Sent = {}
    for name in TOGETHER:
        async with Play.opened(redis, redis_url) as play:
            await play.case(case(name))
        for collection, fields in sent.fields(play.box.exchanges).items():
            seen.setdefault(collection, set()).update(fields)
    never_sent = {
        collection: fields - seen.get(collection, set())
        for collection, fields in reference.read().fields.items()
        if fields - seen.get(collection, set())
    }
    assert never_sent == {}


@pytest.mark.parametrize(
    ("table", "section"),
    [("opportunity", OpportunitySettings), ("catalog", CatalogSettings), ("defaults", DefaultFieldsSettings)],
)
def test_every_setting_of_the_mapping_is_on_the_page(table: str, section: type[Section]) -> None:
    wanted = {f"{table}.{name}" for name in section.model_fields} - NOT_OF_THE_MAPPING
    assert wanted - reference.read().settings == set()


def test_every_setting_on_the_page_exists() -> None:
    known = {
        f"{table}.{name}"
        for table, field in type(configured()).model_fields.items()
        if isinstance(field.annotation, type) and issubclass(field.annotation, Section)
        for name in field.annotation.model_fields
    }
    named = {
        name
        for name in reference.read().settings
        if name.partition(".")[0] in type(configured()).model_fields
    }
    assert named - known == set()


def test_the_cases_on_the_page_are_up_to_date() -> None:
    text = page.PAGE.read_text("utf-8")
    assert text == page.renewed(text), "renew it with: python -m tests.conformance"
