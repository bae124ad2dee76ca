"""Which jobs `cwbridge jobs` finds, and what it says when there are none or many."""

from __future__ import annotations

from cwbridge import errors
from cwbridge.queue.job import Enqueue
from cwbridge.queue.queue import Queue
from cwbridge.redis import Redis
from tests.support.jobs import RACK, SCREEN, Command, Store, key


def test_an_archived_job_is_shown_listed_and_counted(cwbridge: Command, store: Store) -> None:
    store.ended({1: RACK, 2: SCREEN})
    assert cwbridge("jobs", "archive", key(1)).code == 0
    shown = cwbridge("jobs", "show", key(1))
    assert (shown.code, "archived since 2" in shown.out, "settled" in shown.out) == (0, True, False)
    assert cwbridge("jobs", "show", key(1), "--json").json["job"]["state"] == "archived"
    (listed,) = cwbridge("jobs", "list", "--state", "archived", "--each", "--json").json
    assert (listed["key"], listed["state"]) == (key(1), "archived")
    assert "1 archived; the oldest archived " in cwbridge("jobs", "list", "--state", "archived").out
    assert [job["key"] for job in cwbridge("jobs", "list", "--each", "--json").json] == [key(2)]
    assert cwbridge("status", "--json").json["queue"]["archived"] == 1
    assert "archived 1" in cwbridge("status").out


def test_an_unknown_flow_is_refused_with_the_known_ones(cwbridge: Command, store: Store) -> None:
    store.ended({1: RACK})
    for verb in ("list", "requeue"):
        ended = cwbridge("jobs", verb, "--flow", "oportunity")
        assert (ended.code, ended.out) == (2, "")
        assert "opportunity" in ended.err.replace("oportunity", "")


def test_a_number_is_a_project_with_its_options(cwbridge: Command, store: Store) -> None:
    names = (key(97739), f"{key(97739)}/option/5", key(977390))

    async def act(_: Redis, queue: Queue) -> None:
        await queue.enqueue(*(Enqueue(name, "opportunity") for name in names))

    store.do(act)
    listed = cwbridge("jobs", "list", "--each", "--json", "--key", "97739").json
    assert {job["key"] for job in listed} == set(names[:2])


def test_a_list_is_whole_for_programs_and_says_its_length_to_people(cwbridge: Command, store: Store) -> None:
    store.ended(dict.fromkeys(range(1, 252), RACK))
    assert len(cwbridge("jobs", "list", "--each", "--json").json) == 251
    assert len(cwbridge("jobs", "list", "--each", "--json", "--limit", "3").json) == 3
    assert "200 shown, there are more" in cwbridge("jobs", "list", "--each").out
    assert "3 shown, there are more" in cwbridge("jobs", "list", "--each", "--limit", "3").out
    assert "shown" not in cwbridge("jobs", "list", "--each", "--limit", "251").out


def test_a_list_by_cause_reads_ten_thousand_jobs_and_says_so(cwbridge: Command, store: Store) -> None:
    async def act(_: Redis, queue: Queue) -> None:
        for start in range(1, 10_002, 500):
            numbers = range(start, min(start + 500, 10_002))
            await queue.enqueue(*(Enqueue(key(number), "opportunity") for number in numbers))

    store.do(act)
    said = cwbridge("jobs", "list").out
    assert said.startswith("10000 jobs")
    assert "Only the first 10000 jobs were read" in said
    assert cwbridge("jobs", "list", "--limit", "10001").out.startswith("10001 jobs")
    assert cwbridge("jobs", "list", "--json").json[0]["jobs"] == 10_001


def test_a_group_is_chosen_by_the_id_that_the_list_shows(cwbridge: Command, store: Store) -> None:
    """A cause that contains another one cannot be told from it by `--cause`."""
    longer = errors.MappingRefused(f"{SCREEN.cause} and more", remedy="Create it.")
    store.ended({1: SCREEN, 2: longer, 3: SCREEN})
    groups = {group["cause"]: group["id"] for group in cwbridge("jobs", "list", "--json").json}
    chosen = groups[SCREEN.cause]
    assert f"; group {chosen}\n" in cwbridge("jobs", "list").out
    listed = cwbridge("jobs", "list", "--each", "--json", "--group", chosen).json
    assert [job["key"] for job in listed] == [key(1), key(3)]
    assert len(cwbridge("jobs", "list", "--each", "--json", "--cause", SCREEN.cause).json) == 3
    assert cwbridge("jobs", "archive", "--group", chosen, "--json").json["archived"] == 2
    assert store.states() == {2: "dead"}
    none = cwbridge("jobs", "requeue", "--group", chosen)
    assert (none.code, "none passes --group" in none.out) == (0, True)
