"""How people name a link: an object of Jetbuilt whose record in ConnectWise is kept.

jetbuilt/project/97737      the opportunity of a project or option, by its key
company:8801                the company of a Jetbuilt client
contact:55@120              the contact of a Jetbuilt contact in company 120 of ConnectWise (contact:none@120: of a client without one)
site:main office@120        the site of that name, in small letters, in company 120
"""

from __future__ import annotations

import re
from typing import Self

import msgspec

from cwbridge import errors
from cwbridge.keys import Key
from cwbridge.ledger.links import Kind

_NUMBER = r"[1-9]\d{0,18}"
_FORMS: dict[Kind, re.Pattern[str]] = {
    "company": re.compile(_NUMBER),
    "contact": re.compile(rf"(?:{_NUMBER}|none)@(?P<company>{_NUMBER})"),
    "site": re.compile(rf".+@(?P<company>{_NUMBER})"),
}


class LinkName(msgspec.Struct, frozen=True, order=True):
    """The kind of a link and its source, as the ledger keeps them."""

    kind: Kind
    source: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a name as a person writes it; raises Refused that shows the forms."""
        kind, colon, source = text.strip().partition(":")
        if not colon or kind == "opportunity":
            return cls("opportunity", str(Key.parse(source or kind)))
        for known, form in _FORMS.items():
            if kind == known and form.fullmatch(source):
                return cls(known, source)
        raise errors.Refused(
            f"{text[:80]!r} is not the name of a link",
            remedy="Names look like jetbuilt/project/97737, company:8801, contact:55@120 or site:main@120.",
        )

    @property
    def company(self) -> int | None:
        """The ConnectWise company that the record belongs to; None when the name does not say."""
        form = _FORMS.get(self.kind)
        found = form.fullmatch(self.source) if form is not None else None
        return int(found["company"]) if found is not None and "company" in found.re.groupindex else None

    def __str__(self) -> str:
        return self.source if self.kind == "opportunity" else f"{self.kind}:{self.source}"
