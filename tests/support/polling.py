"""The pollers of a bench, on connections whose credentials are proven."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from console import flows
from cwbridge import connections
from cwbridge.flow import FlowContext
from producers.connectwise import ConnectWisePoller
from producers.jetbuilt import JetbuiltPoller
from producers.projects import ProjectsPoller
from tests.support.bench import Bench


@asynccontextmanager
async def pollers(bench: Bench) -> AsyncIterator[ProjectsPoller]:
    settings = bench.settings()
    registration = flows.registered().registrations["opportunity"]
    async with connections.open_all(settings, bench.redis, registration.source.systems) as clients:
        yield ProjectsPoller.over(FlowContext.over(settings, bench.redis, clients), registration.flow)


@asynccontextmanager
async def jetbuilt_poller(bench: Bench) -> AsyncIterator[JetbuiltPoller]:
    async with pollers(bench) as both:
        yield both.jetbuilt


@asynccontextmanager
async def connectwise_poller(bench: Bench) -> AsyncIterator[ConnectWisePoller]:
    async with pollers(bench) as both:
        yield both.connectwise
