"""What a refusal of ConnectWise means: its body as an error of the tree.

`cause` is the same for the same trouble, whichever record it is about; what the server said goes into `detail`.
Sources: ConnectWise developer guide (codes and statuses), and texts that live servers were seen to answer.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from cwbridge import errors
from cwbridge.connectors import answers

# No text of a running inventory audit is published. These are the words any of them would use.
INVENTORY_AUDIT_TEXTS: tuple[re.Pattern[str], ...] = (
    re.compile(r"inventory.{0,40}\baudit", re.IGNORECASE),
    re.compile(r"\baudit.{0,40}inventory", re.IGNORECASE),
    re.compile(r"\b(?:physical|stock|inventory) count", re.IGNORECASE),
    re.compile(r"\b(?:inventory|warehouse|warehouse bin)\b.{0,40}\blocked\b", re.IGNORECASE),
)
_LENGTH = re.compile(r"maximum length|max(?:imum)? \d+ char|too long|must be between", re.IGNORECASE)
_DUPLICATE_CONTACT = re.compile(r"duplicate contact", re.IGNORECASE)
_CLIENT_ID = re.compile(r"client\s?id", re.IGNORECASE)
_SSL = re.compile(r"SSL is required", re.IGNORECASE)
_VALUE_CODES = frozenset(
    {"InvalidField", "OutOfRange", "UnsupportedFormat", "InvalidReference", "InvalidValue", "NotFound"}
)
_INVENTORY_SECONDS = 300.0
_CREDENTIALS_CODES = frozenset({"Unauthorized", "UserNotAuthenticated"})


class EndpointMissing(errors.RequestRefused):
    """404 for the endpoint, not for a record: the code base moved, or on cloud the keys are wrong."""

    remedy_by_default = (
        "Check CWBRIDGE_CONNECTWISE__COMPANY_ID and the keys (ConnectWise cloud answers wrong ones like this); "
        "if they are right, report it."
    )


class Complaint(msgspec.Struct, frozen=True):
    """One thing that a refusal complains about."""

    code: str
    message: str
    field: str


class Refusal(msgspec.Struct, frozen=True):
    """A refusal in its parts, whatever form it had."""

    code: str
    message: str
    complaints: tuple[Complaint, ...]
    html: bool

    @classmethod
    def read(cls, headers: Mapping[str, str], body: bytes) -> Refusal:
        content = answers.parsed(body)
        message = answers.text_of(headers, body)
        if not isinstance(content, dict):
            return cls("", message, (), answers.is_html(headers, body))
        inner = content.get("errors")
        complaints = (
            tuple(_complaint(entry) for entry in inner if isinstance(entry, dict))
            if isinstance(inner, list)
            else ()
        )
        return cls(str(content.get("code") or ""), message, complaints, html=False)

    @property
    def codes(self) -> frozenset[str]:
        return frozenset({self.code, *(complaint.code for complaint in self.complaints)})

    @property
    def said(self) -> str:
        """Everything it says, on one line."""
        parts = [self.message, *(complaint.message for complaint in self.complaints)]
        return answers.shortened("; ".join(dict.fromkeys(part for part in parts if part)))


def classify(status: int, headers: Mapping[str, str], body: bytes) -> errors.WorkError:
    """The error that a refusal is."""
    refusal = Refusal.read(headers, body)
    for reading in (
        _credentials,
        _host,
        _forbidden,
        _missing,
        _redirect,
        _inventory,
        _in_use,
        _existing,
        _incomplete,
    ):
        error = reading(status, refusal)
        if error is not None:
            return error
    code = next((complaint.code for complaint in refusal.complaints if complaint.code), refusal.code)
    return errors.RequestRefused(
        f"ConnectWise refused a request ({code or f'status {status}'})", detail=refusal.said
    )


def _complaint(entry: dict[str, Any]) -> Complaint:
    code, message, field = (str(entry.get(name) or "") for name in ("code", "message", "field"))
    return Complaint(code, answers.shortened(message), field)


def _credentials(status: int, refusal: Refusal) -> errors.WorkError | None:
    if status == 401 or (status != 404 and refusal.codes & _CREDENTIALS_CODES):
        return errors.AuthenticationRefused("ConnectWise refused our keys", detail=refusal.said)
    return None


def _host(_status: int, refusal: Refusal) -> errors.WorkError | None:
    if _SSL.search(refusal.said) is None:
        return None
    return errors.RequestRefused(
        "ConnectWise wants another host name",
        detail=refusal.said,
        remedy="Name the api- host (such as https://api-na.myconnectwise.net) in CWBRIDGE_CONNECTWISE__URL.",
    )


def _forbidden(status: int, refusal: Refusal) -> errors.WorkError | None:
    if status != 403:
        return None
    if _CLIENT_ID.search(refusal.said):
        return errors.PermissionRefused(
            "ConnectWise does not take our client id",
            detail=refusal.said,
            remedy="Set CWBRIDGE_CONNECTWISE__CLIENT_ID to the client id of this integration, then requeue.",
        )
    return errors.PermissionRefused("ConnectWise does not let our API member do this", detail=refusal.said)


def _missing(status: int, refusal: Refusal) -> errors.WorkError | None:
    if status != 404:
        return None
    if refusal.code and refusal.code not in {"ConnectWiseApi", *_CREDENTIALS_CODES}:
        return errors.NotFound("ConnectWise has no such record", detail=refusal.said)
    return EndpointMissing("ConnectWise says that the endpoint does not exist", detail=refusal.said)


def _redirect(status: int, refusal: Refusal) -> errors.WorkError | None:
    if status >= 400:
        return None
    return errors.RequestRefused(
        "ConnectWise answered with a redirect",
        detail=refusal.said,
        remedy="Name the host that answers itself in CWBRIDGE_CONNECTWISE__URL.",
    )


def _inventory(_status: int, refusal: Refusal) -> errors.WorkError | None:
    if not any(text.search(refusal.said) for text in INVENTORY_AUDIT_TEXTS):
        return None
    return errors.InventoryLocked(
        "ConnectWise takes no product lines while inventory auditing is on",
        seconds=_INVENTORY_SECONDS,
        detail=refusal.said,
    )


def _in_use(status: int, refusal: Refusal) -> errors.WorkError | None:
    if status != 409:
        return None
    return errors.Protected("ConnectWise protects a record that is in use", detail=refusal.said)


def _existing(_status: int, refusal: Refusal) -> errors.WorkError | None:
    """Before what is missing: whoever hears of an existing record looks it up, and then nothing is missing."""
    complaint = _first(refusal, {"ObjectExists"})
    if complaint is not None:
        return errors.Duplicate(
            f"ConnectWise has a record with the same {complaint.field or 'key'} already",
            field=complaint.field,
            detail=refusal.said,
        )
    if _DUPLICATE_CONTACT.search(refusal.said):
        return errors.Duplicate("ConnectWise has this contact already", field="contact", detail=refusal.said)
    return None


def _incomplete(_status: int, refusal: Refusal) -> errors.WorkError | None:
    """A record or a condition that cannot be as we sent it.

    A field that was sent and not taken may be called missing as well; then it is the value that is wrong.
    """
    not_taken = {complaint.field for complaint in refusal.complaints if complaint.code in _VALUE_CODES}
    missing = _first(refusal, {"MissingRequiredField"})
    if (complaint := missing) is not None and (not complaint.field or complaint.field not in not_taken):
        return errors.MissingField(
            f"ConnectWise demands the field {complaint.field or '(not named)'}",
            field=complaint.field,
            detail=refusal.said,
        )
    if refusal.code == "ApiFindCondition":
        return errors.RequestRefused(
            "ConnectWise does not understand a condition of ours", detail=refusal.said
        )
    if (complaint := _value_refused(refusal)) is not None:
        return errors.ValueRefused(
            f"ConnectWise does not take the value of {complaint.field or 'a field'}",
            field=complaint.field,
            detail=refusal.said,
        )
    return None


def _first(refusal: Refusal, codes: set[str]) -> Complaint | None:
    found = next((complaint for complaint in refusal.complaints if complaint.code in codes), None)
    if found is None and refusal.code in codes:
        return Complaint(refusal.code, refusal.message, "")
    return found


def _value_refused(refusal: Refusal) -> Complaint | None:
    found = _first(refusal, set(_VALUE_CODES))
    if found is not None:
        return found
    return next((complaint for complaint in refusal.complaints if _LENGTH.search(complaint.message)), None)
