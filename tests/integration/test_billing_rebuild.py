"""`cwbridge links rebuild` of accounts and contacts: the links are found again from what both systems hold."""

from __future__ import annotations

from pathlib import Path

from console import flows
from cwbridge import connections
from cwbridge.flow import FlowContext
from cwbridge.linker import Rebuilt
from tests.support import commands
from tests.support.pairs import COMPANIES, Pairs


async def rebuild(pairs: Pairs, *, dry_run: bool = False) -> Rebuilt:
    bench = pairs.bench
    flow = flows.registered().get("billing")
    assert flow is not None
    settings = bench.settings()
    async with connections.open_all(settings, bench.redis, flow.systems) as clients:
        return await flow.linker(FlowContext.over(settings, bench.redis, clients)).rebuild(dry_run=dry_run)


async def linked(pairs: Pairs) -> dict[str, int]:
    """The links by the keys of their objects."""
    return {
        identity.replace(":", "/"): link.target
        for kind in ("company", "contact")
        for identity, link in (await pairs.links.all(kind)).items()
    }


async def test_after_a_wipe_every_pair_is_found_again_and_nothing_is_written(pairs: Pairs) -> None:
    named = pairs.account("Harbor Lights", phone="1")
    pairs.person(named, email="ada@h.example", isPrimary=True)
    pairs.person(named, "Nobody", "Known")
    pairs.company("Birch", "BIRCH", accountNumber="B-1")
    pairs.account("Birch and Sons", code="B-1")
    pulled = pairs.company("North", "NORTH")
    pairs.add_type(pulled, "Client")
    pairs.contact(pulled, "Eve", "Moss", Email="eve@n.example")
    renamed = pairs.account("Old name", code="OLD")
    await pairs.bench.settled(full=True)
    pairs.edit_company((await pairs.company_of(renamed))["id"], name="New name", accountNumber="NEW")
    pairs.edit_account(renamed, name="Other name", code="OTHER")
    known = await linked(pairs)
    assert len(known) == 7
    written = len(pairs.written())
    await pairs.wipe()
    assert (await rebuild(pairs, dry_run=True)).added == known
    assert await linked(pairs) == {}
    done = await rebuild(pairs)
    assert (done.added, done.found, done.needs_a_person) == (known, len(known), False)
    assert await linked(pairs) == known
    again = await rebuild(pairs)
    assert (again.added, again.unchanged, again.found) == ({}, len(known), len(known))
    assert pairs.written()[written:] == []


async def test_a_weaker_rule_takes_no_company_that_was_made_for_another_account(pairs: Pairs) -> None:
    owner = pairs.account("Harbor Lights", code="HL-1")
    await pairs.bench.settled()
    company = (await pairs.company_of(owner))["id"]
    await pairs.wipe()
    # An account with a lower id and the same name, so that it is looked at first.
    pairs.bss.put("accounts", pairs.bss.rows("accounts")[owner] | {"id": owner - 1, "code": None})
    assert (await rebuild(pairs)).added == {f"bss/account/{owner}": company}


async def test_what_several_records_fit_and_what_is_gone_is_left_to_a_person(pairs: Pairs) -> None:
    kept = pairs.account("Kept", code="K")
    await pairs.bench.settled()
    company = (await pairs.company_of(kept))["id"]
    pairs.bench.box.connectwise_user.remove(COMPANIES, company)
    doubtful = pairs.account("Harbor Lights")
    both = [pairs.company("Harbor Lights", "ONE"), pairs.company("harbor  lights", "TWO")]
    stranger = pairs.account("Stranger")
    pairs.company("Someone else", str(stranger))
    done = await rebuild(pairs)
    assert done.gone == {f"bss/account/{kept}": company}
    assert done.ambiguous == {f"bss/account/{doubtful}": both, f"bss/account/{stranger}": []}
    assert done.needs_a_person


async def test_the_command_rebuilds_both_flows_in_one_report(pairs: Pairs, tmp_path: Path) -> None:
    bench = pairs.bench
    pairs.configure("jetbuilt", url=bench.box.jetbuilt_url)
    account = pairs.account("Harbor Lights")
    await bench.sync(full=True)
    both = await linked(pairs)
    await pairs.wipe()
    env = bench.environment()
    told = await commands.run("links", "rebuild", "--dry-run", env=env, cwd=tmp_path)
    assert told.code == 0, told.err
    assert f"would be added: bss/account/{account} to company {both[f'bss/account/{account}']}" in told.out
    assert "1 companies and contacts found again: 1 links added, 0 changed, 0 unchanged" in told.out
    ended = await commands.run("links", "rebuild", "--json", env=env, cwd=tmp_path)
    assert f"bss/account/{account}" in ended.json["added"]
    assert any(key.startswith("jetbuilt/project/") for key in ended.json["added"])
    off = {name: value for name, value in env.items() if name != "CWBRIDGE_BSS__URL"}
    refused = await commands.run("links", "rebuild", "--flow", "billing", env=off, cwd=tmp_path)
    assert (refused.code, "the flow billing is switched off" in refused.err) == (2, True)
