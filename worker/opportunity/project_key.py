"""The key of a project or option; a job carries nothing else.

jetbuilt/project/{family}                a project; family = its first version's id
jetbuilt/project/{family}/option/{id}    an option or change order of it
"""

from __future__ import annotations

import re
from typing import Self

import msgspec

from cwbridge import errors

FLOW = "opportunity"
"""The name of the flow whose keys these are."""

_PATTERN = re.compile(r"jetbuilt/project/(?P<family>[1-9]\d{0,18})(?:/option/(?P<option>[1-9]\d{0,18}))?")


class ProjectKey(msgspec.Struct, frozen=True, order=True):
    """One Jetbuilt project, or one option of it, by its lasting identity."""

    family: int
    option: int | None = None

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a key as people and Redis write it; raises Refused for anything else."""
        found = _PATTERN.fullmatch(text.strip())
        if found is None:
            raise errors.Refused(
                f"{text[:80]!r} is not a key",
                remedy="Keys look like jetbuilt/project/97737 or jetbuilt/project/97737/option/12.",
            )
        option = found["option"]
        return cls(int(found["family"]), int(option) if option else None)

    @classmethod
    def of_external_id(cls, external_id: str) -> Self:
        """The key whose `external_id` this is; raises Refused for anything else."""
        return cls.parse(
            external_id.replace("jetbuilt:", "jetbuilt/project/", 1).replace(":option:", "/option/", 1)
        )

    @property
    def external_id(self) -> str:
        """The text in the field Source by which the opportunity is found again without Redis."""
        base = f"jetbuilt:{self.family}"
        return base if self.option is None else f"{base}:option:{self.option}"

    def __str__(self) -> str:
        base = f"jetbuilt/project/{self.family}"
        return base if self.option is None else f"{base}/option/{self.option}"
