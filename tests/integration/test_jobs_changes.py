"""What `cwbridge jobs` says about a change is what happens: trials, archived jobs, holds of running ones."""

from __future__ import annotations

import pytest

from cwbridge.queue import outcome
from cwbridge.queue.job import Enqueue
from cwbridge.queue.queue import Queue
from cwbridge.redis import Redis
from tests.support.jobs import AUDIT, RACK, SCREEN, Command, Store, key


def enqueue(store: Store, *numbers: int) -> None:
    async def act(_: Redis, queue: Queue) -> None:
        await queue.enqueue(*(Enqueue(key(number), "opportunity") for number in numbers))

    store.do(act)


@pytest.mark.parametrize(
    ("verb", "done_word"),
    [("requeue", "requeued"), ("archive", "archived"), ("hold", "held"), ("release", "released")],
)
def test_a_trial_with_named_keys_says_what_the_real_one_does(
    cwbridge: Command, store: Store, verb: str, done_word: str
) -> None:
    store.ended({1: RACK, 2: AUDIT, 3: RACK, 4: RACK})
    assert cwbridge("jobs", "archive", key(3)).code == 0
    assert cwbridge("jobs", "hold", key(4)).code == 0
    enqueue(store, 5)
    store.run_of(5)
    names = [key(number) for number in (1, 2, 3, 4, 5, 424242)]
    before = store.states()
    said = cwbridge("jobs", verb, *names, "--dry-run").out
    tried = cwbridge("jobs", verb, *names, "--dry-run", "--json")
    assert store.states() == before
    done = cwbridge("jobs", verb, *names, "--json")
    assert tried.json["changed"] == []
    assert tried.json["would_change"] == done.json["changed"] != []
    assert tried.json["unchanged"] == done.json["unchanged"] != []
    assert tried.code == done.code == 1
    assert f"would be {done_word}: {len(done.json['changed'])} of 6; nothing was changed" in said


@pytest.mark.parametrize("arguments", [[key(1)], ["--state", "archived"]])
def test_an_archived_job_is_enqueued_by_a_requeue(
    cwbridge: Command, store: Store, arguments: list[str]
) -> None:
    store.ended({1: RACK})
    assert cwbridge("jobs", "archive", key(1)).code == 0
    done = cwbridge("jobs", "requeue", *arguments, "--json")
    assert (done.code, done.json["changed"]) == (0, [key(1)])
    assert store.job(1).state == "due"
    assert store.job(1).lane == done.json["lane"] == ("interactive" if arguments == [key(1)] else "backlog")
    assert cwbridge("jobs", "list", "--state", "archived", "--json").json == []


def test_a_job_held_while_it_runs_says_so_and_any_release_finds_it(cwbridge: Command, store: Store) -> None:
    enqueue(store, 1)
    run = store.run_of(1)
    assert cwbridge("jobs", "hold", key(1)).code == 0
    assert "running, held after this run" in cwbridge("jobs", "list", "--each").out
    assert "running, held after this run" in cwbridge("jobs", "show", key(1)).out
    assert cwbridge("jobs", "hold", "--all", "--json").json["chosen"] == []
    for filters in (["--all"], ["--key", "1"], ["--state", "running"]):
        assert cwbridge("jobs", "release", *filters, "--json").json["changed"] == [key(1)]
        assert store.job(1).held is False
        assert cwbridge("jobs", "hold", key(1)).code == 0
    assert cwbridge("jobs", "release", "--all").code == 0

    async def end(_: Redis, queue: Queue) -> str | None:
        return await queue.settle(run, outcome.Succeeded())

    assert store.do(end) == "gone"


def test_of_what_runs_a_release_takes_only_what_is_held(cwbridge: Command, store: Store) -> None:
    enqueue(store, 1)
    store.run_of(1)
    ended = cwbridge("jobs", "release", "--all")
    assert (ended.code, ended.out.splitlines()[-1]) == (0, "released: 0 of 0")


def test_of_a_held_job_the_release_is_the_remedy(cwbridge: Command, store: Store) -> None:
    store.ended({1: RACK})
    assert cwbridge("jobs", "hold", key(1)).code == 0
    for arguments in (["list", "--each"], ["show", key(1)]):
        said = cwbridge("jobs", *arguments).out
        assert "held since 2" in said
        assert f"cwbridge jobs release {key(1)}" in said
    assert "1 held until released  ->  cwbridge jobs release KEY" in cwbridge("jobs", "list").out


@pytest.mark.parametrize(
    ("filters", "said"),
    [
        (["--cause", "rak", "--key", "1"], "none passes --cause"),
        (["--cause", "rak", "--key", "7"], "none passes --key and none --cause"),
        (["--cause", "rack", "--key", "2"], "none passes --key and --cause together"),
    ],
)
def test_the_filter_that_finds_nothing_is_named(
    cwbridge: Command, store: Store, filters: list[str], said: str
) -> None:
    store.ended({1: RACK, 2: SCREEN})
    assert f"No such jobs: of all, {said}." in cwbridge("jobs", "list", *filters).out
    ended = cwbridge("jobs", "requeue", *filters)
    assert f"No such jobs: of all that are dead or scheduled or waiting, {said}." in ended.out
    assert (ended.code, store.states()) == (0, {1: "dead", 2: "dead"})
