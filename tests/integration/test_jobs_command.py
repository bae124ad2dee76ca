"""`cwbridge jobs` on a real Redis, in this process and through the entry point of the command."""

from __future__ import annotations

from decimal import Decimal

import pytest

from console import flows, gauges
from cwbridge import cluster_metrics
from cwbridge.ledger.history import Event, History
from cwbridge.ledger.links import Link, Links
from cwbridge.ledger.money_discrepancies import MoneyDiscrepancies, MoneyDiscrepancy
from cwbridge.limits.limiter import Limiter
from cwbridge.limits.rate import Rate
from cwbridge.queue import outcome
from cwbridge.queue.job import Enqueue
from cwbridge.queue.queue import Queue
from cwbridge.redis import Redis
from tests.support.configured import configured
from tests.support.jobs import AUDIT, RACK, SCREEN, TRACED, Command, Store, key


def test_failed_jobs_are_listed_by_cause_with_what_to_do(cwbridge: Command, store: Store) -> None:
    store.ended(dict.fromkeys(range(1, 143), RACK) | {200: AUDIT, 201: TRACED})
    ended = cwbridge("jobs", "list")
    assert ended.code == 0
    assert "142 jobs  refused  Sub-category [bold]Rack is missing  ->  Create it." in ended.out
    assert "1 job  wait  Inventory auditing is on  ->  Finish" in ended.out
    assert "142 dead; the oldest enqueued" in ended.out
    assert f"{key(1)}, {key(10)}, {key(100)}, ..." in ended.out
    bug, rack, audit = cwbridge("jobs", "list", "--json").json
    assert (rack["jobs"], rack["states"], len(rack["examples"])) == (142, {"dead": 142}, 3)
    assert (bug["work_class"], audit["states"]) == ("bug", {"waiting": 1})


def test_a_list_of_nothing_says_so(cwbridge: Command) -> None:
    ended = cwbridge("jobs", "list")
    assert (ended.code, ended.out.startswith("No such jobs")) == (0, True)
    assert cwbridge("jobs", "list", "--json").json == []
    assert cwbridge("jobs", "list", "--each", "--json").json == []


@pytest.mark.parametrize(
    ("filters", "numbers"),
    [
        (["--state", "waiting"], {3}),
        (["--key", "jetbuilt/project/1*"], {1, 10}),
        (["--class", "bug"], {4}),
        (["--cause", "rack"], {1, 10}),
        (["--flow", "opportunity", "--cause", "screen"], {2}),
        (["--key", "1"], {1}),
        (["--lane", "fresh", "--key", "1"], {1}),
        (["--lane", "backlog"], set()),
        (["--older", "1h"], set()),
        (["--younger", "1h", "--limit", "2"], {1, 10}),
    ],
)
def test_each_filter_of_the_list_chooses_jobs(
    cwbridge: Command, store: Store, filters: list[str], numbers: set[int]
) -> None:
    store.ended({1: RACK, 10: RACK})
    store.ended({2: SCREEN, 3: AUDIT, 4: TRACED})
    if "--limit" in filters:
        filters = [*filters, "--state", "dead"]
    listed = cwbridge("jobs", "list", "--each", "--json", *filters).json
    assert {job["key"] for job in listed} == {key(number) for number in numbers}


def test_a_job_is_shown_with_cause_trace_matches_and_its_last_calls(cwbridge: Command, store: Store) -> None:
    store.ended({1: TRACED})

    async def put(redis: Redis, _: Queue) -> None:
        history = History(redis, namespace=store.namespace)
        matched = Event(
            what="updated", target=9, matches=("company 120 (name)",), discrepancies=("item:1 differs: +2",)
        )
        await history.add(key(1), matched)
        call = "connectwise POST /procurement/products: 400, 12 ms, request abc-1"
        await history.add(key(1), Event(what="refused: ValueRefused", cause="[red]", last_calls=(call,)))
        await Links(redis, namespace=store.namespace).put("opportunity", key(1), Link(target=9, how="person"))

    store.do(put)
    ended = cwbridge("jobs", "show", key(1))
    assert ended.code == 0
    expected = [
        f"{key(1)}  dead",
        "bug (ZeroDivisionError)",
        "ZeroDivisionError: division by zero",
        "linked   opportunity 9 (person)",
        "matched  company 120 (name)",
        "found    item:1 differs: +2",
        "request abc-1",
        "[red]",
    ]
    assert [text for text in expected if text not in ended.out] == []
    shown = cwbridge("jobs", "show", key(1), "--json").json
    assert (shown["job"]["state"], shown["link"]["target"], shown["matches"]) == (
        "dead",
        9,
        ["company 120 (name)"],
    )
    assert [event["what"] for event in shown["history"]] == ["refused: ValueRefused", "updated"]


def test_an_unknown_job_is_reported_as_unknown(cwbridge: Command) -> None:
    assert cwbridge("jobs", "show", key(5)).code == 1
    assert "is not a key" in cwbridge("jobs", "show", "nonsense").err


