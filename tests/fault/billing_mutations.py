"""Single defences of the billing side, each with a way to take it out of a process."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable
from typing import Any

from cwbridge import locks
from cwbridge.connectors.bss.tokens import AccessTokens
from cwbridge.ledger.agreements import Agreements
from cwbridge.ledger.creates import Creates
from tests.fault.patching import replace
from worker.billing import account_reconciler, contact_reconciler
from worker.billing.company_finder import CompanyFinder
from worker.billing.company_puller import CompanyPuller
from worker.billing.contact_finder import ContactFinder

_PAIR_LOCKS = ("company:", "contact:", "linking:")


async def _nobody(*_given: Any) -> None:
    return None


def _no_agreed_values() -> None:
    """Every run merges both sides as at their first link."""

    async def of(_agreements: Agreements, _identity: str) -> dict[str, Any]:
        return {}

    replace(Agreements, "of", of)


def _no_look_up_of_companies() -> None:
    """A company is created for an account without a look at what ConnectWise has."""
    replace(CompanyFinder, "find", _nobody)


def _no_look_up_of_accounts() -> None:
    """An account is created for a company without a look at what BSS has."""
    replace(CompanyPuller, "_account_of", _nobody)


def _no_look_up_of_contacts() -> None:
    """The same for contacts, on both sides."""
    replace(ContactFinder, "in_company", _nobody)
    replace(ContactFinder, "in_account", _nobody)


def _no_note_of_creates() -> None:
    """Nobody knows what a create that was broken off has sent."""

    async def nothing(*_given: Any) -> None:
        return

    replace(Creates, "begin", nothing)
    replace(Creates, "answered", nothing)


def _no_pair_lock() -> None:
    """Both sides of a pair are looked for, linked and created at the same time."""
    hold = locks.Locks.hold

    @contextlib.asynccontextmanager
    async def let_in(locker: Any, name: str, **given: Any) -> AsyncIterator[None]:
        if name.startswith(_PAIR_LOCKS):
            yield
            return
        async with hold(locker, name, **given):
            yield

    replace(locks.Locks, "hold", let_in)


def _no_look_back() -> None:
    """A run does not compare what it read before its writes with what it read after them."""

    def unchanged(*_given: Any) -> bool:
        return False

    replace(account_reconciler, "has_changed_meanwhile", unchanged)
    replace(contact_reconciler, "has_changed_meanwhile", unchanged)


def _no_token_renewal() -> None:
    """A process keeps its first access token."""
    granted = AccessTokens._granted

    async def granted_once(tokens: AccessTokens) -> Any:
        return tokens._token or await granted(tokens)

    replace(AccessTokens, "_granted", granted_once)


WITHOUT: dict[str, Callable[[], None]] = {
    "the agreed values": _no_agreed_values,
    "the look-up before a create of a company": _no_look_up_of_companies,
    "the look-up before a create of an account": _no_look_up_of_accounts,
    "the look-up before a create of a contact": _no_look_up_of_contacts,
    "the note of what a create sends": _no_note_of_creates,
    "the lock of a pair": _no_pair_lock,
    "the comparison after the writes of a pair": _no_look_back,
    "token renewal": _no_token_renewal,
}
