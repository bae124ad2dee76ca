"""Whatever answer is lost, nothing is made twice, no edit is undone, and both sides end equal and quiet."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from cwbridge import connections, errors
from cwbridge.connectors.bss.system import BSS
from cwbridge.connectors.connectwise.system import CONNECTWISE
from cwbridge.flow import FlowContext
from cwbridge.ledger.agreements import Agreed, Agreements
from cwbridge.queue.job import Run
from sandbox.faults import FaultRule
from tests.support.pairs import CONTACTS, Pairs
from worker.billing import assembly
from worker.billing.context import BillingContext

WRITES = (
    ("connectwise", "POST", "/company/companies"),
    ("connectwise", "PATCH", "/company/companies/*"),
    ("connectwise", "POST", "/company/companies/*/typeAssociations"),
    ("connectwise", "POST", "/company/contacts"),
    ("connectwise", "PATCH", "/company/contacts/*"),
    ("connectwise", "POST", "/company/contacts/*/communications"),
    ("connectwise", "PATCH", "/company/contacts/*/communications/*"),
    ("connectwise", "DELETE", "/company/contacts/*/communications/*"),
    ("bss", "POST", "/accounts"),
    ("bss", "PATCH", "/accounts/*"),
    ("bss", "POST", "/contacts"),
    ("bss", "PATCH", "/contacts/*"),
)


@pytest.mark.parametrize(("system", "method", "path"), WRITES, ids=[" ".join(write) for write in WRITES])
@pytest.mark.parametrize("master", ["bss", "connectwise"])
async def test_a_lost_answer_costs_nothing(
    pairs: Pairs, system: str, method: str, path: str, master: str
) -> None:
    pairs.choose(master=master)
    faults = getattr(pairs.bench.box, f"{system}_faults")
    faults.add(FaultRule(name="lost", action="lose", method=method, path=path, times=1))
    assert await play(pairs) == 1


@pytest.mark.parametrize("seed", range(4))
async def test_many_lost_answers_cost_nothing(pairs: Pairs, seed: int) -> None:
    box = pairs.bench.box
    both = (box.connectwise_faults, box.bss_faults)
    names = [f"{method}{seed}" for method in ("POST", "PATCH", "DELETE")]
    for faults in both:
        for name in names:
            faults.add(FaultRule(name=name, action="lose", method=name[:-1], path="/*c*", probability=0.3))
    pairs.configure("queue", max_attempts=60)
    hits = await play(pairs)
    assert hits > 0


async def play(pairs: Pairs) -> int:
    """An account and a company on their own side each, with their people; then every kind of change. Answers how many answers were lost."""
    account = pairs.account(code="HL-1", phone="1", fax="7")
    person = pairs.person(account, email="ada@h.example", phone="2", isPrimary=True)
    company = pairs.company("North Light", "NORTH", phoneNumber="3")
    pairs.add_type(company, "Client")
    record = pairs.contact(company, "Eve", "Moss", Email="eve@n.example", Direct="4", Fax="5")
    await settle(pairs)
    made = await pairs.company_of(account)
    mate = await pairs.contact_of(person)
    pulled = next(number for number in pairs.bss.rows("accounts") if number != account)
    friend = next(number for number in pairs.bss.rows("contacts") if number != person)
    pairs.edit_account(account, phone="11", typeId=2)
    pairs.edit_company(made["id"], faxNumber="77")
    pairs.edit_person(person, lastName="Lovelace", mobilePhone="22")
    pairs.edit_company(company, phoneNumber="33")
    pairs.edit_person(friend, phone="44", fax=None)
    pairs.edit_contact(record, title="Buyer")
    await settle(pairs)
    assert_equal(pairs, account, made["id"], phone="11", fax="77")
    assert_equal(pairs, pulled, company, phone="33", fax="")
    assert pairs.types_of(made["id"]) == {"Client", "Partner"}
    assert pairs.contact_row(mate["id"])["lastName"] == "Lovelace"
    assert pairs.items_of(mate["id"]) == {"Email": "ada@h.example", "Direct": "2", "Mobile": "22"}
    assert pairs.items_of(record) == {"Email": "eve@n.example", "Direct": "44"}
    assert pairs.person_in_bss(friend)["jobTitle"] == "Buyer"
    assert len(pairs.bss.rows("accounts")) == len(pairs.bss.rows("contacts")) == 2
    assert len(pairs.companies()) == len(list(pairs.connectwise.table(CONTACTS))) == 2
    hits = 0
    for faults in (pairs.bench.box.connectwise_faults, pairs.bench.box.bss_faults):
        hits += sum(faults.hits(rule.name) for rule in faults.rules())
        faults.clear()
    written = len(pairs.written())
    await pairs.bench.settled(full=True)
    assert pairs.written()[written:] == []
    return hits


async def settle(pairs: Pairs) -> None:
    """Poll and work until nothing is left."""
    await pairs.bench.settled(full=True)
    await pairs.bench.settled()


def assert_equal(pairs: Pairs, account: int, company: int, *, phone: str, fax: str) -> None:
    in_bss, in_psa = pairs.in_bss(account), pairs.in_connectwise(company)
    assert (in_bss["phone"], in_psa["phoneNumber"]) == (phone, phone)
    assert (in_bss["fax"] or "", in_psa.get("faxNumber", "")) == (fax, fax)


async def test_the_contacts_of_a_company_come_although_the_answer_to_its_first_merge_is_lost(
    pairs: Pairs,
) -> None:
    """A contact is looked at once its company is linked, and the run that linked the company ended at the lost answer."""
    pairs.account(code="HL-1", phone="1")
    company = pairs.company(accountNumber="HL-1")
    pairs.contact(company, "Eve", "Moss", Email="eve@n.example")
    faults = pairs.bench.box.connectwise_faults
    faults.add(FaultRule(name="lost", action="lose", method="PATCH", path="/company/companies/*", times=1))
    await pairs.bench.settled(full=True)
    assert faults.hits("lost") == 1
    assert [row["email"] for row in pairs.bss.rows("contacts").values()] == ["eve@n.example"]


async def test_a_run_that_is_broken_off_before_it_asks_for_the_default_contact_asks_again(
    pairs: Pairs, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = pairs.account(code="HL-1")
    person = pairs.person(account, email="ada@h.example")
    await pairs.bench.settled()
    pairs.edit_person(person, isPrimary=True)
    enqueue = BillingContext.enqueue
    broken: list[tuple[str, ...]] = []

    async def broken_off_once(context: BillingContext, run: Run, *keys: str) -> None:
        if keys == (f"bss/account/{account}",) and not broken:
            broken.append(keys)
            raise errors.Unsettled("The worker was killed")
        await enqueue(context, run, *keys)

    monkeypatch.setattr(BillingContext, "enqueue", broken_off_once)
    await pairs.bench.settled(f"bss/contact/{person}")
    await pairs.bench.settled()
    assert broken
    assert (await pairs.company_of(account))["defaultContact"] == {
        "id": (await pairs.contact_of(person))["id"]
    }


@pytest.mark.parametrize("noun", ["account", "contact"])
async def test_two_runs_broken_off_in_a_row_remember_what_the_first_has_written(
    pairs: Pairs, monkeypatch: pytest.MonkeyPatch, noun: str
) -> None:
    """The second one writes another field; the edit that follows it in BSS is no conflict with what the first one wrote."""
    pairs.choose(master="connectwise")
    account = pairs.account(code="HL-1", phone="1", fax="1")
    number = account if noun == "account" else pairs.person(account, email="a@h.example", phone="1", fax="1")
    edit = pairs.edit_account if noun == "account" else pairs.edit_person
    await pairs.bench.settled()
    put, edits = Agreements.put, [{"fax": "9"}, {"phone": "3"}]

    async def broken_off(kept: Agreements, identity: str, values: Mapping[str, Agreed]) -> None:
        if edits and identity == f"bss:{noun}:{number}":
            edit(number, **edits.pop(0))
            raise errors.Unsettled("The worker was killed")
        await put(kept, identity, values)

    edit(number, phone="2")
    monkeypatch.setattr(Agreements, "put", broken_off)
    await pairs.bench.settled(f"bss/{noun}/{number}")
    assert edits == []
    row = pairs.in_bss(account) if noun == "account" else pairs.person_in_bss(number)
    assert (row["phone"], row["fax"]) == ("3", "9")
    if noun == "account":
        company = await pairs.company_of(account)
        assert (company["phoneNumber"], company["faxNumber"]) == ("3", "9")
    else:
        items = pairs.items_of((await pairs.contact_of(number))["id"])
        assert (items["Direct"], items["Fax"]) == ("3", "9")


@pytest.mark.parametrize(
    ("failure", "stays"),
    [(errors.LeaseLost("another run has it"), True), (errors.Refused("no", remedy="no"), False)],
    ids=["lease lost", "refused"],
)
async def test_a_run_without_its_lease_leaves_the_note_of_a_create_to_the_next_one(
    pairs: Pairs, failure: errors.WorkError, stays: bool
) -> None:
    settings, redis = pairs.bench.settings(), pairs.bench.redis
    async with connections.open_all(settings, redis, (BSS, CONNECTWISE)) as clients:
        context = assembly.billing_context(FlowContext.over(settings, redis, clients))
        with pytest.raises(type(failure)):
            async with context.creating("bss:account:1", {}):
                raise failure
        assert (await context.creates.of("bss:account:1") is not None) is stays
