"""`cwbridge links`: the ledger seen and corrected, beside a ConnectWise over real HTTP."""

from __future__ import annotations

import asyncio
import shlex
from pathlib import Path

import pytest

from cwbridge import errors
from cwbridge.ledger.links import Link
from cwbridge.limits.limiter import Limiter
from cwbridge.limits.rate import Rate
from cwbridge.queue.job import Enqueue
from cwbridge.queue.outcome import Succeeded
from sandbox.faults import FaultRule
from tests.support import commands
from tests.support.bench import Bench
from tests.support.jobs import claimed
from tests.support.linking import (
    another_opportunity,
    another_site,
    client_of,
    enqueued_in,
    links_of,
    named,
    relink,
)
from tests.support.until import until
from worker.opportunity.project_key import ProjectKey


async def test_the_answer_to_an_ambiguity_is_kept_and_the_job_runs_again(
    bench: Bench, tmp_path: Path
) -> None:
    family = bench.families()[0]
    key, client = f"jetbuilt/project/{family}", await client_of(bench, family)
    twins = [
        bench.box.connectwise.add(
            "company/companies", name=client["company_name"], identifier=f"Twin{number}"
        )
        for number in range(2)
    ]
    await bench.sync()
    job = await bench.job(key)
    assert job is not None
    assert job.failure is not None
    assert job.failure.error == "Ambiguous"
    assert f"cwbridge links relink jetbuilt:client:{client['id']} --to ID" in job.failure.remedy
    chosen = twins[1]["id"]
    ended = await commands.run(
        *("links", "relink", f"jetbuilt:client:{client['id']}", "--to", str(chosen)),
        env=bench.environment(),
        cwd=tmp_path,
    )
    assert ended.code == 0, ended.err
    said, *enqueued = ended.out.splitlines()
    assert said == f"relinked: jetbuilt:client:{client['id']} to company {chosen} {client['company_name']}"
    assert f"enqueued: {key}" in enqueued
    await bench.settled()
    assert bench.books.opportunity(f"jetbuilt:{family}")["company"]["id"] == chosen
    await bench.settled(full=True)
    link = await links_of(bench).get("company", f"jetbuilt:client:{client['id']}")
    assert link is not None
    assert (link.target, link.how) == (chosen, "person")


async def test_a_company_chosen_anew_moves_the_opportunities_that_had_the_old_one(bench: Bench) -> None:
    await bench.settled()
    family = bench.families()[0]
    client = await client_of(bench, family)
    before = bench.books.opportunity(f"jetbuilt:{family}")["company"]["id"]
    other = bench.box.connectwise.add("company/companies", name="The right one", identifier="Right")
    done = await relink(bench, f"jetbuilt:client:{client['id']}", other["id"])
    assert done.before is not None
    assert done.before.target == before
    assert f"jetbuilt/project/{family}" in done.enqueued
    await bench.settled()
    assert bench.books.opportunity(f"jetbuilt:{family}")["company"]["id"] == other["id"]


async def test_an_answer_corrected_while_the_wrong_one_is_written_still_counts(
    bench: Bench, tmp_path: Path
) -> None:
    family, stranger = bench.families()[:2]
    key, client = f"jetbuilt/project/{family}", await client_of(bench, family)
    wrong, right = (
        bench.box.connectwise.add("company/companies", name=f"Company {number}", identifier=f"C{number}")
        for number in range(2)
    )
    await relink(bench, f"jetbuilt:client:{client['id']}", wrong["id"])
    faults = bench.box.connectwise_faults
    faults.add(FaultRule(name="held", method="POST", path="/sales/opportunities", action="hold_before"))
    writing = asyncio.create_task(bench.sync(key, f"jetbuilt/project/{stranger}"))

    async def every_run_is_held() -> bool:
        running = {job.key for job in await bench.queue.jobs(state="running")}
        return running >= {key, f"jetbuilt/project/{stranger}"} and faults.waiting("held") == len(running)

    await until(every_run_is_held, what="every run that began sends its opportunity")
    answering = asyncio.create_task(
        commands.run(
            *("links", "relink", f"jetbuilt:client:{client['id']}", "--to", str(right["id"])),
            env=bench.environment(),
            cwd=tmp_path,
        )
    )
    held = f"{bench.namespace}:job:{key}"
    await until(lambda: bench.redis.hexists(held, "hold"), what="the run is waited for")
    assert not answering.done()
    faults.clear()
    ended = await answering
    assert ended.code == 0, ended.err
    enqueued = enqueued_in(ended.out)
    assert key in enqueued
    assert {ProjectKey.parse(one).family for one in enqueued} == {family}
    await writing
    await bench.settled()
    assert bench.books.opportunity(f"jetbuilt:{family}")["company"]["id"] == right["id"]


