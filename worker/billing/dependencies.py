"""Records that must be synced before another one can refer to them: linked already, waited for, or a reason to skip."""

from __future__ import annotations

from collections.abc import Iterable

from cwbridge import errors
from cwbridge.ledger.links import Link
from cwbridge.queue.job import Run
from worker.billing.context import BillingContext
from worker.billing.keys import FLOW, BillingKey
from worker.billing.outcome import Skip


class Dependencies:
    """Finds the records of ConnectWise that belong to other records of BSS.

    Await it in the run itself, not in a group of tasks: what it raises ends the run.
    """

    def __init__(self, context: BillingContext) -> None:
        self._context = context

    async def need(self, run: Run, key: BillingKey) -> Link:
        """The link of `key`.

        Raises WaitingFor while it is not linked, which enqueues it and costs no attempt; raises Skip when it was skipped, or when
        nothing is written to its record any more. A run that ends by Skip is enqueued again when `key` is linked.
        """
        link = await self._context.link_of(key)
        if link is None:
            reason = await self._reason_skipped(run, key)
            if not reason:
                raise errors.WaitingFor(str(key), flow=FLOW, lane=run.lane)
            # Noted before the second look, so that a link made at this moment is not missed.
            await self._context.skips.note(str(key), run.key)
            link = await self._context.link_of(key)
            if link is None:
                raise Skip(f"{key} is skipped: {reason}")
            await self._context.skips.forget(str(key), run.key)
        if link.finished:
            await self._context.skips.note(str(key), run.key)
            raise Skip(f"{link.finished}: {key.record} {link.target}")
        return link

    async def need_all(self, run: Run, keys: Iterable[BillingKey]) -> dict[BillingKey, Link]:
        """The links of several keys; raises as `need` does, for the first that cannot be used."""
        return {key: await self.need(run, key) for key in dict.fromkeys(keys)}

    async def _reason_skipped(self, run: Run, key: BillingKey) -> str:
        """Why `key` was skipped; empty before this job has waited for it, because it may have changed since."""
        if not run.waits:
            return ""
        newest = next(iter(await self._context.history.of(str(key))), None)
        return newest.cause if newest is not None and newest.what == "skipped" else ""
