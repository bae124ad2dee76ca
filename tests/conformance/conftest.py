"""What the developer has set for a bridge of their own is none of the cases' business."""

from __future__ import annotations

import os

import pytest


@pytest.fixture(autouse=True)
def _no_settings_around(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("CWBRIDGE_")]:
        monkeypatch.delenv(name)
