"""The names that a case gives to records of both systems."""

from __future__ import annotations

from typing import Any

BSS = {
    "product": "products",
    "subscription": "subscriptions",
    "order": "orders",
    "invoice": "invoices",
    "payment": "payments",
}
"""Collection of BSS by the noun of the cases."""


class Names:
    """Ids by noun and name; items are named within their document."""

    def __init__(self) -> None:
        self._ids: dict[tuple[str, str], Any] = {}

    def set(self, noun: str, name: str, number: Any) -> None:
        self._ids[noun, name] = number

    def find(self, noun: str, name: str) -> Any:
        """The id, or None while the name is new."""
        return self._ids.get((noun, name))

    def get(self, noun: str, name: str) -> Any:
        """The id; raises ValueError for a name that the case does not have."""
        number = self.find(noun, name)
        if number is None:
            raise ValueError(f"there is no {noun} {name!r}")
        return number

    def name(self, noun: str, number: Any) -> str:
        """The name of a record, or nothing."""
        return next((name for (kind, name), held in self._ids.items() if (kind, held) == (noun, number)), "")

    def all(self, noun: str) -> dict[str, Any]:
        """Ids by name."""
        return {name: number for (kind, name), number in self._ids.items() if kind == noun}

    def document(self, name: str) -> tuple[str, str]:
        """The collection and id of an order or invoice; raises ValueError when it is none of them, or both."""
        found = [(BSS[noun], self.find(noun, name)) for noun in ("order", "invoice")]
        held = [(collection, str(number)) for collection, number in found if number is not None]
        if len(held) != 1:
            raise ValueError(f"{name!r} is the name of {len(held)} documents, not of one")
        return held[0]


def split(told: str) -> tuple[str, str]:
    """Noun and name: `invoice 000433`."""
    noun, _, name = told.partition(" ")
    return noun, name
