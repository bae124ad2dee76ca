"""`cwbridge links rebuild`: finds the links again by the external ids in ConnectWise, and reports what a person decides."""

from __future__ import annotations

from pathlib import Path

from cwbridge.ledger.links import Link
from tests.support import commands
from tests.support.bench import Bench
from tests.support.linking import (
    another_opportunity,
    links_of,
    rebuild,
    relink,
)
from worker.opportunity.known_options import KnownOptions
from worker.opportunity.project_key import ProjectKey


async def test_after_a_wipe_the_external_ids_bring_the_links_back_and_nothing_is_created(
    bench: Bench, tmp_path: Path
) -> None:
    await bench.settled()
    links = links_of(bench)
    known = {key: link.target for key, link in (await links.all("opportunity")).items()}
    family = bench.families()[0]
    option = another_opportunity(bench, source=f"jetbuilt:{family}:option:77")
    another_opportunity(bench, source="jetbuilt:no external id")
    known[f"jetbuilt/project/{family}/option/77"] = option["id"]
    await bench.redis.delete(*[name async for name in bench.redis.scan_iter(f"{bench.namespace}:*")])
    tried = await rebuild(bench, dry_run=True)
    assert (tried.added, await links.count("opportunity")) == (known, 0)
    ended = await commands.run("links", "rebuild", "--json", env=bench.environment(), cwd=tmp_path)
    assert ended.code == 0, ended.err
    assert (ended.json["added"], ended.json["found"], ended.json["changed"]) == (
        known,
        len(known),
        [],
    )
    assert {key: link.target for key, link in (await links.all("opportunity")).items()} == known
    assert 77 in await KnownOptions(bench.redis, links, namespace=bench.namespace).known(family)
    before = len(bench.books.rows("sales/opportunities"))
    await bench.settled(full=True)
    assert len(bench.books.rows("sales/opportunities")) == before


async def test_rebuild_corrects_what_differs_and_leaves_to_a_person_what_is_ambiguous(
    bench: Bench, tmp_path: Path
) -> None:
    await bench.settled()
    links = links_of(bench)
    planned_lines = {
        str(ProjectKey.of_external_id(external_id)): row["id"]
        for external_id, row in bench.books.opportunities().items()
    }
    wrong, answered, doubled = (f"jetbuilt/project/{family}" for family in bench.families())
    await links.put("opportunity", wrong, Link(target=90_001, how="external_id"))
    await links.put("opportunity", answered, Link(target=90_002, how="person"))
    await links.remove("opportunity", doubled)
    odd = {
        "jetbuilt/project/5": Link(target=90_003, how="external_id"),
        "jetbuilt/project/6": Link(target=another_opportunity(bench)["id"], how="person", fingerprint="x"),
        "jetbuilt/project/7": Link(target=another_opportunity(bench)["id"], how="person"),
        "jetbuilt/project/8": Link(target=planned_lines[wrong], how="external_id"),
    }
    gone, cleared, pending, foreign = odd
    for key, link in odd.items():
        await links.put("opportunity", key, link)
    twin = another_opportunity(bench, source=f"jetbuilt:{bench.families()[2]}")
    done = await rebuild(bench)
    assert [(one.key, one.before, one.target) for one in done.changed] == [
        (wrong, 90_001, planned_lines[wrong])
    ]
    assert [(one.key, one.before, one.target) for one in done.kept] == [
        (answered, 90_002, planned_lines[answered])
    ]
    assert done.ambiguous == {doubled: [planned_lines[doubled], twin["id"]]}
    assert (done.added, done.gone) == ({}, {gone: 90_003})
    assert done.cleared == {cleared: odd[cleared].target}
    assert done.pending == {pending: odd[pending].target}
    assert [(one.key, one.target, one.other) for one in done.foreign] == [
        (foreign, planned_lines[wrong], wrong)
    ]
    del planned_lines[doubled]
    assert {key: link.target for key, link in (await links.all("opportunity")).items()} == {
        **planned_lines,
        answered: 90_002,
        **{key: link.target for key, link in odd.items()},
    }
    ended = await commands.run("links", "rebuild", env=bench.environment(), cwd=tmp_path)
    assert ended.code == 1
    assert f"cwbridge links relink {doubled} --to ID" in ended.out
    assert f"have a new one created: cwbridge links unlink {gone}" in ended.out
    assert (
        f"carries the external id of {wrong}  ->  Remove the link: cwbridge links unlink {foreign}"
        in ended.out
    )
    await relink(bench, doubled, twin["id"])
    again = await rebuild(bench)
    assert (again.ambiguous, again.changed, again.unchanged) == ({}, [], len(planned_lines))


async def test_a_second_opportunity_with_the_external_id_of_a_linked_one_needs_a_person(
    bench: Bench, tmp_path: Path
) -> None:
    await bench.settled()
    key = f"jetbuilt/project/{bench.families()[0]}"

    async def rebuilt() -> commands.Ended:
        return await commands.run("links", "rebuild", env=bench.environment(), cwd=tmp_path)

    assert (await rebuilt()).code == 0
    twin = another_opportunity(bench, source=f"jetbuilt:{bench.families()[0]}")
    ended = await rebuilt()
    assert ended.code == 1
    assert f"doubled: {key}: jetbuilt:{bench.families()[0]} is also on {twin['id']}" in ended.out
    bench.box.connectwise.put("sales/opportunities", {**twin, "source": ""})
    assert (await rebuilt()).code == 0
