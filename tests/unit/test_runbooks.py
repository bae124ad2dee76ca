"""Every alert has its runbook with the same five sections, and every command in it exists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import typer

from console.app import app

ROOT = Path(__file__).parents[2]
RUNBOOKS = sorted((ROOT / "docs" / "runbooks").glob("Cwbridge*.md"))
SECTIONS = ["Meaning", "Impact", "Look", "Fix", "Escalate"]


def test_every_alert_has_a_runbook_and_every_runbook_an_alert() -> None:
    rules = (ROOT / "deploy" / "prometheus" / "rules.yml").read_text("utf-8")
    alerts = re.findall(r"- alert: (\w+)\n", rules)
    assert len(alerts) == 17
    assert sorted(alerts) == [page.stem for page in RUNBOOKS]
    index = (ROOT / "docs" / "runbooks" / "README.md").read_text("utf-8")
    severities = dict(re.findall(r"- alert: (\w+)\n.*?severity: (\w+)", rules, re.DOTALL))
    for alert in alerts:
        assert f"| [{alert}]({alert}.md) | {severities[alert]} |" in index


@pytest.mark.parametrize("page", RUNBOOKS, ids=lambda page: page.stem)
def test_a_runbook_has_its_sections_and_something_to_type(page: Path) -> None:
    text = page.read_text("utf-8")
    assert text.startswith(f"# {page.stem}\n")
    assert re.findall(r"^## (.*)$", text, re.MULTILINE) == SECTIONS
    look, fix = (
        re.search(rf"^## {name}\n(.*?)(?=^## )", text, re.MULTILINE | re.DOTALL) for name in ("Look", "Fix")
    )
    assert look is not None
    assert fix is not None
    assert "$ " in look[1]
    assert "$ " in fix[1]


def test_every_command_in_a_runbook_exists() -> None:
    root = typer.main.get_command(app)
    for page in RUNBOOKS:
        for words in re.findall(r"(?:\$ |`)cwbridge ((?:[a-z]+ ?)+)", page.read_text("utf-8")):
            command = root
            for word in words.split()[:2]:
                children = getattr(command, "commands", {})
                if not children:
                    break
                assert word in children, f"{page.stem}: cwbridge {words}"
                command = children[word]