async def test_an_answer_given_again_finds_what_a_command_broken_off_left_behind(
    bench: Bench, tmp_path: Path
) -> None:
    await bench.settled()
    families = bench.families()
    key, client = f"jetbuilt/project/{families[0]}", await client_of(bench, families[0])
    right = bench.box.connectwise.add("company/companies", name="The right one", identifier="Right")
    await links_of(bench).put(
        "company", f"jetbuilt:client:{client['id']}", Link(target=right["id"], how="person")
    )
    command = ("links", "relink", f"jetbuilt:client:{client['id']}", "--to", str(right["id"]))
    again = await commands.run(*command, env=bench.environment(), cwd=tmp_path)
    enqueued = enqueued_in(again.out)
    assert key in enqueued
    assert {ProjectKey.parse(one).family for one in enqueued} == {families[0]}
    await bench.settled()
    assert bench.books.opportunity(f"jetbuilt:{families[0]}")["company"]["id"] == right["id"]
    once_more = await commands.run(*command, env=bench.environment(), cwd=tmp_path)
    assert once_more.out.splitlines()[1:] == ["No job waited for it."]


@pytest.mark.parametrize("kind", ["contact", "site"])
async def test_a_contact_or_site_chosen_anew_reaches_the_opportunities_that_ask_for_it(
    bench: Bench, kind: str
) -> None:
    await bench.settled()
    family = bench.families()[0]
    opportunity = bench.books.opportunity(f"jetbuilt:{family}")
    company, before = opportunity["company"]["id"], opportunity[kind]["id"]
    links = await links_of(bench).all("contact" if kind == "contact" else "site")
    (source,) = [source for source, link in links.items() if link.target == before]
    if kind == "contact":
        chosen = bench.box.connectwise.add("company/contacts", firstName="Ann", company={"id": company})
    else:
        chosen = another_site(bench, company, "Another")
    done = await relink(bench, source, chosen["id"])
    assert f"jetbuilt/project/{family}" in done.enqueued
    assert {ProjectKey.parse(key).family for key in done.enqueued} == {family}
    await bench.settled()
    assert bench.books.opportunity(f"jetbuilt:{family}")[kind]["id"] == chosen["id"]


async def test_the_remedy_of_an_ambiguous_site_is_a_command_that_answers_it(
    bench: Bench, tmp_path: Path
) -> None:
    await bench.settled()
    key = f"jetbuilt/project/{bench.families()[0]}"
    opportunity = bench.books.opportunity(f"jetbuilt:{bench.families()[0]}")
    company = opportunity["company"]["id"]
    site = bench.books.row("company/companies/sites", opportunity["site"])
    chosen = another_site(bench, company, site["name"])
    links = links_of(bench)
    (source,) = [name for name, link in (await links.all("site")).items() if link.target == site["id"]]
    await links.remove("site", source)
    await links.remove("opportunity", key)
    await bench.sync(key)
    job = await bench.job(key)
    assert job is not None
    assert job.failure is not None
    assert job.failure.cause == f"Company {company} has 2 sites named {site['name']!r}"
    _, _, command = job.failure.remedy.partition("choose one: cwbridge ")
    words = shlex.split(command.replace(" --to ID", f" --to {chosen['id']}"))
    assert words[:3] == ["links", "relink", source]
    ended = await commands.run(*words, env=bench.environment(), cwd=tmp_path)
    assert ended.code == 0, ended.err
    assert key in enqueued_in(ended.out)
    await bench.settled()
    assert bench.books.opportunity(f"jetbuilt:{bench.families()[0]}")["site"]["id"] == chosen["id"]


