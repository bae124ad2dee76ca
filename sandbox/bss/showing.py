"""How a stored row is shown: references spelled out, then names, numbers, times and nulls in the style of the tenant."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any
from zlib import crc32
from zoneinfo import ZoneInfo

from sandbox.bss.collections import Collection, Row
from sandbox.bss.modes import Modes
from sandbox.bss.store import BssStore

OBJECTS = frozenset(
    {"type", "transactionCurrency", "currency", "parentAccount", "account", "contact", "unitOfMeasure"}
    | {"responsibleUser", "paymentMethod"}
)
"""Fields that hold an object: without one they are null also where a text would be empty."""


def show(store: BssStore, collection: Collection, row: Row, *, listed: bool) -> Row:
    """Return a row as the server answers it, in a list or alone."""
    shape = SHAPES.get(collection.name, _as_stored)(store, row)
    if listed and store.modes.brief_lists:
        shape = {name: value for name, value in shape.items() if name not in collection.detail}
    dressed: Row = _Dress(store.modes).value(shape)
    return dressed


def _as_stored(_store: BssStore, row: Row) -> Row:
    return row


def _account(store: BssStore, row: Row) -> Row:
    kind = store.rows("organization/accounttypes").get(row["typeId"])
    currency = row["currencyCode"]
    shape = {
        name: value
        for name, value in row.items()
        if name not in ("typeId", "currencyCode", "parentAccountId")
    }
    shape["type"] = {"id": kind["id"], "name": kind["name"]} if kind else None
    shape["parentAccount"] = _named(store, row["parentAccountId"])
    shape[store.modes.currency_field] = (
        {
            "id": list(store.currencies).index(currency) + 1,
            "name": store.currencies[currency],
            "code": currency,
        }
        if currency in store.currencies
        else None
    )
    return shape


def _of_account(store: BssStore, row: Row) -> Row:
    shape = {name: value for name, value in row.items() if name != "accountId"}
    return shape | {"account": _named(store, row["accountId"])}


def _named(store: BssStore, account_id: int | None) -> Row | None:
    account = store.rows("accounts").get(account_id)
    return {"id": account["id"], "name": account["name"]} if account else None


SHAPES: dict[str, Callable[[BssStore, Row], Row]] = {
    "accounts": _account,
    "contacts": _of_account,
    "orders": _of_account,
    "subscriptions": _of_account,
}


class _Dress:
    """The style of a tenant's answers."""

    def __init__(self, modes: Modes) -> None:
        self._modes = modes
        self._zone = ZoneInfo(modes.time_zone)

    def value(self, value: Any) -> Any:
        match value:
            case dict():
                return {
                    self._name(name): self.value(self._filled(name, held))
                    for name, held in value.items()
                    if self._kept(held)
                }
            case list():
                return [self.value(item) for item in value]
            case datetime():
                return self._time(value)
            case date():
                return self._day(value)
            case int() | float() | Decimal() if not isinstance(value, bool) and self._modes.numbers == "text":
                return str(value)
        return value

    def _kept(self, held: Any) -> bool:
        return held is not None or self._modes.nulls != "omit"

    def _filled(self, name: str, held: Any) -> Any:
        return "" if held is None and self._modes.nulls == "empty" and name not in OBJECTS else held

    def _name(self, name: str) -> str:
        capital = self._modes.names == "pascal" or (self._modes.names == "mixed" and crc32(name.encode()) % 2)
        return name[:1].upper() + name[1:] if capital else name

    def _day(self, day: date) -> str:
        form = self._modes.day_form
        midnight = datetime.combine(day, time(), self._zone if form == "offset" else None)
        return day.isoformat() if form == "day" else midnight.isoformat()

    def _time(self, at: datetime) -> str:
        local = at.astimezone(self._zone)
        fraction = f"{local.microsecond:06d}0"[: self._modes.time_digits]
        offset = local.isoformat()[-6:] if self._modes.offsets else ""
        return f"{local:%Y-%m-%dT%H:%M:%S}{'.' if fraction else ''}{fraction}{offset}"
