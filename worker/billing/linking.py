"""Corrects the links of the billing flow, for a person."""

from __future__ import annotations

from cwbridge import errors
from cwbridge.connectors.connectwise.system import CONNECTWISE
from cwbridge.flow import FlowContext
from cwbridge.ledger.agreements import Agreements
from cwbridge.ledger.links import Link
from cwbridge.ledger.skips import Skips
from cwbridge.linker import LinkName, Rebuilt, Relinked, no_record
from cwbridge.queue.job import Enqueue
from worker.billing import assembly, keys
from worker.billing.context import wake
from worker.billing.keys import BillingKey
from worker.billing.rebuilding import LinkRebuild


class BillingLinker:
    """`links relink` and `links rebuild` of the billing flow."""

    def __init__(self, context: FlowContext) -> None:
        self._context = context
        self._client = context.connections.client(CONNECTWISE)
        self._agreements = Agreements(context.redis, namespace=context.settings.namespace)

    async def relink(self, name: LinkName, target: int) -> Relinked:
        """Keep the answer and merge the pair again; raises Refused for a record that cannot be meant."""
        key = keys.of_identity(name.identity)
        if key is None:
            raise errors.Refused(
                f"{name} has no link of its own",
                remedy="Name the record of BSS, such as bss:account:ID or bss:invoice:ID.",
            )
        context = self._context
        title = await self._title(key, target)
        before = await context.links.get(name.kind, name.identity)
        await self._refuse_taken(name, target)
        async with context.queue.paused(str(key)):
            await context.links.put(name.kind, name.identity, Link(target=target, how="person"))
            if before is None or before.target != target:
                await self._agreements.forget(name.identity)
        await context.queue.enqueue(Enqueue(key=str(key), flow=keys.FLOW, lane="interactive", mode="force"))
        await context.queue.requeue(str(key))
        await wake(context.queue, Skips(context.redis, namespace=context.settings.namespace), key)
        return Relinked(
            name=str(name),
            kind=name.kind,
            target=target,
            title=title,
            before=before,
            enqueued=[str(key)],
            notes=[],
        )

    async def rebuild(self, *, dry_run: bool) -> Rebuilt:
        """Find every pair again by the rules of its jobs, and keep its link; nothing is written to either system."""
        return await LinkRebuild(assembly.billing_context(self._context), dry_run=dry_run).run()

    async def _title(self, key: BillingKey, target: int) -> str:
        """What the record is called; it must exist and not be deleted."""
        try:
            match key.kind:
                case "company":
                    company = await self._client.companies.get(target)
                case "contact":
                    contact = await self._client.contacts.get(target)
                    return f"{contact.firstName or ''} {contact.lastName or ''}".strip()
                case "catalog_item":
                    return (await self._client.catalog.get(target)).identifier
                case "order":
                    return (await self._client.orders.get(target)).poNumber or ""
                case "invoice":
                    return (await self._client.invoices.get(target)).invoiceNumber or ""
                case _:
                    raise errors.Refused(
                        f"The link of a {key.noun} cannot be chosen by hand",
                        detail=f"a {key.record} has an id within its parent only",
                        remedy=f"Unlink it (cwbridge links unlink {key.identity}) and requeue {key}.",
                    )
        except errors.NotFound as missing:
            raise no_record(key.record, target) from missing
        if company.deletedFlag:
            raise no_record(key.record, target)
        return company.name

    async def _refuse_taken(self, name: LinkName, target: int) -> None:
        linked = await self._context.links.of_targets(name.kind, [target])
        for identity in linked.get(target, ()):
            if keys.of_identity(identity) is not None and identity != name.identity:
                raise errors.Refused(
                    f"{name.kind.capitalize()} {target} is linked to {identity}",
                    remedy=f"Choose another one, or first: cwbridge links unlink {identity}",
                )
