"""The billing flow as a whole: polls, both flows side by side, a lost Redis, links, and what a person sees."""

from __future__ import annotations

from tests.support import pairs as pairs_module
from tests.support.linking import relink
from tests.support.pairs import Pairs


async def test_own_writes_make_no_echo(pairs: Pairs) -> None:
    account = pairs.account(code="HL-1", phone="1")
    pairs.person(account, email="ada@h.example", isPrimary=True)
    pairs.add_type(pairs.company("North", "NORTH"), "Client")
    for _ in range(2):
        await pairs.bench.settled()
    company = await pairs.company_of(account)
    pairs.edit_account(account, phone="2")
    pairs.edit_company(company["id"], faxNumber="3")
    await pairs.bench.settled()
    assert (await pairs.bench.settled()).settled == 0


async def test_a_lost_redis_makes_nothing_twice_with_all_jobs_at_once(pairs: Pairs) -> None:
    accounts = [
        pairs.account(f"Account {number}", code=f"A-{number}", phone=str(number)) for number in range(6)
    ]
    for account in accounts:
        pairs.person(account, email=f"ada{account}@h.example", isPrimary=True)
    for number in range(6):
        company = pairs.company(f"Company {number}", f"COMPANY{number}")
        pairs.add_type(company, "Client")
        pairs.contact(company, f"Eve {number}", Email=f"eve{number}@n.example")
    await pairs.bench.settled(full=True)
    written = len(pairs.written())
    await pairs.wipe()
    await pairs.bench.settled(full=True)
    await pairs.bench.settled(full=True)
    assert pairs.written()[written:] == []
    assert len(pairs.companies()) == len(pairs.bss.rows("accounts")) == 12
    assert len(pairs.bss.rows("contacts")) == 12


async def test_a_circle_of_parents_ends_as_a_refusal(pairs: Pairs) -> None:
    one = pairs.account("One", code="ONE")
    other = pairs.account("Other", code="OTHER", parentAccountId=one)
    pairs.edit_account(one, parentAccountId=other)
    await pairs.bench.sync()
    causes = [job.failure.cause for job in await pairs.bench.queue.jobs() if job.failure is not None]
    assert any(cause.startswith("It waits for itself") for cause in causes), causes
    pairs.edit_account(one, parentAccountId=None)
    await pairs.settle(f"bss/account/{one}", f"bss/account/{other}")
    assert (await pairs.company_of(other))["parentCompany"] == {"id": (await pairs.company_of(one))["id"]}


async def test_a_chosen_company_is_kept_and_merged_anew(pairs: Pairs) -> None:
    account = pairs.account(code="HL-1", phone="1")
    key = f"bss/account/{account}"
    pairs.company("Harbor Lights", "ONE")
    chosen = pairs.company("Harbor Lights", "TWO", faxNumber="9")
    assert f"cwbridge links relink bss:account:{account} --to ID" in await pairs.failure(key)
    relinked = await relink(pairs.bench, f"bss:account:{account}", chosen)
    assert (relinked.title, relinked.before, relinked.enqueued) == ("Harbor Lights", None, [key])
    await pairs.bench.settled()
    assert (await pairs.company_of(account))["id"] == chosen
    assert pairs.in_bss(account)["fax"] == "9"
    assert pairs.in_connectwise(chosen)["phoneNumber"] == "1"


async def test_both_flows_find_each_others_companies_and_leave_them_in_peace(pairs: Pairs) -> None:
    bench = pairs.bench
    pairs.configure("jetbuilt", url=bench.box.jetbuilt_url)
    await bench.sync(full=True)
    client = next(iter(bench.books.rows(pairs_module.COMPANIES)))
    account = pairs.account(client["name"], code="J-1", phone="555", type_="Customer")
    await bench.settled(f"bss/account/{account}")
    company = await pairs.company_of(account)
    assert company["id"] == client["id"]
    identities = (await pairs.links.of_targets("company", [company["id"]]))[company["id"]]
    assert {identity.split(":")[0] for identity in identities} == {"jetbuilt", "bss"}
    pairs.edit_account(account, name="Another name", phone="556")
    await bench.sync(full=True)
    written = len(pairs.written())
    await bench.sync(full=True)
    assert pairs.written()[written:] == []
    assert (await pairs.company_of(account))["name"] == "Another name"


async def test_a_company_made_for_an_account_is_found_by_the_other_flow(pairs: Pairs) -> None:
    bench = pairs.bench
    project = bench.box.world.active_projects[0]
    name = next(one for one in bench.box.world.clients if one.id == project.client_id).company_name
    account = pairs.account(name, code="J-1")
    await bench.settled(f"bss/account/{account}")
    pairs.configure("jetbuilt", url=bench.box.jetbuilt_url)
    await bench.sync(f"jetbuilt/project/{project.family_id}")
    opportunity = bench.books.opportunity(f"jetbuilt:{project.family_id}")
    assert opportunity["company"] == {"id": (await pairs.company_of(account))["id"]}


async def test_two_workers_on_a_pair_agree(pairs: Pairs) -> None:
    """The keys of both sides are one pair: a company that is linked meanwhile is handed to the account's job."""
    account = pairs.account(code="HL-1")
    company = pairs.company("Harbor Lights", "HARBOR", accountNumber="HL-1")
    pairs.add_type(company, "Client")
    await pairs.settle(f"bss/account/{account}", f"connectwise/company/{company}")
    assert (await pairs.company_of(account))["id"] == company
    assert len(pairs.bss.rows("accounts")) == 1


async def test_after_a_lost_redis_no_account_takes_the_company_that_was_made_for_another(
    pairs: Pairs,
) -> None:
    owner = pairs.account("Harbor Lights", code="HL-1", phone="1")
    await pairs.bench.settled()
    company = (await pairs.company_of(owner))["id"]
    await pairs.wipe()
    namesake = owner - 1
    pairs.bss.put("accounts", pairs.bss.rows("accounts")[owner] | {"id": namesake, "phone": "2"})
    await pairs.settle(f"bss/account/{namesake}")
    await pairs.bench.settled(full=True)
    assert (await pairs.company_of(owner))["id"] == company
    assert pairs.in_connectwise(company)["phoneNumber"] == "1"
    assert (await pairs.company_of(namesake))["identifier"] == str(namesake)


async def test_after_a_lost_redis_a_stranger_s_company_that_was_synced_is_still_a_stranger_s(
    pairs: Pairs,
) -> None:
    """The API member has changed it, which is no sign that the API member made it."""
    account = pairs.account("Harbor Lights", phone="1")
    company = pairs.company("Harbor Lights", str(account + 1))
    await pairs.bench.settled()
    assert pairs.in_connectwise(company)["phoneNumber"] == "1"
    await pairs.wipe()
    other = pairs.account("Someone else")
    assert other == account + 1
    assert "was not made for an account" in await pairs.failure(f"bss/account/{other}")
