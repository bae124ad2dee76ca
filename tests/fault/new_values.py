"""Values that no field has had before."""

from __future__ import annotations

from tests.fault.billing_books import PHONES


class NewValues:
    """Counts, so that every value can be told from every other one."""

    def __init__(self) -> None:
        self._last = 0

    def of(self, field: str) -> str:
        """A value that fits a field."""
        if field in PHONES:
            return self.phone()
        if field == "email":
            return self.email()
        if field == "webSite":
            return f"https://{self.code().lower()}.example"
        return self.named("Value")

    def named(self, noun: str) -> str:
        return f"{noun} {self._next():03}"

    def phone(self) -> str:
        return f"(206) 555-{self._next():04}"

    def email(self) -> str:
        return f"n{self._next()}@people.example"

    def code(self) -> str:
        return f"N{self._next():05}"

    def _next(self) -> int:
        self._last += 1
        return self._last
