"""Rules of set-up tables that have any."""

from __future__ import annotations

from collections.abc import Iterator

from sandbox.connectwise.errors import Problem
from sandbox.connectwise.rules.base import Rules
from sandbox.connectwise.table import Row


class CommunicationTypeRules(Rules):
    def check(self, row: Row, old: Row | None, body: Row) -> Iterator[Problem]:
        del old, body
        if not any(row.get(flag) for flag in ("phoneFlag", "faxFlag", "emailFlag")):
            yield Problem("InvalidField", "At least one flag is required: phone, fax or email.", "phoneFlag")


class CustomFieldRules(Rules):
    def check(self, row: Row, old: Row | None, body: Row) -> Iterator[Problem]:
        del old, body
        if not 1 <= row.get("sequenceNumber", 1) <= 500:
            yield Problem("OutOfRange", "sequenceNumber must be between 1 and 500.", "sequenceNumber")
