"""The Redis servers and sentinels of a run, as children of the nursery."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from cwbridge import redis as connections
from tests.fault.processes import Child, Nursery
from tests.support.sentinel_deployment import Process, SentinelDeployment


class SentinelServers:
    """`async with SentinelServers.running(...) as servers`: `servers.url` leads to the primary, whichever server it is."""

    def __init__(self, deployment: SentinelDeployment) -> None:
        self.deployment = deployment
        self.being_disrupted = asyncio.Lock()
        self.client = connections.connect(self.url, patient=False)

    @classmethod
    @asynccontextmanager
    async def running(
        cls, nursery: Nursery, home: Path, *, namespace: str, settings: Mapping[str, str]
    ) -> AsyncIterator[SentinelServers]:
        async def launch(arguments: Sequence[str], log: Path) -> Process:
            program, *rest = arguments
            return _Born(nursery.bear(*rest, environment={}, log=log, program=program))

        async with SentinelDeployment.running(
            home, launch, namespace=namespace, settings=settings
        ) as deployment:
            servers = cls(deployment)
            try:
                yield servers
            finally:
                await servers.client.aclose()

    @property
    def url(self) -> str:
        return self.deployment.url


class _Born:
    def __init__(self, child: Child) -> None:
        self._child = child

    def signal(self, number: signal.Signals) -> None:
        self._child.signal(number)

    async def ended(self) -> None:
        await self._child.gone.wait()