async def test_capitals_and_blanks_do_not_count_in_the_name_of_a_site(bench: Bench, tmp_path: Path) -> None:
    await bench.settled()
    links = links_of(bench)
    before = await links.all("site")
    source, link = next(iter(before.items()))
    name, company = source.removeprefix("jetbuilt:site:").rsplit("@", 1)
    typed = f"jetbuilt:site: {name.upper().replace(' ', '  ')} @{company}"
    ended = await commands.run(
        "links", "relink", typed, "--to", str(link.target), env=bench.environment(), cwd=tmp_path
    )
    assert ended.code == 0, ended.err
    after = await links.all("site")
    assert after.keys() == before.keys()
    assert after[source].how == "person"


async def test_what_jetbuilt_does_not_have_is_not_linked(bench: Bench) -> None:
    await bench.settled()
    chosen = another_opportunity(bench)
    company = bench.books.rows("company/companies")[0]["id"]
    for name, target in [
        ("jetbuilt/project/79739", chosen["id"]),
        (f"jetbuilt/project/{bench.families()[0]}/option/1", chosen["id"]),
        ("jetbuilt:client:79739", company),
    ]:
        with pytest.raises(errors.Refused, match=f"Jetbuilt has no .*{name}") as refusal:
            await relink(bench, name, target)
        assert "nothing was changed" in refusal.value.remedy
        parsed = named(name)
        assert await links_of(bench).get(parsed.kind, parsed.identity) is None
        assert await bench.job(name) is None


async def test_a_hold_for_refused_credentials_is_lifted_only_by_credentials_that_work(
    bench: Bench, tmp_path: Path
) -> None:
    await bench.settled()
    key = f"jetbuilt/project/{bench.families()[0]}"
    opportunity = bench.books.opportunity(f"jetbuilt:{bench.families()[0]}")["id"]
    bench.changes = {"connectwise": {"rate_limit": "5000/1s"}}
    limiter = Limiter(
        bench.redis, namespace=bench.namespace, system="connectwise", rate=Rate(5000), concurrency=2
    )

    async def relinked(**keys: str) -> commands.Ended:
        return await commands.run(
            *("links", "relink", key, "--to", str(opportunity)), env=bench.environment(**keys), cwd=tmp_path
        )

    await limiter.hold(60, reason="credentials_refused")
    assert (await relinked(CWBRIDGE_CONNECTWISE__PRIVATE_KEY="wrong")).code == 2
    with pytest.raises(errors.SystemOnHold):
        async with limiter.slot():
            pass
    ended = await relinked()
    assert ended.code == 0, ended.err
    async with limiter.slot():
        pass
    await limiter.close()


async def test_a_name_written_wrong_is_a_mistake_of_usage(bench: Bench, tmp_path: Path) -> None:
    for arguments in (
        ("show", "no such name"),
        ("unlink", "jetbuilt:site: @120"),
        ("relink", "jetbuilt:client:x", "--to", "5"),
    ):
        ended = await commands.run("links", *arguments, env=bench.environment(), cwd=tmp_path)
        assert (ended.code, ended.out) == (2, "")
        assert "look like jetbuilt/project/97737" in ended.err


async def test_a_contact_and_a_site_must_belong_to_the_company_of_the_name(bench: Bench) -> None:
    await bench.settled()
    links = links_of(bench)
    for kind in ("contact", "site"):
        (source, link), *_ = (await links.all(kind)).items()
        person, company = source.rsplit("@", 1)
        done = await relink(bench, source, link.target)
        assert (done.target, done.kind) == (link.target, kind)
        kept = await links.get(kind, source)
        assert kept is not None
        assert kept.how == "person"
        with pytest.raises(errors.Refused):
            await relink(bench, f"{person}@{int(company) + 100_000}", link.target)
        assert await links.get(kind, f"{person}@{int(company) + 100_000}") is None


async def test_a_project_relinked_is_written_to_the_opportunity_chosen(bench: Bench) -> None:
    await bench.settled()
    family = bench.families()[0]
    external_id, key = f"jetbuilt:{family}", f"jetbuilt/project/{family}"
    before = bench.books.opportunity(external_id)
    chosen = another_opportunity(bench, name="Made by hand")
    done = await relink(bench, key, chosen["id"])
    assert (done.title, done.enqueued) == ("Made by hand", [key])
    assert [
        note.startswith(f"opportunity {before['id']} carries the external id {external_id}")
        for note in done.notes
    ] == [True]
    await bench.settled()
    written = [
        row["id"] for row in bench.books.rows("sales/opportunities") if row.get("source") == external_id
    ]
    assert sorted(written) == sorted([before["id"], chosen["id"]])
    bench.box.connectwise.put("sales/opportunities", {**before, "source": ""})
    bench.books.assert_hold((await bench.expected())[external_id])
    assert bench.books.opportunity(external_id)["id"] == chosen["id"]


