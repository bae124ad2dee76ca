"""The defences against a failover of Redis, each with a way to take it out of a process."""

from __future__ import annotations

from collections.abc import Callable

from cwbridge import replication
from cwbridge.redis import Redis
from cwbridge.sentinel import Primary
from cwbridge.sentinels import Named
from tests.fault.patching import replace


def _no_question_for_the_primary() -> None:
    """A process stays with the server that the sentinels named first."""
    find = Primary.find

    async def found_once(primary: Primary) -> Named:
        return primary._named or await find(primary)

    replace(Primary, "find", found_once)


def _no_confirmation() -> None:
    """What must be known before another system is written to is only on the primary."""

    def never(_client: Redis) -> bool:
        return False

    replace(replication, "is_replicated", never)


WITHOUT: dict[str, Callable[[], None]] = {
    "the question for the primary": _no_question_for_the_primary,
    "the confirmation by a replica": _no_confirmation,
}
