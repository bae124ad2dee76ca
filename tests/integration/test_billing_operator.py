"""What an operator of the billing flow asks the commands, and what they answer."""

from __future__ import annotations

from pathlib import Path

import pytest

from console import flows, status
from console.command import Bridge, keys_on
from cwbridge import errors
from tests.support import commands
from tests.support.pairs import COMPANIES, Pairs


async def told(pairs: Pairs) -> status.Status:
    bench = pairs.bench
    return await status.gather(
        Bridge(
            settings=bench.settings(),
            redis=bench.redis,
            flows=flows.registered(),
            queue=bench.queue,
            links=pairs.links,
        )
    )


async def test_a_named_contact_is_synced_with_the_account_that_it_waits_for(pairs: Pairs) -> None:
    account = pairs.account(code="HL-1")
    person = pairs.person(account, email="ada@h.example")
    summary = await pairs.bench.settled(f"bss/contact/{person}")
    assert (await pairs.contact_of(person))["company"] == {"id": (await pairs.company_of(account))["id"]}
    assert list(summary.told) == [f"bss/contact/{person}", f"bss/account/{account}"]
    assert " created" in summary.told[f"bss/contact/{person}"]


async def test_a_named_contact_whose_account_is_refused_shows_both(pairs: Pairs) -> None:
    account = pairs.account(address=None)
    person = pairs.person(account, email="ada@h.example")
    summary = await pairs.bench.sync(f"bss/contact/{person}")
    assert {job.key: job.state for job in summary.unsettled} == {
        f"bss/contact/{person}": "waiting",
        f"bss/account/{account}": "dead",
    }


async def test_a_named_company_or_contact_of_connectwise_leads_to_its_pair(pairs: Pairs) -> None:
    account = pairs.account(code="HL-1", phone="1")
    person = pairs.person(account, email="ada@h.example")
    await pairs.bench.settled()
    company, contact = await pairs.company_of(account), await pairs.contact_of(person)
    pairs.edit_company(company["id"], faxNumber="7")
    pairs.edit_contact(contact["id"], title="Buyer")
    keys = (f"connectwise/company/{company['id']}", f"connectwise/contact/{contact['id']}")
    summary = await pairs.bench.settled(*keys)
    assert pairs.in_bss(account)["fax"] == "7"
    assert pairs.person_in_bss(person)["jobTitle"] == "Buyer"
    assert summary.told[keys[0]] == f"skipped: it is the company of bss/account/{account}"
    assert "updated: to BSS: fax" in summary.told[f"bss/account/{account}"]


async def test_a_company_named_before_its_link_leads_to_its_account(pairs: Pairs) -> None:
    account = pairs.account(code="HL-1", phone="1")
    company = pairs.company(accountNumber="HL-1")
    await pairs.bench.settled(f"connectwise/company/{company}")
    assert (await pairs.company_of(account))["phoneNumber"] == "1"


@pytest.mark.parametrize(
    ("key", "reason"),
    [
        ("bss/account/999", "skipped: BSS has no such account"),
        ("bss/contact/999", "skipped: BSS has no such contact"),
        ("connectwise/company/999", "skipped: ConnectWise has no such company"),
        ("connectwise/contact/999", "skipped: ConnectWise has no such contact"),
    ],
)
async def test_an_unknown_id_is_said(pairs: Pairs, key: str, reason: str) -> None:
    assert (await pairs.bench.settled(key)).told == {key: reason}


async def test_a_key_of_a_flow_that_is_off_names_what_switches_it_on(pairs: Pairs) -> None:
    known, settings = flows.registered(), pairs.bench.settings()
    with pytest.raises(errors.SettingsError) as refused:
        keys_on(known, settings, ["jetbuilt/project/1"])
    assert "switched off" in refused.value.cause
    assert refused.value.remedy == "Set CWBRIDGE_JETBUILT__URL."
    with pytest.raises(errors.SettingsError, match="is not a key"):
        keys_on(known, settings, ["bss/acount/12"])


async def test_a_record_of_connectwise_shows_what_is_linked_to_it(pairs: Pairs, tmp_path: Path) -> None:
    account = pairs.account(code="HL-1")
    await pairs.bench.settled()
    company = (await pairs.company_of(account))["id"]
    key, env = f"connectwise/company/{company}", pairs.bench.environment()
    shown = await commands.run("links", "show", key, "--json", env=env, cwd=tmp_path)
    assert [(row["name"], row["target"]) for row in shown.json] == [(f"bss:account:{account}", company)]
    unknown = await commands.run("links", "show", "connectwise/contact/9", env=env, cwd=tmp_path)
    assert (unknown.code, unknown.out) == (1, "Nothing is linked to contact 9.\n")
    refused = await commands.run("links", "unlink", key, env=env, cwd=tmp_path)
    assert (refused.code, f"cwbridge links show {key}" in refused.err) == (1, True)
    pairs.bench.box.connectwise_user.remove(COMPANIES, company)
    await pairs.bench.settled(full=True)
    ended = await commands.run("links", "list", "--ended", env=env, cwd=tmp_path)
    assert f"bss:account:{account}" in ended.out
    assert "the company was deleted in ConnectWise" in " ".join(ended.out.split())


async def test_the_progress_counts_pairs_that_were_found(pairs: Pairs) -> None:
    pairs.account(code="HL-1")
    pairs.company(accountNumber="HL-1")
    summary = await pairs.bench.settled()
    assert {noun: count for noun, count in summary.records.items() if count} == {"companies": 1}
    assert {"contacts", "catalog items", "orders", "invoices", "payments", "additions"} < set(summary.records)
    assert summary.settled >= 1


async def test_status_shows_how_each_collection_is_polled(pairs: Pairs) -> None:
    pairs.account(code="HL-1")
    pairs.bss.modes.filter_updated = False
    await pairs.bench.settled()
    polled = ("accounts", "contacts", "products", "orders", "invoices", "payments", "subscriptions")
    assert (await told(pairs)).sources == {
        f"poll of BSS {collection}": "reads the newest changes first" for collection in polled
    }


async def test_status_counts_what_has_disappeared_until_it_is_back(pairs: Pairs) -> None:
    gone, kept = pairs.account("Gone", code="G"), pairs.account("Kept", code="K")
    person = pairs.person(kept, email="ada@h.example")
    await pairs.bench.settled()
    company = (await pairs.company_of(gone))["id"]
    pairs.bench.box.connectwise_user.remove("company/companies", company)
    pairs.bss.remove("contacts", person)
    await pairs.bench.settled(full=True)
    found = await told(pairs)
    assert (found.links["companies"], found.ended["companies"]) == (2, 1)
    assert (found.links["contacts"], found.ended["contacts"]) == (1, 1)
    await pairs.links.remove("contact", f"bss:contact:{person}")
    assert (await told(pairs)).ended["contacts"] == 0
