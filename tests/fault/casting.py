"""Who plays in a run, and with which settings."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from pathlib import Path

from sandbox import credentials
from sandbox.server import Sandbox
from sandbox.world import World
from tests.fault.billing_part import BillingPart
from tests.fault.billing_world import with_accounts
from tests.fault.document_part import DocumentPart
from tests.fault.document_world import with_primary_contacts
from tests.fault.edits import small_world
from tests.fault.opportunity_part import OpportunityPart
from tests.fault.part import FlowName, Part
from tests.fault.processes import Nursery
from tests.fault.redis_server import Fsync, RedisServer
from tests.fault.sentinel_servers import SentinelServers

NAMESPACE = "fault"


@dataclass(frozen=True, kw_only=True)
class Casting:
    """Which flows play, how many of what, and with which settings beside the short ones of every run."""

    flows: tuple[FlowName, ...] = ("opportunity",)
    projects: int = 5
    accounts: int = 6
    workers: int = 2
    producers: int = 1
    fsync: Fsync = "everysec"
    sentinel: Mapping[str, str] | None = None
    """With Sentinel: settings of the Redis servers that replace those of the example in deploy/redis. None: one server."""
    settings: Mapping[str, str] = field(default_factory=dict)
    modes: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    """Switches of the stand-ins, by system."""
    keeps_identities: bool = False
    """Nobody edits what a contact is found again by once Redis has forgotten its link: e-mail address, name and account;
    and an order or invoice keeps its first item."""
    limits: bool = False
    latency_ms: int = 0
    without: Sequence[str] = ()
    real_commands: bool = False
    patience: float = 90.0
    """Seconds after which what is not settled counts as stuck."""

    def world(self, seed: int) -> World:
        """A small world: what a flow that does not play would sync is left out."""
        world = small_world(seed, self.projects if "opportunity" in self.flows else 0)
        is_billed = {"billing", "documents"} & set(self.flows)
        world = with_accounts(world, seed, self.accounts if is_billed else 0)
        return with_primary_contacts(world) if "documents" in self.flows else world

    def store(
        self, nursery: Nursery, home: Path
    ) -> AbstractAsyncContextManager[RedisServer | SentinelServers]:
        """The Redis of the run."""
        if self.sentinel is None:
            return RedisServer.running(nursery, home, self.fsync)
        return SentinelServers.running(nursery, home, namespace=NAMESPACE, settings=self.sentinel)

    def prepare(self, box: Sandbox) -> None:
        """Give the stand-ins the chosen modes."""
        for system, modes in self.modes.items():
            for name, value in modes.items():
                held = getattr(box, system).modes
                assert hasattr(held, name), f"{system} has no mode {name}"
                setattr(held, name, value)

    def parts(self, box: Sandbox, seed: int) -> tuple[Part, ...]:
        """The parts of the flows that play."""
        parts: dict[FlowName, Callable[[], Part]] = {
            "opportunity": lambda: OpportunityPart(box, seed),
            "billing": lambda: BillingPart(box, seed, keeps_identities=self.keeps_identities),
            "documents": lambda: DocumentPart(box, seed, keeps_identities=self.keeps_identities),
        }
        return tuple(parts[flow]() for flow in self.flows)

    def environment(self, box: Sandbox, redis_url: str, parts: Iterable[Part]) -> dict[str, str]:
        """The settings of every process."""
        settings = {
            "REDIS__URL": redis_url,
            "CONNECTWISE__URL": box.connectwise_url,
            "CONNECTWISE__COMPANY_ID": credentials.CONNECTWISE_COMPANY_ID,
            "CONNECTWISE__PUBLIC_KEY": credentials.CONNECTWISE_PUBLIC_KEY,
            "CONNECTWISE__PRIVATE_KEY": credentials.CONNECTWISE_PRIVATE_KEY,
            "CONNECTWISE__CLIENT_ID": credentials.CONNECTWISE_CLIENT_ID,
            "CONNECTWISE__RATE_LIMIT": "off",
            "CONNECTWISE__CONCURRENCY": "16",
            "QUEUE__CONCURRENCY": "4",
            "QUEUE__DEBOUNCE": "100ms",
            "QUEUE__LEASE_DURATION": "2s",
            "QUEUE__BACKOFF_BASE": "200ms",
            "QUEUE__BACKOFF_MAX": "2s",
            "QUEUE__MAX_ATTEMPTS": "100",
            "QUEUE__MAX_CRASHES": "20",
            "HTTP__LISTEN": "127.0.0.1:0",
            "HTTP__TIMEOUT": "5s",
            "LOG__FORMAT": "json",
        }
        for part in parts:
            settings |= part.settings()
        settings |= self.settings
        return {f"CWBRIDGE_{name}": value for name, value in settings.items()} | {
            "CWBRIDGE_NAMESPACE": NAMESPACE,
            "PATH": "/usr/bin:/bin",
        }
