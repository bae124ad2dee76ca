"""The units of systemd: valid, hardened, and with the times and codes that the services keep."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from console import exit_codes
from cwbridge.settings.sections import QueueSettings
from tests.operations.tools import program

pytestmark = pytest.mark.operations

UNITS = sorted((Path(__file__).parents[2] / "deploy" / "systemd").glob("*.service"))
MOST_EXPOSED = 2.0
# What systemd-analyze says of a machine on which cwbridge is not installed.
_NOT_INSTALLED = re.compile(r"is not executable: No such file|Unit .*redis-server.* not found")


def analyzed(*arguments: str) -> str:
    done = subprocess.run(
        [program("systemd-analyze"), *arguments], capture_output=True, text=True, check=False
    )
    return done.stdout + done.stderr


def values(unit: Path, name: str) -> list[str]:
    return re.findall(rf"^{name}=(.*)$", unit.read_text("utf-8"), re.MULTILINE)


def test_there_are_units() -> None:
    assert [unit.name for unit in UNITS] == ["cwbridge-producers.service", "cwbridge-worker@.service"]


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_a_unit_is_valid(unit: Path, tmp_path: Path) -> None:
    installed = tmp_path / unit.name.replace("@", "@1")
    # Verified as if the command was installed: the checks of everything else go on behind it.
    installed.write_text(
        unit.read_text("utf-8").replace("/opt/cwbridge/.venv/bin/cwbridge", "/bin/true"), "utf-8"
    )
    said = [
        line
        for line in analyzed("verify", "--man=no", str(installed)).splitlines()
        if installed.stem in line and not _NOT_INSTALLED.search(line)
    ]
    assert said == []


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_a_unit_is_hardened(unit: Path) -> None:
    said = analyzed("security", "--offline=yes", f"--threshold={int(MOST_EXPOSED * 10)}", str(unit))
    (score,) = re.findall(r"Overall exposure level for \S+: ([\d.]+)", said)
    assert float(score) <= MOST_EXPOSED


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_a_unit_keeps_what_the_service_promises(unit: Path) -> None:
    assert values(unit, "Type") == ["notify"]
    assert float(values(unit, "WatchdogSec")[0]) >= 30
    assert values(unit, "RestartPreventExitStatus") == [str(exit_codes.UNUSABLE)]
    assert float(values(unit, "TimeoutStopSec")[0]) > QueueSettings().shutdown_timeout.total_seconds() + 10
    assert values(unit, "LoadCredential") == ["cwbridge:/etc/cwbridge/secrets"]
    assert any("CWBRIDGE_HTTP__LISTEN=127.0.0.1:848" in line for line in values(unit, "Environment"))
