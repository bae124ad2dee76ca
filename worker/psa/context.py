"""What every part of worker/psa needs, opened once for all of them."""

from __future__ import annotations

from typing import Self

import msgspec

from cwbridge import locks, settings
from cwbridge.connectors.connectwise import client as connectwise
from cwbridge.ledger.links import Links
from cwbridge.redis import Redis
from worker.psa.default_fields import DefaultFields
from worker.psa.name_table import NameTables
from worker.psa.object_counter import ObjectCounter
from worker.psa.settings import DefaultFieldsSettings
from worker.psa.setup_tables import SetupTables


class PsaContext(msgspec.Struct, frozen=True, kw_only=True):
    """One ConnectWise tenant as one flow works with it: its client, locks over all processes, links, names, default fields, counts."""

    client: connectwise.ConnectWiseClient
    locks: locks.Locks
    links: Links
    name_tables: NameTables
    setup_tables: SetupTables
    default_fields: DefaultFields
    objects: ObjectCounter

    @classmethod
    def over(
        cls, client: connectwise.ConnectWiseClient, redis: Redis, configured: settings.Settings, *, flow: str
    ) -> Self:
        """The context of the flow named `flow` and the tenant that the settings name."""
        objects = ObjectCounter(flow)
        locker = locks.Locks(redis, namespace=configured.namespace)
        tables = NameTables(locker, objects)
        return cls(
            client=client,
            locks=locker,
            links=Links(redis, namespace=configured.namespace),
            name_tables=tables,
            setup_tables=SetupTables(client, tables),
            default_fields=DefaultFields(client, configured.of(DefaultFieldsSettings)),
            objects=objects,
        )
