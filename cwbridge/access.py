"""The rights that a flow needs in a system, endpoint by endpoint: the least role of the API member."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import Any, Literal

import msgspec

from cwbridge.connectors.system import System

Verb = Literal["GET", "POST", "PATCH", "DELETE"]


class Access(msgspec.Struct, frozen=True, kw_only=True):
    """An endpoint with the methods that are called, and why.

    `proof` says which act of a flow writes there first. `probe` reads one record with the open client of `system` and returns
    False where there is no record to ask about; it raises what the system refuses.
    """

    system: System[Any]
    endpoint: str
    verbs: tuple[Verb, ...]
    why: str
    proof: str = ""
    probe: Callable[[Any], Awaitable[bool]] | None = None

    @property
    def name(self) -> tuple[str, str]:
        """The system and the endpoint, without the slash that some endpoints end with."""
        return self.system.name, self.endpoint.rstrip("/")


def merged(accesses: Iterable[Access]) -> list[Access]:
    """Each endpoint once, with the methods and reasons of all; ordered by system and endpoint."""
    found: dict[tuple[str, str], Access] = {}
    for access in accesses:
        known = found.get(access.name)
        found[access.name] = access if known is None else _joined(known, access)
    return [found[name] for name in sorted(found)]


def _joined(one: Access, other: Access) -> Access:
    return msgspec.structs.replace(
        one,
        verbs=tuple(
            verb for verb in ("GET", "POST", "PATCH", "DELETE") if verb in {*one.verbs, *other.verbs}
        ),
        why="; ".join(dict.fromkeys(filter(None, (one.why, other.why)))),
        proof="; ".join(dict.fromkeys(filter(None, (one.proof, other.proof)))),
        probe=one.probe or other.probe,
    )
