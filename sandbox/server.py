"""The stand-ins in one process, on loopback ports."""

from __future__ import annotations

from contextlib import AsyncExitStack
from types import TracebackType
from typing import Self

import msgspec
from aiohttp import web

from sandbox import credentials
from sandbox.bss import app as bss_app
from sandbox.bss import problems as bss_problems
from sandbox.bss import seed as bss_seed
from sandbox.bss.modes import Modes as BssModes
from sandbox.bss.store import BssStore
from sandbox.bss.user import BssUser
from sandbox.calls import CallLog
from sandbox.connectwise import app as connectwise_app
from sandbox.connectwise import seed as connectwise_seed
from sandbox.connectwise.modes import Modes as ConnectWiseModes
from sandbox.connectwise.store import ConnectWiseStore
from sandbox.connectwise.user import ConnectWiseUser
from sandbox.control import Control
from sandbox.faults import Faults
from sandbox.jetbuilt import app as jetbuilt_app
from sandbox.jetbuilt import problems as jetbuilt_problems
from sandbox.jetbuilt.store import JetbuiltStore
from sandbox.world import World, build

LONGEST_LINE = 64 * 1024
"""Longer than any request line should be, so that it is the stand-in who refuses it and not the HTTP parser."""
SHUTDOWN_SECONDS = 0.5


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """What a sandbox starts with; a port of 0 is any free one, `limits` off means no rate limit on any side."""

    seed: int = 7
    projects: int = 40
    host: str = "127.0.0.1"
    jetbuilt_port: int = 0
    connectwise_port: int = 0
    bss_port: int = 0
    limits: bool = True
    latency_ms: int = 0


class Sandbox:
    """Jetbuilt, ConnectWise and BSS of one believable integrator: `async with Sandbox(Options()) as box`."""

    def __init__(self, options: Options | None = None, *, world: World | None = None) -> None:
        self.options = options or Options()
        self.world = world or build(self.options.seed, self.options.projects)
        self.jetbuilt = JetbuiltStore(self.world)
        self.connectwise = ConnectWiseStore(ConnectWiseModes())
        connectwise_seed.seed(self.connectwise, self.world)
        self.bss = BssStore()
        bss_seed.seed(self.bss, self.world)
        self.connectwise_user, self.bss_user = ConnectWiseUser(self.connectwise), BssUser(self.bss)
        self.jetbuilt_calls, self.connectwise_calls, self.bss_calls = CallLog(), CallLog(), CallLog()
        self.jetbuilt_faults = Faults(jetbuilt_problems.DIALECT, seed=self.options.seed)
        self.connectwise_faults = Faults(connectwise_app.DIALECT, seed=self.options.seed)
        self.bss_faults = Faults(bss_problems.dialect(self.bss.modes), seed=self.options.seed)
        self.jetbuilt_url = ""
        self.connectwise_url = ""
        self.bss_url = ""
        self._running = AsyncExitStack()

    async def __aenter__(self) -> Self:
        options = self.options
        jetbuilt = await self._serve(self._jetbuilt_app(), options.jetbuilt_port)
        self.jetbuilt_url = f"{jetbuilt}/api"
        self.connectwise_url = await self._serve(self._connectwise_app(), options.connectwise_port)
        self.connectwise.base_url = self.connectwise_url
        self.bss_url = await self._serve(self._bss_app(), options.bss_port)
        self.bss.base_url = self.bss_url
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.jetbuilt_faults.clear()
        self.connectwise_faults.clear()
        self.bss_faults.clear()
        await self._running.aclose()

    def _jetbuilt_app(self) -> web.Application:
        modes = self.jetbuilt.modes
        modes.latency_ms = self.options.latency_ms
        control = Control(
            key=credentials.CONTROL_KEY, calls=self.jetbuilt_calls, faults=self.jetbuilt_faults, modes=modes
        )
        return jetbuilt_app.build_app(
            self.jetbuilt,
            limit=jetbuilt_app.DOCUMENTED_LIMIT if self.options.limits else None,
            faults=self.jetbuilt_faults,
            calls=self.jetbuilt_calls,
            control=control,
        )

    def _apply_options(self, modes: ConnectWiseModes | BssModes) -> None:
        modes.latency_ms = self.options.latency_ms
        if not self.options.limits:
            modes.rate_limit = 0

    def _connectwise_app(self) -> web.Application:
        modes = self.connectwise.modes
        self._apply_options(modes)
        control = Control(
            key=credentials.CONTROL_KEY,
            calls=self.connectwise_calls,
            faults=self.connectwise_faults,
            modes=modes,
            user=self.connectwise_user,
            commands={"merge": self.connectwise_user.merge},
        )
        return connectwise_app.build_app(
            self.connectwise, log=self.connectwise_calls, faults=self.connectwise_faults, control=control
        )

    def _bss_app(self) -> web.Application:
        modes = self.bss.modes
        self._apply_options(modes)
        control = Control(
            key=credentials.CONTROL_KEY,
            calls=self.bss_calls,
            faults=self.bss_faults,
            modes=modes,
            user=self.bss_user,
            commands={
                "revoke-tokens": self.bss.tokens.revoke,
                "add-invoices": self.bss_user.add_invoices,
            },
        )
        return bss_app.build_app(self.bss, log=self.bss_calls, faults=self.bss_faults, control=control)

    async def _serve(self, app: web.Application, port: int) -> str:
        runner = web.AppRunner(
            app,
            access_log=None,
            shutdown_timeout=SHUTDOWN_SECONDS,
            max_line_size=LONGEST_LINE,
            max_field_size=LONGEST_LINE,
        )
        await runner.setup()
        self._running.push_async_callback(runner.cleanup)
        site = web.TCPSite(runner, self.options.host, port)
        await site.start()
        host, bound, *_ = runner.addresses[0]
        return f"http://{host}:{bound}"
