"""Records that other users make on either side."""

from __future__ import annotations

import random

from tests.fault.billing_books import COMPANIES, CONTACTS, FIELDS, TYPES, BillingBooks, Noun, Side
from tests.fault.billing_world import ACCOUNT_TYPES
from tests.fault.edit_record import EditRecord
from tests.fault.new_values import NewValues
from tests.fault.other_users import OtherUsers

TYPE_IDS = {"Customer": 1, "Reseller": 2, "Prospect": 3}
"""Account types of BSS that may become company types."""
TWIN = "Gemma"
"""First name of contacts that other users make on both sides at once: they are one by their e-mail address alone."""
_SHARE_MOBILE = 0.5
_ADDRESS = {
    "stateName": "Washington",
    "stateCode": "WA",
    "countryName": "United States",
    "countryCode": "US",
    "city": "Seattle",
    "postCode": "98195",
}


class Newcomers:
    """Makes accounts, companies and contacts, each with a name that no other has."""

    def __init__(
        self,
        users: OtherUsers,
        books: BillingBooks,
        record: EditRecord,
        values: NewValues,
        dice: random.Random,
    ) -> None:
        self._users = users
        self._books = books
        self._record = record
        self._new = values
        self._dice = dice

    def account(self, name: str, *, code: str | None = None) -> int:
        """An account with a billing address."""
        number = self._users.add_to_bss(
            "account",
            name=name,
            code=code,
            typeId=self._dice.choice(list(TYPE_IDS.values())),
            currencyCode="USD",
            phone=self._new.phone(),
            webSite=f"https://{self._new.code().lower()}.example",
            address={**_ADDRESS, "address1": f"{self._new.code()} Campus Way"},
        )
        self._note_new("account", "bss", number)
        return number

    def person(self, account: int, first: str = "", email: str = "", *, primary: bool) -> None:
        """A contact of BSS."""
        number = self._users.add_to_bss(
            "contact",
            accountId=account,
            firstName=first or self._new.named("Ada"),
            lastName=self._new.code(),
            email=email or self._new.email(),
            phone=self._new.phone(),
            mobilePhone=self._new.phone() if self._dice.random() < _SHARE_MOBILE else None,
            isPrimary=primary,
        )
        self._note_new("contact", "bss", number)

    def company(self, name: str, *, accountNumber: str) -> int:  # noqa: N803 - as ConnectWise calls it
        """A company that becomes an account."""
        company = self.company_row(
            name, kind=self._dice.choice(list(ACCOUNT_TYPES.values())), accountNumber=accountNumber
        )
        self._note_new("account", "connectwise", company)
        return company

    def company_row(self, name: str, *, kind: str, **fields: str) -> int:
        """A company of a type, with nothing noted about it."""
        company = self._users.add_to_connectwise(
            COMPANIES,
            {
                "identifier": name.replace(" ", "").upper(),
                "name": name,
                "site": {"name": "Main"},
                "phoneNumber": self._new.phone(),
                "addressLine1": f"{self._new.code()} Main Street",
                "city": "Tacoma",
                **fields,
            },
        )
        self._users.add_to_connectwise(
            TYPES, {"type": {"id": self._books.company_type(kind)}, "company": {"id": company}}
        )
        return company

    def contact(self, company: int, first: str = "", email: str = "") -> None:
        """A contact of a linked company."""
        contact = self.contact_row(company, first or self._new.named("Eve"), email or self._new.email())
        self._note_new("contact", "connectwise", contact)

    def contact_row(self, company: int, first: str, email: str) -> int:
        """A contact with an e-mail address and a phone, with nothing noted about it."""
        items = {"Email": email, "Direct": self._new.phone()}
        return self._users.add_to_connectwise(
            CONTACTS,
            {
                "firstName": first,
                "lastName": self._new.code(),
                "company": {"id": company},
                "communicationItems": [
                    {"type": {"id": self._books.item_type(kind)}, "value": value, "defaultFlag": True}
                    for kind, value in items.items()
                ],
            },
        )

    def _note_new(self, noun: Noun, side: Side, number: int) -> None:
        for field in FIELDS[noun]:
            if self._books.value(noun, side, number, field):
                self._record.note(noun, side, number, field, "")
