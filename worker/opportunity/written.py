"""What a link stores of the state that a run wrote."""

from __future__ import annotations

import msgspec

from cwbridge.ledger.links import Link


class Written(msgspec.Struct, frozen=True):
    """The digest of the content that was written, and the state of the source that it was made of."""

    fingerprint: str
    state: str

    def stands_in(self, link: Link | None) -> bool:
        """Whether a run has written this content before, and none that began to write another was broken off."""
        return (
            link is not None
            and link.fingerprint == self.fingerprint
            and link.begun in {"", self.fingerprint}
            and not link.finished
        )
