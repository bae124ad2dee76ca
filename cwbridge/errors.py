"""All errors as one tree; the branch of an error decides what its job does.

    BridgeError
    |-- SettingsError              settings cannot be used                     -> exit 2, nothing started
    |-- StoreUnavailable           Redis cannot be reached                     -> exit 2 at start, wait later
    `-- WorkError                  something about one object or one call
        |-- Wait                   it is not time yet                          -> the job waits, costs no attempt
        |   |-- Throttled              the other system asked for a pause
        |   |-- Busy                   another job holds a lock or a lease
        |   |-- InventoryLocked        ConnectWise refuses product lines while inventory auditing is on
        |   |-- SystemOnHold           a system refused the credentials; all its jobs wait
        |   `-- WaitingFor             another object must be synced first
        |-- Retry                  a later attempt may succeed                 -> backed off, costs an attempt
        |   |-- Unreachable            no connection, time-out before an answer to a read
        |   |-- ServerFailed           5xx, gateway page, half an answer to a read
        |   |-- OutcomeUnknown         a write was sent and its answer lost    -> read the target, then decide
        |   |-- LeaseLost              this worker may no longer write this object
        |   `-- Unsettled              the second look did not match yet
        `-- Refused                fails until a person changes something      -> dead letter
            |-- AuthenticationRefused  credentials
            |-- PermissionRefused      role of the API member
            |-- NotFound               the record named does not exist
            |-- Duplicate              the target already has such a record
            |-- Ambiguous              several candidates fit, a person decides
            |-- MissingField           the tenant demands a field that nothing fills
            |-- ValueRefused           the target refuses the value of a field
            |   `-- ReferenceGone          the record that the value names no longer exists
            |-- RequestRefused         any other 4xx: most likely a bug in cwbridge
            |-- Malformed              an answer that contradicts the API documents
            |-- MappingRefused         names in the settings that do not resolve
            `-- Protected              closed, converted or ordered: cwbridge does not change it

An exception outside the tree is a bug: the job is dead-lettered at once with its trace.

`cause` is the same text for every object that fails for the same reason, so that failures group by it; what differs
from object to object is in `detail`. `remedy` tells the operator what to do.
"""

from __future__ import annotations

from typing import ClassVar, Literal

from cwbridge.limits.lane import Lane
from cwbridge.mode import Mode

WorkClass = Literal["wait", "retry", "refused", "bug"]


class BridgeError(Exception):
    """Root of the tree: a cause, what differs from object to object, and what to do about it."""

    remedy_by_default: ClassVar[str] = "Read the log around this time."

    def __init__(self, cause: str, *, detail: str = "", remedy: str | None = None) -> None:
        super().__init__(cause)
        self.cause = cause
        self.detail = detail
        self.remedy = remedy if remedy is not None else self.remedy_by_default

    def __str__(self) -> str:
        return f"{self.cause} ({self.detail})" if self.detail else self.cause


class SettingsError(BridgeError):
    """A setting is unknown, missing, of the wrong type, or contradicts another."""

    remedy_by_default = "Correct the setting named; docs/settings.md lists them all."


class StoreUnavailable(BridgeError):
    """Redis cannot be reached or refuses the connection."""

    remedy_by_default = "Check CWBRIDGE_REDIS__URL and that the Redis server is running and reachable."


class WorkError(BridgeError):
    """Something about one object or one call; its class decides what happens to the job."""

    work_class: ClassVar[WorkClass] = "bug"


class Wait(WorkError):
    """It is not time yet; the job looks again after `seconds`."""

    work_class = "wait"
    remedy_by_default = "No action needed: the job goes on by itself."

    def __init__(
        self, cause: str, *, seconds: float = 30.0, detail: str = "", remedy: str | None = None
    ) -> None:
        super().__init__(cause, detail=detail, remedy=remedy)
        self.seconds = seconds


class Throttled(Wait):
    """The other system asked for a pause longer than a call should wait."""


class Busy(Wait):
    """Another job holds the lock or lease."""


class InventoryLocked(Wait):
    """ConnectWise refuses product lines while inventory auditing is on."""

    remedy_by_default = "Finish the inventory audit in ConnectWise; waiting projects resume by themselves."


