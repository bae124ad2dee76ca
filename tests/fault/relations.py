"""What other users of BSS change about how accounts and contacts belong together."""

from __future__ import annotations

import random

from tests.fault.billing_books import BillingBooks
from tests.fault.newcomers import TWIN, TYPE_IDS
from tests.fault.other_users import OtherUsers


class Relations:
    """Parents and types of accounts, and whose contact somebody is."""

    def __init__(self, users: OtherUsers, books: BillingBooks, dice: random.Random) -> None:
        self._users = users
        self._books = books
        self._dice = dice

    def new_parent(self) -> None:
        """An account without children comes below another one that has no parent."""
        rows = self._books.rows("account", "bss")
        parents = {row["parentAccountId"] for row in rows}
        roots = [row["id"] for row in rows if row["parentAccountId"] is None]
        leaves = [row["id"] for row in rows if row["id"] not in parents]
        child = self._dice.choice(leaves)
        above = [root for root in roots if root != child]
        if above:
            self._users.save_in_bss("account", child, {"parentAccountId": self._dice.choice(above)})

    def new_primary(self) -> None:
        """A contact becomes the primary one of its account; another one may be it no longer."""
        person = self._dice.choice(self._books.rows("contact", "bss"))
        mates = [
            row
            for row in self._books.rows("contact", "bss")
            if row["accountId"] == person["accountId"] and row["isPrimary"] and row["id"] != person["id"]
        ]
        self._users.save_in_bss("contact", person["id"], {"isPrimary": True})
        if mates and self._dice.random() < 0.5:
            self._users.save_in_bss("contact", self._dice.choice(mates)["id"], {"isPrimary": False})

    def change_type(self) -> None:
        """The type of an account; its company gets one more."""
        pairs = [account for account, _ in self._books.pairs("account")]
        if pairs:
            account = self._dice.choice(pairs)
            others = [number for number in TYPE_IDS.values() if number != account["typeId"]]
            self._users.save_in_bss("account", account["id"], {"typeId": self._dice.choice(others)})

    def move(self) -> None:
        """A contact that is linked goes to another account."""
        pairs = [
            person for person, _ in self._books.pairs("contact") if not person["firstName"].startswith(TWIN)
        ]
        accounts = [row["id"] for row in self._books.rows("account", "bss")]
        if pairs:
            person = self._dice.choice(pairs)
            others = [number for number in accounts if number != person["accountId"]]
            self._users.save_in_bss("contact", person["id"], {"accountId": self._dice.choice(others)})