async def test_an_opportunity_that_cannot_be_meant_is_refused_and_nothing_changes(
    bench: Bench, tmp_path: Path
) -> None:
    await bench.settled()
    ours, theirs = bench.families()[:2]
    key = f"jetbuilt/project/{ours}"
    link = await links_of(bench).get("opportunity", key)
    linked = bench.books.opportunity(f"jetbuilt:{theirs}")
    planned_lines = another_opportunity(bench, source="jetbuilt:999999")
    bench.box.connectwise.put("sales/opportunities", {**linked, "source": ""})
    for target, says in [
        (planned_lines["id"], "carries the external id of jetbuilt/project/999999"),
        (linked["id"], f"is linked to jetbuilt/project/{theirs}"),
        (987_654, "ConnectWise has no opportunity 987654"),
    ]:
        with pytest.raises(errors.Refused, match=says):
            await relink(bench, key, target)
    ended = await commands.run(
        "links", "relink", key, "--to", str(planned_lines["id"]), env=bench.environment(), cwd=tmp_path
    )
    assert (ended.code, ended.out) == (1, "")
    assert "carries the external id of jetbuilt/project/999999 -> Choose another one" in ended.err
    assert await links_of(bench).get("opportunity", key) == link
    assert await bench.job(key) is None


async def test_a_run_under_way_does_not_overwrite_the_answer(bench: Bench) -> None:
    await bench.settled()
    key = f"jetbuilt/project/{bench.families()[0]}"
    chosen = another_opportunity(bench)
    queue, links = bench.queue, links_of(bench)
    await queue.enqueue(Enqueue(key, "opportunity"))
    [(_, fencing_token, *_)] = await claimed(queue, 1)
    run = await queue.start(key, fencing_token)
    assert run is not None
    answering = asyncio.create_task(relink(bench, key, chosen["id"]))
    held = f"{bench.namespace}:job:{key}"
    await until(lambda: bench.redis.hexists(held, "hold"), what="the key is held")
    assert not answering.done()
    await links.put("opportunity", key, Link(target=1, how="external_id"))
    await queue.settle(run, Succeeded())
    await answering
    link = await links.get("opportunity", key)
    assert link is not None
    assert (link.target, link.how) == (chosen["id"], "person")
    job = await queue.job(key)
    assert job is not None
    assert (job.state, job.lane) == ("due", "interactive")


async def test_links_are_listed_shown_and_forgotten(bench: Bench, tmp_path: Path) -> None:
    await bench.settled()
    key = f"jetbuilt/project/{bench.families()[0]}"
    target = bench.books.opportunity(f"jetbuilt:{bench.families()[0]}")["id"]

    async def cwbridge(*arguments: str) -> commands.Ended:
        return await commands.run("links", *arguments, env=bench.environment(), cwd=tmp_path)

    listed, shown, unknown = await asyncio.gather(
        cwbridge("list", "--kind", "opportunity", "--name", key, "--json"),
        cwbridge("show", key, "--json"),
        cwbridge("show", "jetbuilt:client:5"),
    )
    by_hand = await cwbridge("list", "--how", "person")
    assert (by_hand.code, by_hand.out) == (0, "No such links.\n")
    made = await cwbridge("list", "--how", "created", "--name", key, "--json")
    assert made.json == listed.json
    assert [(link["name"], link["target"], link["how"]) for link in listed.json] == [(key, target, "created")]
    assert listed.json == [shown.json]
    assert (unknown.code, unknown.out) == (1, "jetbuilt:client:5 is not linked.\n")
    forgotten = await cwbridge("unlink", key)
    assert (forgotten.code, forgotten.out) == (0, f"unlinked: {key} from opportunity {target}\n")
    assert (await cwbridge("unlink", key)).code == 1
    assert await bench.job(key) is None
    await bench.settled(full=True)
    link = await links_of(bench).get("opportunity", key)
    assert link is not None
    assert (link.target, link.how) == (target, "external_id")
