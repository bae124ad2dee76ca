"""The dashboards: what is committed is what the code makes, and every panel asks for what exists and leads on."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.operations.dashboards import FILES, HOME, Asked, asked, board, panels
from tests.operations.test_alerts import ALERTS, SERIES, promtool

pytestmark = pytest.mark.operations
_ROOT = HOME.parents[1]
_OF_PROMETHEUS = {
    "ALERTS": {"alertname", "alertstate", "severity"},
    "process_start_time_seconds": {"job"},
}
_OF_EVERY_TARGET = {"namespace", "job", "instance", "le"}


def test_the_committed_files_are_what_the_code_makes() -> None:
    from deploy.grafana import generate  # noqa: PLC0415 - installed for this suite only

    assert set(generate.BOARDS) == {path.name for path in HOME.glob("*.json")} == set(FILES)
    for name, made in generate.BOARDS.items():
        assert (HOME / name).read_text("utf-8") == generate.text_of(made), (
            f"{name} is not what the code makes: python -m deploy.grafana.generate"
        )


@pytest.mark.parametrize("name", FILES)
def test_every_panel_has_its_meaning_its_unit_and_its_links(name: str) -> None:
    for panel in panels(name):
        assert panel["description"].endswith("."), panel["title"]
        assert panel["fieldConfig"]["defaults"]["unit"], panel["title"]
        links = [link["url"] for link in panel["links"]]
        assert links[-1] == "${status_page:raw}/", panel["title"]
        for url in links[:-1]:
            (alert,) = re.findall(r"^\$\{docs:raw\}/runbooks/(\w+)\.md$", url)
            assert alert in {*ALERTS, "README"}
            assert (_ROOT / "docs" / "runbooks" / f"{alert}.md").is_file()


def test_every_alert_is_led_to_by_a_panel() -> None:
    linked = {
        alert
        for name in FILES
        for panel in panels(name)
        for link in panel["links"]
        for alert in re.findall(r"runbooks/(\w+)\.md", link["url"])
    }
    assert linked == {*ALERTS, "README"}


@pytest.mark.parametrize("name", FILES)
def test_a_dashboard_can_be_imported_anywhere(name: str) -> None:
    read = board(name)
    assert read["uid"] == f"cwbridge-{name.removesuffix('.json')}"
    assert read["tags"] == ["cwbridge"]
    assert {one["name"] for one in read["templating"]["list"]} >= {"datasource", "namespace"}
    sources = re.findall(r'"uid": "([^"]*)"', (HOME / name).read_text("utf-8"))
    assert set(sources) == {"${datasource}", read["uid"]}


@pytest.mark.parametrize("name", FILES)
def test_panels_fill_the_grid_and_lie_on_none_other(name: str) -> None:
    taken: set[tuple[int, int]] = set()
    for panel in board(name)["panels"]:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert place["x"] + place["w"] <= 24
        assert not cells & taken, panel["title"]
        taken |= cells


@pytest.mark.parametrize("one", asked(), ids=lambda one: f"{one.board}: {one.panel}")
def test_a_query_asks_for_series_and_labels_that_exist(one: Asked) -> None:
    found = re.findall(r"\b((?:cwbridge_|process_)\w+|ALERTS)\{([^}]*)\}", one.expression)
    assert found
    for name, matchers in found:
        base = re.sub(r"_(bucket|sum|count)$", "", name)
        if name in _OF_PROMETHEUS:
            labels = _OF_PROMETHEUS[name]
        else:
            labels = set((SERIES.get(name) or SERIES[base]).labels)
        assert set(re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", matchers)) <= labels | {"namespace"}
    used = re.findall(r"\bby \(([^)]*)\)", one.expression)
    known = set().union(*(set(s.labels) for s in SERIES.values())) | _OF_EVERY_TARGET
    assert {label.strip() for by in used for label in by.split(",") if label.strip()} <= known


def test_every_query_can_be_parsed(tmp_path: Path) -> None:
    rules = "groups:\n  - name: queries\n    rules:\n"
    for number, one in enumerate(asked()):
        text = one.filled(interval="5m", span="6h", scrapes="30m").replace("'", "''")
        rules += f"      - record: q:{number}\n        expr: '{text}'\n"
    (tmp_path / "queries.yml").write_text(rules, "utf-8")
    assert "SUCCESS" in promtool("check", "rules", str(tmp_path / "queries.yml"))


def test_the_generator_writes_the_files() -> None:
    from deploy.grafana import generate  # noqa: PLC0415 - as above

    before = {name: (HOME / name).read_bytes() for name in FILES}
    generate.main()
    assert {name: (HOME / name).read_bytes() for name in FILES} == before


def test_a_deploy_is_marked_also_where_its_processes_have_new_names(tmp_path: Path) -> None:
    """A new pod is a new series; one that has run for long marks nothing."""
    (deploys,) = {one.expression for one in asked() if one.panel == "annotation Deploys"}
    query = deploys.replace("$namespace", ".*").replace("'", "''")
    rules = f"groups:\n  - name: marks\n    rules:\n      - record: deploys\n        expr: '{query}'\n"
    (tmp_path / "rules.yml").write_text(rules, "utf-8")
    (tmp_path / "test.yml").write_text(
        """
rule_files: [rules.yml]
evaluation_interval: 1m
tests:
  - interval: 1m
    input_series:
      - {series: 'process_start_time_seconds{job="cwbridge",instance="old"}', values: "0x20"}
      - {series: 'process_start_time_seconds{job="cwbridge",instance="new"}', values: "_x10 600x10"}
    promql_expr_test:
      - {expr: deploys, eval_time: 9m, exp_samples: []}
      - {expr: deploys, eval_time: 10m, exp_samples: [{labels: deploys, value: 1}]}
      - {expr: deploys, eval_time: 12m, exp_samples: []}
""",
        "utf-8",
    )
    assert "SUCCESS" in promtool("test", "rules", str(tmp_path / "test.yml"))
