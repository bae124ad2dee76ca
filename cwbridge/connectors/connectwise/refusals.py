"""Map a refusal of ConnectWise to an exception.

`cause` is the same for the same complaint, whichever record it is about; what the server said goes into `detail`.
Sources: ConnectWise developer guide (codes and statuses), and texts that live servers were seen to answer.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any

import msgspec

from cwbridge import errors
from cwbridge.connectors import answers, retry

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
_VALUE_CODES = frozenset({"InvalidField", "OutOfRange", "UnsupportedFormat", "InvalidValue"})
_GONE_CODES = frozenset({"NotFound", "InvalidReference"})
_INVENTORY_SECONDS = 300.0
_CREDENTIALS_CODES = frozenset({"Unauthorized", "UserNotAuthenticated"})


class EndpointMissing(errors.RequestRefused):
    """404 for the endpoint, not for a record: the code base moved, or on cloud the credentials are wrong.

    `page` says that the 404 came as the page of a web server or gateway. The web server of ConnectWise sends one for a code
    base that moved; any other gateway may send one as well, so it says nothing about the credentials.
    """

    remedy_by_default = (
        "Check CWBRIDGE_CONNECTWISE__COMPANY_ID and the credentials (ConnectWise cloud answers wrong ones like this); "
        "if they are right, report it."
    )

    def __init__(self, cause: str, *, detail: str = "", page: bool = False) -> None:
        super().__init__(cause, detail=detail)
        self.page = page


def page_instead(missing: EndpointMissing, *, writes: bool) -> errors.Retry:
    """The failure of a page with status 404 when the code base has not moved: a gateway sent it."""
    return retry.error_of(retry.gateway_page(404, detail=missing.detail), system="ConnectWise", writes=writes)


class Complaint(msgspec.Struct, frozen=True):
    """One complaint of a refusal."""

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
        """The whole refusal on one line."""
        parts = [self.message, *(complaint.message for complaint in self.complaints)]
        return answers.shortened("; ".join(dict.fromkeys(part for part in parts if part)))


def classify(status: int, headers: Mapping[str, str], body: bytes) -> errors.WorkError | None:
    """The exception for a refusal; None when a gateway or proxy answered instead of ConnectWise."""
    refusal = Refusal.read(headers, body)
    if answers.is_gateway_refusal(status, headers, body):
        return _endpoint_missing(refusal, page=True) if status == 404 else None
    for reading in (
        _credentials,
        _host,
        _forbidden,
        _missing,
        _inventory,
        _in_use,
        _existing,
        _gone,
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
        return errors.AuthenticationRefused("ConnectWise refused the credentials", detail=refusal.said)
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
            "ConnectWise does not take the client id",
            detail=refusal.said,
            remedy="Set CWBRIDGE_CONNECTWISE__CLIENT_ID to the client id of this integration, then requeue.",
        )
    return errors.PermissionRefused("ConnectWise does not let the API member do this", detail=refusal.said)


def _missing(status: int, refusal: Refusal) -> errors.WorkError | None:
    if status != 404:
        return None
    if refusal.code and refusal.code not in {"ConnectWiseApi", *_CREDENTIALS_CODES}:
        return errors.NotFound("ConnectWise has no such record", detail=refusal.said)
    return _endpoint_missing(refusal, page=False)


def _endpoint_missing(refusal: Refusal, *, page: bool) -> EndpointMissing:
    return EndpointMissing(
        "ConnectWise says that the endpoint does not exist", detail=refusal.said, page=page
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
    """Checked before missing fields: the caller looks up the existing record, which needs no field."""
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


def _gone(_status: int, refusal: Refusal) -> errors.WorkError | None:
    """A field that names a record which no longer exists; what else is wrong with the draft may only follow from that."""
    complaint = _first(refusal, _GONE_CODES)
    if complaint is None:
        return None
    field = complaint.field.split("/")[0]
    return errors.ReferenceGone(
        f"ConnectWise no longer has the record that {field or 'a field'} refers to",
        field=field,
        detail=refusal.said,
    )


def _incomplete(_status: int, refusal: Refusal) -> errors.WorkError | None:
    """A record or a condition that ConnectWise does not take as it was sent.

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
            "ConnectWise does not understand a condition that cwbridge sent", detail=refusal.said
        )
    if (complaint := _value_refused(refusal)) is not None:
        return errors.ValueRefused(
            f"ConnectWise does not take the value of {complaint.field or 'a field'}",
            field=complaint.field,
            detail=refusal.said,
        )
    return None


def _first(refusal: Refusal, codes: Collection[str]) -> Complaint | None:
    found = next((complaint for complaint in refusal.complaints if complaint.code in codes), None)
    if found is None and refusal.code in codes:
        return Complaint(refusal.code, refusal.message, "")
    return found


def _value_refused(refusal: Refusal) -> Complaint | None:
    found = _first(refusal, _VALUE_CODES)
    if found is not None:
        return found
    return next((complaint for complaint in refusal.complaints if _LENGTH.search(complaint.message)), None)
