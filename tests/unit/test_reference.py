"""Pages made from the code are the pages in docs/."""

from __future__ import annotations

from pathlib import Path

from console import reference
from cwbridge.settings.sections import Section
from tests.support.configured import configured

ROOT = Path(__file__).parents[2]


def test_the_settings_page_is_up_to_date():
    page = (ROOT / "docs" / "settings.md").read_text("utf-8")

    assert page == reference.settings_page(), "renew it with: cwbridge settings > docs/settings.md"


def test_every_setting_says_what_it_means():
    for name, field in type(configured()).model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, Section):
            for option, inner in kind.model_fields.items():
                assert inner.description, f"{name}.{option}"
        else:
            assert field.description, name