def test_named_keys_are_requeued_before_everything_and_the_rest_is_listed(
    cwbridge: Command, store: Store
) -> None:
    store.ended({1: RACK, 2: AUDIT})
    ended = cwbridge("jobs", "requeue", key(1), key(2), key(3))
    assert ended.code == 1
    assert ended.out.splitlines() == [
        key(1),
        key(2),
        f"{key(3)}  unchanged: neither dead, waiting nor archived",
        "requeued: 2 of 3",
    ]
    assert store.states() == {1: "due", 2: "due"}
    assert {store.job(number).lane for number in (1, 2)} == {"interactive"}
    assert store.job(1).failure is None


def test_one_cause_is_requeued_into_the_backlog_so_that_edits_are_not_delayed(
    cwbridge: Command, store: Store
) -> None:
    store.ended({1: RACK, 2: SCREEN, 3: RACK, 4: AUDIT})
    tried = cwbridge("jobs", "requeue", "--cause", "rack", "--dry-run", "--json").json
    assert (tried["requeued"], tried["chosen"], tried["changed"]) == (0, [key(1), key(3)], [])
    assert store.states()[1] == "dead"
    done = cwbridge("jobs", "requeue", "--cause", "rack", "--json").json
    assert (done["requeued"], done["changed"], done["unchanged"]) == (2, [key(1), key(3)], [])
    assert store.states() == {1: "due", 2: "dead", 3: "due", 4: "waiting"}
    assert store.job(3).lane == "backlog"


def test_a_rate_spreads_the_starts_and_a_new_edit_need_not_wait_for_its_turn(
    cwbridge: Command, store: Store
) -> None:
    store.ended(dict.fromkeys(range(1, 7), RACK))
    done = cwbridge("jobs", "requeue", "--state", "dead", "--rate", "2/1h", "--json").json
    assert (done["requeued"], done["spread_over_ms"]) == (6, 5 * 1_800_000)
    first, *others = [store.job(number) for number in range(1, 7)]
    assert first.state == "due"
    assert [round((job.due_ms - first.due_ms) / 1_800_000, 2) for job in others] == [1, 2, 3, 4, 5]

    async def edit(_: Redis, queue: Queue) -> None:
        await queue.enqueue(Enqueue(key(6), "opportunity"))

    store.do(edit)
    assert (store.job(6).state, store.job(6).lane, store.job(5).state) == ("due", "fresh", "scheduled")


@pytest.mark.parametrize("verb", ["requeue", "archive", "hold", "release"])
@pytest.mark.parametrize("arguments", [[], ["--limit", "1"], [key(1), "--all"], [key(1), "--cause", "rack"]])
def test_a_change_of_everything_needs_an_explicit_option(
    cwbridge: Command, store: Store, verb: str, arguments: list[str]
) -> None:
    store.ended({1: RACK})
    ended = cwbridge("jobs", verb, *arguments)
    assert (ended.code, ended.out) == (2, "")
    assert "--all" in ended.err
    assert store.states() == {1: "dead"}


@pytest.mark.parametrize(
    "arguments", [["--older", "3"], ["--rate", "fast"], ["--state", "lost"], ["--nonsense"]]
)
def test_an_option_that_cannot_be_read_is_reported_without_a_trace(
    cwbridge: Command, arguments: list[str]
) -> None:
    ended = cwbridge("jobs", "requeue", *arguments)
    assert ended.code == 2
    assert "Traceback" not in ended.err


def test_all_means_all_that_it_can_be_done_to(cwbridge: Command, store: Store) -> None:
    store.ended({1: RACK, 2: AUDIT, 3: TRACED})
    assert cwbridge("jobs", "archive", "--all", "--json").json["changed"] == [key(1), key(3)]
    assert store.states() == {2: "waiting"}
    ended = cwbridge("jobs", "archive", key(2))
    assert (ended.code, ended.out) == (1, f"{key(2)}  unchanged: not dead\narchived: 0 of 1\n")


def test_held_jobs_wait_for_their_release(cwbridge: Command, store: Store) -> None:
    store.ended({1: RACK, 2: AUDIT})
    assert cwbridge("jobs", "hold", "--cause", "rack", "--json").json["held"] == 1
    assert cwbridge("jobs", "hold", key(2), key(3)).out.splitlines()[-1] == "held: 2 of 2"
    assert store.states() == {1: "held", 2: "held", 3: "held"}
    assert cwbridge("jobs", "hold", key(1)).code == 1
    assert cwbridge("jobs", "requeue", key(1)).code == 1
    released = cwbridge("jobs", "release", "--all", "--json").json
    assert (released["released"], released["unchanged"]) == (3, [])
    assert store.states() == {1: "dead", 2: "waiting"}


def test_what_runs_meanwhile_is_left_to_its_worker(cwbridge: Command, store: Store) -> None:
    async def enqueue(_: Redis, queue: Queue) -> None:
        await queue.enqueue(Enqueue(key(1), "opportunity"))

    store.do(enqueue)
    run = store.run_of(1)
    assert cwbridge("jobs", "requeue", key(1)).code == 1
    assert cwbridge("jobs", "archive", key(1)).code == 1
    assert cwbridge("jobs", "hold", key(1)).code == 0

    async def end(_: Redis, queue: Queue) -> str | None:
        return await queue.settle(run, outcome.Succeeded())

    assert store.do(end) == "held"


