"""Programs of the operations suite that are no Python packages: found on PATH, or the test is skipped with the command that installs them."""

from __future__ import annotations

import os
import shutil

import pytest

_PACKAGES = {
    "promtool": "prometheus",
    "prometheus": "prometheus",
    "chromium": "chromium",
    "redis-sentinel": "redis-sentinel",
    "systemd-analyze": "systemd",
}
"""Debian package of each program."""


def program(name: str) -> str:
    """The path of a program; continuous integration fails where a developer's run skips the test."""
    path = shutil.which(name)
    if path is None:
        reason = f"{name} is not installed: apt-get install --no-install-recommends {_PACKAGES[name]}"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    return path
