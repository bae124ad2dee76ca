"""The registry of flows: a new flow is one line here."""

from __future__ import annotations

from cwbridge.flow import Flows, Registration
from producers.billing import BillingSource
from producers.opportunity import OpportunitySource
from worker.billing.definition import Billing
from worker.opportunity.definition import Opportunities

_REGISTERED = [
    Registration(Opportunities(), OpportunitySource()),
    Registration(Billing(), BillingSource()),
]


def registered() -> Flows:
    """Every flow, switched on or not."""
    return Flows(_REGISTERED)


def register(registration: Registration) -> None:
    """Add a flow that lives outside this distribution."""
    _REGISTERED.append(registration)


def unregister(name: str) -> None:
    """Remove a flow that `register` added."""
    _REGISTERED[:] = [one for one in _REGISTERED if one.flow.name != name]