def test_status_names_waiting_jobs_systems_on_hold_and_what_redis_would_lose(
    cwbridge: Command, store: Store, redis_url: str
) -> None:
    store.ended({1: RACK, 2: AUDIT, 3: AUDIT})

    async def stop(redis: Redis, _: Queue) -> None:
        limiter = Limiter(
            redis, namespace=store.namespace, system="connectwise", rate=Rate(100), concurrency=2
        )
        await limiter.hold(60, reason="credentials_refused")
        await redis.config_set("maxmemory-policy", "allkeys-lru")

    async def restore(redis: Redis, _: Queue) -> None:
        await redis.config_set("maxmemory-policy", "noeviction")

    store.do(stop)
    try:
        status = cwbridge("status", "--json").json
        screen = cwbridge("status").out
    finally:
        store.do(restore)
    assert status["verdict"] == "on hold"
    assert [hold["system"] for hold in status["on_hold"]] == ["connectwise"]
    assert [(group["cause"], group["jobs"]) for group in status["waiting"]] == [
        ("Inventory auditing is on", 2)
    ]
    assert [(group["work_class"], group["jobs"]) for group in status["dead"]] == [("refused", 1)]
    assert "allkeys-lru" in status["warnings"][0]
    for text in (
        "ConnectWise refused the credentials",
        "2 jobs  wait  Inventory auditing is on",
        "allkeys-lru",
    ):
        assert text in screen
    assert cwbridge("status", "--json").json["warnings"] == []


def test_the_gauge_of_a_system_on_hold_follows_all_processes(store: Store, redis_url: str) -> None:
    def gauge() -> float | None:
        return cluster_metrics.EXPORTED.value(cluster_metrics.ON_HOLD, "connectwise")

    async def act(redis: Redis, _: Queue) -> None:
        settings = configured(namespace=store.namespace)
        refresh = gauges.refresher(settings, redis, flows.registered())
        await redis.hset(f"{store.namespace}:on_hold", "connectwise", "1")  # type: ignore[misc]
        await refresh()
        assert gauge() == 1
        await redis.delete(f"{store.namespace}:on_hold")
        await refresh()
        assert gauge() == 0

    store.do(act)


def test_differences_in_money_are_shown_with_the_greatest_first(cwbridge: Command, store: Store) -> None:
    def differing(source: str, target: str) -> MoneyDiscrepancy:
        return MoneyDiscrepancy(currency="USD", source=Decimal(source), target=Decimal(target))

    async def find(redis: Redis, _: Queue) -> None:
        ledger = MoneyDiscrepancies(redis, namespace=store.namespace)
        await ledger.keep(
            "bss/invoice/1", {"subtotal": differing("8.40", "9.40"), "tax": differing("1.01", "0")}
        )
        await ledger.keep("bss/invoice/2", {"subtotal": differing("100.00", "8.40")})
        await gauges.refresher(configured(namespace=store.namespace), redis, flows.registered())()

    store.do(find)
    screen = cwbridge("status").out
    assert "2 subtotal: 92.60 USD in all" in screen
    assert "1 tax: 1.01 USD in all" in screen
    assert screen.index("bss/invoice/2: subtotal 100.00 in the source, 8.40 in the target (-91.60 USD)") < (
        screen.index("bss/invoice/1: tax")
    )
    shown = cwbridge("status", "--json").json
    assert [(one["kind"], one["count"], one["amount"]) for one in shown["money"]] == [
        ("subtotal", 2, "92.60"),
        ("tax", 1, "1.01"),
    ]
    exported = cluster_metrics.EXPORTED
    assert exported.value(cluster_metrics.MISMATCH_AMOUNT, "billing", "USD") == 93.61
    assert exported.value(cluster_metrics.MISMATCH_OBJECTS, "billing") == 2

    async def settle(redis: Redis, _: Queue) -> None:
        ledger = MoneyDiscrepancies(redis, namespace=store.namespace)
        since = {
            one.kind: one.discrepancy.since_ms for one in await ledger.all() if one.key == "bss/invoice/1"
        }
        await ledger.keep("bss/invoice/1", {"subtotal": differing("8.40", "9.50")})
        left = next(one for one in await ledger.all() if one.key == "bss/invoice/1")
        assert (left.kind, left.discrepancy.since_ms) == ("subtotal", since["subtotal"])
        await ledger.keep("bss/invoice/1", {})
        await ledger.keep("bss/invoice/2", {})
        await gauges.refresher(configured(namespace=store.namespace), redis, flows.registered())()

    store.do(settle)
    assert "Differences in money" not in cwbridge("status").out
    assert exported.value(cluster_metrics.MISMATCH_AMOUNT, "billing", "USD") is None
    assert exported.value(cluster_metrics.MISMATCH_OBJECTS, "billing") == 0
