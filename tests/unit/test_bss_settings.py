"""The table [bss]: what it refuses, and what it never shows."""

from __future__ import annotations

from typing import Any

import pydantic
import pytest

from cwbridge import settings
from cwbridge.connectors.bss.settings import BssSettings

SECRETS = {"password": "pass-word", "client_key": "client-key", "client_secret": "client-secret"}


def table(**values: Any) -> BssSettings:
    return settings.with_tables(BssSettings).model_validate({"bss": values}).of(BssSettings)


@pytest.mark.parametrize(
    "values",
    [
        {"time_zone": "Mars/Olympus"},
        {"time_zone": "../../etc/passwd"},
        {"time_zone": ""},
        {"url": "http://bss.example.com"},
        {"page_size": 501},
        {"api_version": "3\r\nX-Other: 1"},
        {"client_secret": "two\nlines"},
    ],
)
def test_what_cannot_work_is_refused(values: dict[str, Any]) -> None:
    (name,) = values
    with pytest.raises(pydantic.ValidationError) as refused:
        table(**values)
    assert name in str(refused.value)


def test_a_zone_is_taken_by_its_name() -> None:
    assert table(time_zone="Europe/Athens").time_zone == "Europe/Athens"


def test_secrets_are_never_shown() -> None:
    shown = repr(table(url="https://bss.example.com", username="user", **SECRETS))
    assert "https://bss.example.com" in shown
    assert [secret for secret in SECRETS.values() if secret in shown] == []
