"""Names of links and results of their correction, for every flow."""

from __future__ import annotations

import re
from typing import Protocol

import msgspec

from cwbridge import errors
from cwbridge.ledger.links import Link


class LinkKind(msgspec.Struct, frozen=True, kw_only=True):
    """A kind of link in the ledger: `identity` is the form of its sources; None where the source is a key of the flow.

    `is_rebuilt` says whether a rebuild of the links finds those of this kind; the jobs of the others find theirs.
    """

    name: str
    plural: str
    example: str
    identity: re.Pattern[str] | None = None
    is_rebuilt: bool = True


class LinkName(msgspec.Struct, frozen=True, order=True):
    """A link by its kind and its source, as the ledger keeps it."""

    kind: str
    identity: str

    def __str__(self) -> str:
        return self.identity


class Relinked(msgspec.Struct, frozen=True, kw_only=True):
    """What a correction of a link changed, and the keys that run again because of it."""

    name: str
    kind: str
    target: int
    title: str
    before: Link | None
    enqueued: list[str]
    notes: list[str]


class LinkChange(msgspec.Struct, frozen=True, kw_only=True):
    """A link whose record is not the one with the external id; `why` it was kept, empty when it was changed."""

    key: str
    before: int
    target: int
    why: str = ""


class ForeignLink(msgspec.Struct, frozen=True, kw_only=True):
    """A link whose record carries the external id of `other`."""

    key: str
    target: int
    other: str


class Rebuilt(msgspec.Struct, frozen=True, kw_only=True):
    """The records in the target compared with the ledger, by key; `found` counts those that belong to an object."""

    dry_run: bool
    found: int
    unchanged: int = 0
    added: dict[str, int] = {}
    changed: list[LinkChange] = []
    kept: list[LinkChange] = []
    ambiguous: dict[str, list[int]] = {}
    doubled: dict[str, list[int]] = {}
    """Records that carry the external id of a key beside the one it is linked to."""
    gone: dict[str, int] = {}
    """Links to records that the target no longer has."""
    foreign: list[ForeignLink] = []
    """Links to records that carry the external id of another key."""
    pending: dict[str, int] = {}
    """Links to records without the external id, or with that of an earlier option; the next run writes it."""
    cleared: dict[str, int] = {}
    """Links to records whose external id another user has cleared."""

    def joined(self, other: Rebuilt) -> Rebuilt:
        """Both as one; keys of two flows never meet."""
        return Rebuilt(
            dry_run=self.dry_run,
            found=self.found + other.found,
            unchanged=self.unchanged + other.unchanged,
            added=self.added | other.added,
            changed=self.changed + other.changed,
            kept=self.kept + other.kept,
            ambiguous=self.ambiguous | other.ambiguous,
            doubled=self.doubled | other.doubled,
            gone=self.gone | other.gone,
            foreign=self.foreign + other.foreign,
            pending=self.pending | other.pending,
            cleared=self.cleared | other.cleared,
        )

    @property
    def needs_a_person(self) -> bool:
        return any((self.kept, self.ambiguous, self.doubled, self.gone, self.foreign, self.cleared))


class Linker(Protocol):
    """Corrects the links of a flow by hand."""

    async def relink(self, name: LinkName, target: int) -> Relinked:
        """Record that `target` belongs to the object, and enqueue the keys that depend on it; raises Refused for an impossible record."""

    async def rebuild(self, *, dry_run: bool) -> Rebuilt:
        """Find every record of the flow again, without the ledger, and correct its link."""


def no_record(noun: str, target: int) -> errors.Refused:
    """The refusal of a record that a person named and ConnectWise does not have."""
    return errors.Refused(
        f"ConnectWise has no {noun} {target}",
        remedy=f"Look up the id of the {noun} in ConnectWise; nothing was changed.",
    )
