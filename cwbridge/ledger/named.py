"""How the operator names a link: a key, or the identity of a record of the source whose record in ConnectWise is kept.

jetbuilt/project/97737              the opportunity of a project or option, by its key
jetbuilt:client:8801                the company of a Jetbuilt client
jetbuilt:contact:55@120             the contact of a Jetbuilt contact in company 120 of ConnectWise
jetbuilt:contact:none@120           the contact of a client without one
jetbuilt:site:main office@120       the site of that name, in small letters, in company 120
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
    "company": re.compile(rf"jetbuilt:client:(?P<client>{_NUMBER})"),
    "contact": re.compile(rf"jetbuilt:contact:(?:{_NUMBER}|none)@(?P<company>{_NUMBER})"),
    "site": re.compile(rf"jetbuilt:site:.+@(?P<company>{_NUMBER})"),
}


class LinkName(msgspec.Struct, frozen=True, order=True):
    """The kind of a link and its source, as the ledger keeps them."""

    kind: Kind
    source: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a name as a person writes it; raises Refused that shows the forms."""
        source = text.strip()
        if "/" in source and ":" not in source:
            return cls("opportunity", str(Key.parse(source)))
        for kind, form in _FORMS.items():
            if form.fullmatch(source):
                return cls(kind, source)
        raise errors.Refused(
            f"{text[:80]!r} is not the name of a link",
            remedy="Names look like jetbuilt/project/97737, jetbuilt:client:8801, jetbuilt:contact:55@120 or "
            "'jetbuilt:site:main office@120'.",
        )

    @property
    def client(self) -> int:
        """The Jetbuilt client of a company; raises ValueError for other names."""
        found = _FORMS["company"].fullmatch(self.source)
        if found is None:
            raise ValueError(f"{self} is not the name of a client")
        return int(found["client"])

    @property
    def company(self) -> int | None:
        """The ConnectWise company that the record belongs to; None when the name does not say."""
        form = _FORMS.get(self.kind)
        found = form.fullmatch(self.source) if form is not None else None
        return int(found["company"]) if found is not None and "company" in found.re.groupindex else None

    def __str__(self) -> str:
        return self.source
