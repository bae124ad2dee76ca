"""Accounts and companies of both stand-ins agree, whichever side changes."""

from __future__ import annotations

from tests.support.pairs import Pairs


async def test_a_new_account_becomes_a_company_with_every_field(pairs: Pairs) -> None:
    number = pairs.account(
        code="HL-1", phone="(206) 555-0100", fax="(206) 555-0199", webSite="https://hl.example"
    )
    key = f"bss/account/{number}"
    await pairs.settle(key)
    company = await pairs.company_of(number)
    assert {
        name: company.get(name)
        for name in ("identifier", "name", "accountNumber", "phoneNumber", "faxNumber")
    } == {
        "identifier": str(number),
        "name": "Harbor Lights",
        "accountNumber": "HL-1",
        "phoneNumber": "(206) 555-0100",
        "faxNumber": "(206) 555-0199",
    }
    assert (company["addressLine1"], company["city"], company["state"], company["zip"]) == (
        "4100 Campus Way",
        "Seattle",
        "WA",
        "98195",
    )
    assert company["billToCompany"] == {"id": company["id"]}
    assert pairs.types_of(company["id"]) == {"Client"}
    assert (await pairs.bench.history(key))[-1].what == "created"
    await pairs.assert_quiet(key)


async def test_a_change_in_bss_goes_to_connectwise_and_back(pairs: Pairs) -> None:
    number = pairs.account(code="HL-1", phone="1")
    key = f"bss/account/{number}"
    await pairs.settle(key)
    company = await pairs.company_of(number)
    pairs.edit_account(number, name="Harbor Lights II", address={"city": "Tacoma"})
    pairs.edit_company(company["id"], phoneNumber="222", website="https://new.example")
    await pairs.settle(key)
    company = await pairs.company_of(number)
    assert (company["name"], company["city"]) == ("Harbor Lights II", "Tacoma")
    account = pairs.in_bss(number)
    assert (account["phone"], account["webSite"]) == ("222", "https://new.example")
    await pairs.assert_quiet(key)
