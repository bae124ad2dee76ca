"""Filters over jobs, their grouping by cause, and the names of links: pure rules, no Redis."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from console import flows, output
from console.jobs.requeueing import _pauses
from cwbridge import errors
from cwbridge.limits.rate import Rate
from cwbridge.queue.failure import Failure
from cwbridge.queue.job import Job
from cwbridge.queue.selection import Groups, Selection
from worker.opportunity.project_key import ProjectKey

NOW_MS = 1_800_000_000_000
HOUR_MS = 3_600_000


def failed(work_class: errors.WorkClass = "refused", cause: str = "Sub-category Rack is missing") -> Failure:
    return Failure(
        work_class=work_class, error="E", cause=cause, detail="item 7", remedy="Create it.", at_ms=NOW_MS
    )


def job(number: int = 1, *, age_ms: int = 0, **changed: Any) -> Job:
    fields: dict[str, Any] = {
        "key": f"jetbuilt/project/{number}",
        "flow": "opportunity",
        "state": "dead",
        "lane": "fresh",
        "generation": 1,
        "attempts": 0,
        "crashes": 0,
        "waits": 0,
        "since_ms": NOW_MS - age_ms,
        "due_ms": NOW_MS,
        "failure": failed(),
    }
    return Job(**{**fields, **changed})


@pytest.mark.parametrize(
    ("selection", "other"),
    [
        (Selection(states=("dead", "scheduled")), job(state="held")),
        (Selection(flow="opportunity"), job(flow="billing")),
        (Selection(lane="fresh"), job(lane="backlog")),
        (Selection(key="jetbuilt/project/1*"), job(2)),
        (Selection(prefixes=("jetbuilt/project/1",)), job(12)),
        (Selection(work_class="refused"), job(failure=failed("bug"))),
        (Selection(work_class="refused"), job(failure=None)),
        (Selection(cause="category RACK"), job(failure=failed(cause="Sub-category Screen is missing"))),
        (Selection(cause="missing"), job(failure=None)),
        (Selection(older=timedelta(hours=1)), job(age_ms=HOUR_MS - 1)),
        (Selection(younger=timedelta(hours=2)), job(age_ms=2 * HOUR_MS + 1)),
    ],
)
def test_each_filter_takes_one_and_leaves_the_other(selection: Selection, other: Job) -> None:
    assert selection.takes(job(age_ms=HOUR_MS + 1), NOW_MS)
    assert not selection.takes(other, NOW_MS)
    assert selection.names_some


def test_a_cause_is_not_found_in_what_differs_from_job_to_job() -> None:
    assert "item 7" in failed().detail
    assert not Selection(cause="item 7").takes(job(), NOW_MS)


def test_filters_are_combined() -> None:
    both = Selection(states=("dead",), cause="rack")
    assert both.takes(job(), NOW_MS)
    assert not both.takes(job(state="scheduled"), NOW_MS)
    assert not both.takes(job(failure=failed(cause="Screen")), NOW_MS)


def test_without_a_filter_everything_is_meant_and_nothing_is_named() -> None:
    assert not Selection().names_some
    assert Selection().takes(job(failure=None, state="running"), NOW_MS)


def test_jobs_of_one_cause_are_one_group_whatever_their_details() -> None:
    groups = Groups()
    for number in range(1, 6):
        groups.add(job(number, age_ms=number * 1000), NOW_MS)
    groups.add(job(6, state="held"), NOW_MS)
    groups.add(
        job(7, state="scheduled", due_ms=NOW_MS + 9, failure=failed("wait", "Inventory auditing")), NOW_MS
    )
    groups.add(
        job(8, state="scheduled", due_ms=NOW_MS + 5, failure=failed("wait", "Inventory auditing")), NOW_MS
    )
    groups.add(job(9, failure=failed("bug", "ZeroDivisionError")), NOW_MS)
    groups.add(job(10, state="due", failure=None), NOW_MS)
    bug, rack, audit, untroubled = groups.in_order()
    assert (bug.jobs, bug.work_class) == (1, "bug")
    assert (rack.jobs, rack.states, rack.oldest_age_ms) == (6, {"dead": 5, "held": 1}, 5000)
    assert rack.examples == [f"jetbuilt/project/{number}" for number in (1, 2, 3)]
    assert (audit.jobs, audit.next_due_ms) == (2, NOW_MS + 5)
    assert (untroubled.jobs, untroubled.work_class, untroubled.cause) == (1, "", "")


@given(st.integers(1, 50), st.integers(1, 20), st.sampled_from([0.5, 1.0, 10.0]))
def test_no_window_holds_more_starts_than_the_rate_allows(jobs: int, calls: int, seconds: float) -> None:
    pauses = list(_pauses([f"k{number}" for number in range(jobs)], Rate(calls, seconds)).values())
    assert pauses[0] == 0
    assert len(pauses) == jobs
    # Rounded to the millisecond, so a window is a millisecond shorter.
    for start in pauses:
        assert sum(start <= pause < start + seconds * 1000 - 1 for pause in pauses) <= calls


@pytest.mark.parametrize(
    ("text", "kind", "identity"),
    [
        ("jetbuilt/project/97737", "opportunity", "jetbuilt/project/97737"),
        ("jetbuilt/project/1/option/2", "opportunity", "jetbuilt/project/1/option/2"),
        ("jetbuilt:client:8801", "company", "jetbuilt:client:8801"),
        ("jetbuilt:contact:55@120", "contact", "jetbuilt:contact:55@120"),
        ("jetbuilt:contact:none@120", "contact", "jetbuilt:contact:none@120"),
        ("jetbuilt:site:Main  Office@7", "site", "jetbuilt:site:main office@7"),
    ],
)
def test_a_link_is_named_the_way_it_is_shown(text: str, kind: str, identity: str) -> None:
    flow, name = flows.registered().link_name(text)
    assert (flow.name, name.kind, name.identity) == ("opportunity", kind, identity)
    assert flows.registered().link_name(str(name)) == (flow, name)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "company:8801",
        "jetbuilt:client:x",
        "jetbuilt:contact:55",
        "jetbuilt:site: @7",
        "member:1",
        "jetbuilt/1",
    ],
)
def test_what_names_no_link_is_refused_with_the_forms(text: str) -> None:
    with pytest.raises(errors.Refused) as refused:
        flows.registered().link_name(text)
    assert "jetbuilt/project/97737" in refused.value.remedy


@given(st.integers(1, 10**18), st.none() | st.integers(1, 10**18))
def test_the_key_of_an_external_id_is_the_key(family: int, option: int | None) -> None:
    key = ProjectKey(family, option)
    assert ProjectKey.of_external_id(key.external_id) == key


# A backslash at the very end is shown twice, so that it cannot swallow a tag of ours behind it.
@given(st.text(st.characters(codec="utf-8"), max_size=40).filter(lambda text: not text.endswith("\\")))
@example("\\[bold]loud[/bold]\x1b[2J\u202e:warning:")
def test_text_from_outside_is_shown_as_it_is_and_moves_no_cursor(text: str) -> None:
    console = output.console()
    with console.capture() as capture:
        console.print(output.escape(text), end="")
    assert capture.get() == "".join(one if one.isprintable() else " " for one in text)
