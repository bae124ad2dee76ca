"""The rules of Prometheus: each alert fires when it should and not before, names its runbook, and asks for series that exist."""

from __future__ import annotations

import importlib
import pkgutil
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

import cwbridge
import worker
from cwbridge import cluster_metrics, errors, metrics
from cwbridge.queue.failure import WAITS_FOR_ITSELF, WORKER_DIED
from tests.operations.tools import program

pytestmark = pytest.mark.operations

ROOT = Path(__file__).parents[2]
RULES = ROOT / "deploy" / "prometheus" / "rules.yml"
RULES_TEST = RULES.with_name("rules_test.yml")
ALERTS = {
    "CwbridgeDown": "critical",
    "CwbridgeNoWorker": "critical",
    "CwbridgePollStale": "critical",
    "CwbridgeBehind": "warning",
    "CwbridgeSlow": "warning",
    "CwbridgeDeadLetters": "warning",
    "CwbridgeBug": "warning",
    "CwbridgeCrashLoop": "critical",
    "CwbridgeSystemOnHold": "critical",
    "CwbridgeSystemUnreachable": "critical",
    "CwbridgeThrottled": "warning",
    "CwbridgeLimitSaturated": "warning",
    "CwbridgeInventoryAudit": "info",
    "CwbridgeMoneyMismatch": "warning",
    "CwbridgeRedisDown": "critical",
    "CwbridgeRedisNotDurable": "warning",
    "CwbridgeFullSyncStale": "warning",
}
SERIES = {one.name: one for one in (*metrics.PROCESS, *cluster_metrics.CLUSTER)}


def rules() -> list[dict[str, Any]]:
    groups = yaml.safe_load(RULES.read_text("utf-8"))["groups"]
    return [rule for group in groups for rule in group["rules"]]


def alerts() -> dict[str, dict[str, Any]]:
    return {rule["alert"]: rule for rule in rules() if "alert" in rule}


def promtool(*arguments: str) -> str:
    done = subprocess.run([program("promtool"), *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_rules_are_valid() -> None:
    assert "SUCCESS" in promtool("check", "rules", str(RULES))


def test_each_alert_fires_when_it_should_and_a_calm_day_and_a_deploy_fire_nothing() -> None:
    assert "SUCCESS" in promtool("test", "rules", str(RULES_TEST))


def test_a_changed_threshold_is_noticed(tmp_path: Path) -> None:
    changed = tmp_path / "rules.yml"
    changed.write_text(RULES.read_text("utf-8").replace("> 900\n", "> 9000\n"), "utf-8")
    (tmp_path / "rules_test.yml").write_text(RULES_TEST.read_text("utf-8"), "utf-8")
    arguments = [program("promtool"), "test", "rules", str(tmp_path / "rules_test.yml")]
    assert subprocess.run(arguments, capture_output=True, check=False).returncode != 0


def test_every_alert_has_its_severity_its_words_and_its_runbook() -> None:
    assert {name: rule["labels"]["severity"] for name, rule in alerts().items()} == ALERTS
    for name, rule in alerts().items():
        annotations = rule["annotations"]
        assert annotations["summary"].endswith(".")
        assert "$value" in annotations["description"]
        assert annotations["runbook_url"] == f"docs/runbooks/{name}.md"
        assert (ROOT / annotations["runbook_url"]).is_file()


def test_every_alert_is_tested() -> None:
    text = RULES_TEST.read_text("utf-8")
    for name in ALERTS:
        assert f'alertname="{name}"' in text


def test_rules_ask_for_series_and_labels_that_exist() -> None:
    for rule in rules():
        expression = rule["expr"]
        for name, matchers in re.findall(r"\b(cwbridge_\w+)(?:\{([^}]*)\})?", expression):
            base = re.sub(r"_(bucket|sum|count)$", "", name)
            one = SERIES.get(name) or SERIES[base]
            assert set(re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", matchers)) <= {*one.labels, "job"}


def test_a_bug_is_every_error_that_is_not_foreseen() -> None:
    for package in (cwbridge, worker):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            importlib.import_module(module.name)

    def tree(root: type[errors.BridgeError]) -> set[str]:
        ours = root.__module__.startswith(("cwbridge.", "worker."))
        return ({root.__name__} if ours else set()).union(*(tree(one) for one in root.__subclasses__()))

    (listed,) = re.findall(r'error!~"([^"]*)"', alerts()["CwbridgeBug"]["expr"])
    assert set(listed.split("|")) == tree(errors.WorkError) - {"WorkError"} | {WORKER_DIED, WAITS_FOR_ITSELF}
