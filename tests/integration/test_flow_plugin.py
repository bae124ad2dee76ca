"""A flow is a plug-in: one that the distribution has never heard of polls, runs, waits, and is seen everywhere."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from prometheus_client import REGISTRY

from console import flows
from cwbridge.flow import Registration
from cwbridge.queue.queue import Queue
from cwbridge.redis import Redis, reply
from tests.plugin.notes import Notes
from tests.plugin.source import NotesSource
from tests.support.jobs import Command, Store


@pytest.fixture(autouse=True)
def _registered() -> Iterator[None]:
    """All that a flow needs: it registers itself. No system has a URL, so every other flow is switched off."""
    flows.register(Registration(Notes(), NotesSource()))
    yield
    flows.unregister("note")


def write(store: Store, **notes: str) -> None:
    async def act(redis: Redis, _: Queue) -> None:
        await reply(
            redis.hset(f"{store.namespace}:notes", mapping={name[1:]: text for name, text in notes.items()})
        )

    store.do(act)


def copies(store: Store) -> list[str]:
    async def act(redis: Redis, _: Queue) -> list[str]:
        stored = await reply(redis.hgetall(f"{store.namespace}:copies"))
        return [stored[number].decode() for number in sorted(stored, key=int)]

    return store.do(act)


def test_it_polls_runs_and_waits_for_another_key(cwbridge: Command, store: Store) -> None:
    write(store, n1="after 2", n2="after 3", n3="first")
    ended = cwbridge("sync", "--json")
    assert (ended.code, ended.json["seen"], ended.json["settled"]) == (0, 3, 3), ended.err
    assert copies(store) == ["first", "after 3", "after 2"]


def test_it_is_seen_in_status_jobs_links_and_metrics(cwbridge: Command, store: Store) -> None:
    before = REGISTRY.get_sample_value(
        "cwbridge_job_runs_total", {"flow": "note", "outcome": "dead_lettered"}
    )
    write(store, n1="first", n2="refused", n3="after 2")
    assert cwbridge("sync").code == 1
    status = cwbridge("status", "--json").json
    assert (status["flows"], status["links"]["copies"], status["queue"]["dead"]) == (["note"], 1, 1)
    [dead] = cwbridge("jobs", "list", "--flow", "note", "--state", "dead", "--json").json
    assert (dead["cause"], dead["examples"]) == ("the note is refused", ["notes/note/2"])
    assert cwbridge("jobs", "list", "--flow", "opportunity", "--json").json == []
    waiting = cwbridge("jobs", "show", "notes/note/3", "--json").json["job"]
    assert (waiting["state"], waiting["waits_for"], waiting["attempts"]) == ("waiting", "notes/note/2", 0)
    assert "the note is refused" in waiting["failure"]["cause"] + waiting["failure"]["detail"]
    [link] = cwbridge("links", "list", "--json").json
    assert (link["name"], link["kind"], link["target"]) == ("notes/note/1", "copy", 1)
    assert status["sources"] == {"notes written": "3"}
    screen = cwbridge("status").out
    assert "linked copies" in screen
    assert "notes written" in screen
    after = REGISTRY.get_sample_value("cwbridge_job_runs_total", {"flow": "note", "outcome": "dead_lettered"})
    assert (after or 0) - (before or 0) == 1


def test_a_command_names_the_forms_of_every_registered_flow(cwbridge: Command) -> None:
    ended = cwbridge("sync", "notes/note/x")
    assert (ended.code, "notes/note/7" in ended.err) == (2, True)
    assert "note" in cwbridge("jobs", "list", "--flow", "nothing").err
