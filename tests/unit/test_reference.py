"""Pages made from the code are the pages in docs/."""

from __future__ import annotations

from pathlib import Path

import pydantic

from console import metrics_reference, reference
from cwbridge import cluster_metrics, metrics
from cwbridge.settings.sections import Section
from tests.support.configured import configured

ROOT = Path(__file__).parents[2]


def test_the_settings_page_is_up_to_date():
    page = (ROOT / "docs" / "settings.md").read_text("utf-8")

    assert page == reference.settings_page(), "renew it with: cwbridge settings > docs/settings.md"


def test_every_setting_says_what_it_means():
    everything = type(configured())
    meanings = reference.meanings(everything)

    for name, field in everything.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, Section):
            assert [option for option, meaning in reference.meanings(kind).items() if not meaning] == []
        else:
            assert meanings[name], name


def test_the_text_under_a_setting_is_its_meaning_and_that_of_a_base_class_counts():
    class Base(pydantic.BaseModel):
        one: int = 1
        """The first."""
        bare: int = 2

    class Table(Base):
        """No meaning of anything."""

        two: int = 3
        """The second;
        in two lines."""

    assert reference.meanings(Table) == {"one": "The first.", "bare": "", "two": "The second;\nin two lines."}


def test_the_metrics_page_is_up_to_date():
    page = (ROOT / "docs" / "metrics.md").read_text("utf-8")

    assert page == metrics_reference.metrics_page(), "renew it with: cwbridge metrics > docs/metrics.md"


def test_series_are_named_in_base_units_and_hold_no_ids():
    every = [*metrics.PROCESS, *cluster_metrics.CLUSTER]

    assert len({one.name for one in every}) == len(every)
    for one in every:
        assert one.name.startswith("cwbridge_")
        assert one.name.endswith("_total") == (one.kind == "counter")
        assert not {"id", "key", "name", "path", "url"} & set(one.labels)
        assert one.meaning.endswith(".")