class SystemOnHold(Wait):
    """A system refused the credentials; no call is sent to it until they work again."""

    remedy_by_default = (
        "Correct the credentials of that system and restart; its jobs then go on by themselves."
    )


class WaitingFor(Wait):
    """Another object must be synced first: the job goes on when `key` has succeeded, and `key` is enqueued when it has no job."""

    def __init__(
        self, key: str, *, flow: str, lane: Lane = "fresh", mode: Mode = "if_changed", detail: str = ""
    ) -> None:
        super().__init__(
            f"waiting for {key}", detail=detail, remedy=f"No action needed: it goes on when {key} is synced."
        )
        self.key = key
        self.flow = flow
        self.lane = lane
        self.mode = mode


class Retry(WorkError):
    """A later attempt may succeed."""

    work_class = "retry"
    remedy_by_default = (
        "The worker tries again by itself; if the error stays, check the other system's status."
    )


class Unreachable(Retry):
    """No connection, or no answer in time."""


class ServerFailed(Retry):
    """The other system failed while answering: 5xx, a gateway page, half an answer."""


class OutcomeUnknown(Retry):
    """A write was sent and its answer was lost: it may or may not have taken effect."""


class LeaseLost(Retry):
    """Another worker may be writing this object by now, so this one must not."""


class Unsettled(Retry):
    """After the writes the target still differs from what it should be."""


class Refused(WorkError):
    """Fails until a person changes the source, the target or the settings."""

    work_class = "refused"
    remedy_by_default = "Correct the data named, then requeue the job."


class AuthenticationRefused(Refused):
    """The other system refused the credentials."""

    remedy_by_default = (
        "Check that system's credentials in the settings and whether its API member is active."
    )


class PermissionRefused(Refused):
    """The credentials work, but their role may not do this."""

    remedy_by_default = (
        "Give the API member's security role the right to the last call that `cwbridge jobs show KEY` tells "
        "(docs/connectwise-role.md), then requeue."
    )


class NotFound(Refused):
    """The record named does not exist (any more)."""


class Duplicate(Refused):
    """The target already has such a record."""

    def __init__(self, cause: str, *, field: str = "", detail: str = "", remedy: str | None = None) -> None:
        super().__init__(cause, detail=detail, remedy=remedy)
        self.field = field


class Ambiguous(Refused):
    """Several candidates fit; a person decides once which one is meant."""

    remedy_by_default = "Make one of the candidates the only one that fits, then requeue."


class MissingField(Refused):
    """The tenant demands a field that nothing fills."""

    remedy_by_default = "Fill the field in the source, or make it optional in ConnectWise, then requeue."

    def __init__(self, cause: str, *, field: str = "", detail: str = "", remedy: str | None = None) -> None:
        super().__init__(cause, detail=detail, remedy=remedy)
        self.field = field


class ValueRefused(Refused):
    """The target refuses the value of a field."""

    def __init__(self, cause: str, *, field: str = "", detail: str = "", remedy: str | None = None) -> None:
        super().__init__(cause, detail=detail, remedy=remedy)
        self.field = field


class ReferenceGone(ValueRefused):
    """The record that a field refers to no longer exists in the target; `field` is the name of the reference, such as `company`."""

    remedy_by_default = "No action needed: the link is removed and the record is looked up again."


class RequestRefused(Refused):
    """Any other refusal of a request: most likely a bug in cwbridge."""

    remedy_by_default = "Report it with the request id from `cwbridge jobs show`."


class Malformed(Refused):
    """An answer contradicts the API documents."""

    remedy_by_default = (
        "Look at the record named in its own system; if it looks right there, report the answer."
    )


class MappingRefused(Refused):
    """Names in the settings do not resolve in ConnectWise."""

    remedy_by_default = "Create the name in ConnectWise or correct it in the settings, then requeue."


class Protected(Refused):
    """Closed, converted or ordered: cwbridge does not change it."""

    remedy_by_default = "cwbridge no longer writes to it; change it by hand in ConnectWise if it must change."
