"""`cwbridge demo`: the main job on a fresh machine - stand-ins, embedded Redis, producers and worker, with live progress.

It settles all projects of a generated AV company and all accounts and contacts of its cloud business. Then it makes three edits as
users do, in Jetbuilt, BSS and ConnectWise, shows each arrive on the other side, and follows further edits.
"""

from __future__ import annotations

import asyncio
import tempfile
from functools import partial
from pathlib import Path
from typing import NoReturn

import typer

from console import demo_edits, exit_codes, lifecycle, loading, output, sandbox, services
from console.demo_edits import Edit, Pair
from console.jobs.listing import print_groups
from console.progress import Progress, describe
from console.quiet import is_busy
from console.tally import Tally
from cwbridge import concurrency, log
from cwbridge.ledger.history import Event
from cwbridge.ledger.links import Links
from cwbridge.queue import selection
from cwbridge.queue.queue import Queue
from cwbridge.queue.selection import Selection
from cwbridge.redis import Redis
from cwbridge.settings import Settings
from producers import main as producers
from producers.watermarks import Watermark
from worker import main as worker

_LOOK_SECONDS = 0.2
_ARRIVAL_SECONDS = 60.0
_CALLS_PER_SECOND = 200
_PROJECTS = "opportunity"
"""The flow of which every job must settle; some accounts of the generated tenant lack what ConnectWise demands."""
_ACCOUNT = "bss:account:"
_PRODUCT = "bss:product:"
_PUSHED = ["account", "contact", "product", "order", "invoice", "payment", "subscription"]
_CANNOT_SETTLE = Selection(states=("dead",))


def command(*, projects: int, seed: int, once: bool) -> NoReturn:
    """Run the demo and exit with its code."""

    async def main(stop: asyncio.Event) -> int:
        return await run(stop, projects=projects, seed=seed, once=once)

    raise typer.Exit(lifecycle.run(main))


async def run(stop: asyncio.Event, *, projects: int, seed: int, once: bool) -> int:
    """Run the demo until `stop`, or with `once` until the edits have arrived; the exit code says whether all is well."""
    console = output.console()
    with tempfile.TemporaryDirectory(prefix="cwbridge-demo-") as state_dir:
        async with sandbox.started("--projects", str(projects), "--seed", str(seed)) as place:
            # The usual limits of the stand-ins would make the first look take three minutes.
            for system in ("connectwise", "bss"):
                await place.switch(system, rate_limit=_CALLS_PER_SECOND, rate_seconds=1.0)
            settings = _settings(place, Path(state_dir))
            console.print(f"Jetbuilt stand-in     {place.jetbuilt}")
            console.print(f"ConnectWise stand-in  {place.connectwise}")
            console.print(f"BSS stand-in          {place.bss}")
            console.print(
                f"{projects} projects; Jetbuilt takes 50 calls in 10 seconds, so this takes about a minute. "
                "Accounts and contacts of BSS come first."
            )
            async with lifecycle.store(settings) as redis:
                return await _Demo(settings, redis, place, stop).play(once=once)


class _Demo:
    def __init__(
        self, settings: Settings, redis: Redis, place: sandbox.RunningSandbox, stop: asyncio.Event
    ) -> None:
        self._settings = settings
        self._flows = services.switched_on(settings)
        self._redis = redis
        self._place = place
        self._stop = stop
        self._queue = Queue(redis, namespace=settings.namespace, settings=settings.queue)
        self._tally = Tally(self._flows)
        self._console = output.console()
        self._arrived: asyncio.Queue[tuple[str, Event]] = asyncio.Queue()

    async def play(self, *, once: bool) -> int:
        service = asyncio.create_task(
            services.side_by_side(
                self._settings,
                self._redis,
                self._stop,
                (
                    partial(producers.serve, flows=self._flows),
                    partial(worker.serve, flows=self._flows, on_event=self._on_event),
                ),
            )
        )
        show = asyncio.create_task(self._show(once=once))
        stopping = asyncio.create_task(self._stop.wait())
        try:
            await asyncio.wait({service, show, stopping}, return_when=asyncio.FIRST_COMPLETED)
            if show.done():
                return show.result()
            self._stop.set()
            await service
            return exit_codes.SETTLED
        finally:
            self._stop.set()
            await concurrency.end(show, stopping)
            await asyncio.gather(service, return_exceptions=True)

    def _on_event(self, key: str, event: Event) -> None:
        self._tally.on_event(key, event)
        self._arrived.put_nowait((key, event))

    async def _show(self, *, once: bool) -> int:
        if not await self._settle():
            return exit_codes.FAILED
        pair = await self._pair()
        if pair is None:
            self._console.print("No account has become a company, or no product a catalog item.")
            return exit_codes.FAILED
        examples = []
        async for edit in demo_edits.edits(self._place, pair):
            if not await self._follow(edit):
                return exit_codes.FAILED
            examples.append(edit.example)
        if once:
            return exit_codes.SETTLED
        self._console.print("\nFollowing edits; stop with Ctrl-C. Change something yourself, for example:")
        for example in examples:
            self._console.print(f"  {output.escape(example)}")
        while True:
            self._print_event(*await self._arrived.get())

    async def _settle(self) -> bool:
        """Show progress until nothing is due; True when all projects and some accounts have settled."""
        title = "Jetbuilt -> ConnectWise <-> BSS"
        progress = Progress(self._queue, self._tally, self._flows, title=title, console=self._console)
        showing = asyncio.create_task(progress.show())
        try:
            while not await self._quiet():  # noqa: ASYNC110 - Redis publishes nothing when no job is left
                await asyncio.sleep(_LOOK_SECONDS)
        finally:
            await concurrency.end(showing)
        while not self._arrived.empty():
            self._arrived.get_nowait()
        counts = await self._queue.counts()
        dead = counts.flows[_PROJECTS].dead
        records = self._tally.records
        self._console.print(
            f"[bold]{f'{dead} projects are dead' if dead else 'All projects settled'}[/bold]: "
            f"{records['opportunities']} opportunities with {self._tally.lines_created} lines; "
            f"{self._tally.skipped_by_flow[_PROJECTS]} projects left out by their stage."
        )
        self._console.print(
            f"[bold]Accounts and contacts settled[/bold]: {records['companies']} companies and "
            f"{records['contacts']} contacts agree with BSS."
        )
        self._console.print(
            f"[bold]Documents settled[/bold]: {records['catalog items']} catalog items, {records['orders']} orders, "
            f"{records['invoices']} invoices, {records['payments']} payments and {records['additions']} additions."
        )
        groups = await selection.grouped(self._queue, _CANNOT_SETTLE)
        if groups:
            self._console.print(
                f"{counts.dead} jobs cannot settle until a person corrects something, and {counts.waiting} wait for them:"
            )
            print_groups(groups)
        return not dead and all(group.work_class == "refused" for group in groups)

    async def _pair(self) -> Pair | None:
        """The first account that has become a company, and a product that has become a catalog item."""
        links = Links(self._redis, namespace=self._settings.namespace)
        made = {
            int(identity.removeprefix(_ACCOUNT)): link.target
            for identity, link in (await links.all("company")).items()
            if identity.startswith(_ACCOUNT) and link.how == "created"
        }
        products = [identity.removeprefix(_PRODUCT) for identity in await links.all("catalog_item")]
        return Pair(min(made), made[min(made)], min(products)) if made and products else None

    async def _quiet(self) -> bool:
        """Whether every source was read once, and nothing runs or becomes due soon."""
        for registration in self._flows.registrations.values():
            for name, _ in registration.source.watermarks(registration.flow, self._settings):
                if await Watermark(self._redis, namespace=self._settings.namespace, name=name).get() is None:
                    return False
        return not is_busy(await self._queue.counts())

    async def _follow(self, edit: Edit) -> bool:
        """Show the runs until the edit has arrived; False when that takes too long."""
        self._console.print(f"\n{output.escape(edit.told)}")
        try:
            async with asyncio.timeout(_ARRIVAL_SECONDS):
                await self._until_arrived(edit)
        except TimeoutError:
            self._console.print(f"[bold]  not in {edit.target} after {_ARRIVAL_SECONDS:.0f} s[/bold]")
            return False
        self._console.print(f"[bold]  in {edit.target} after {edit.seconds:.1f} s[/bold]")
        return True

    async def _until_arrived(self, edit: Edit) -> None:
        while True:
            key, event = await self._arrived.get()
            self._print_event(key, event)
            if key == edit.key and await edit.has_arrived(event):
                return

    def _print_event(self, key: str, event: Event) -> None:
        self._console.print(f"  {output.escape(key)}  {output.escape(describe(self._flows, key, event))}")


def _settings(place: sandbox.RunningSandbox, state_dir: Path) -> Settings:
    """Point at the stand-ins, whatever the environment says about real systems."""
    given = place.settings() | place.billing_settings()
    fast = {"rate_limit": f"{_CALLS_PER_SECOND}/1s", "concurrency": 8, "poll_interval": "2s"}
    settings = loading.settings(
        namespace="cwbridge-demo",
        state_dir=state_dir,
        redis={"url": None},
        jetbuilt=given["jetbuilt"] | {"poll_interval": "2s"},
        connectwise=given["connectwise"] | fast,
        bss=given["bss"] | fast,
        billing=given["billing"] | {"push": _PUSHED, "pull": ["account", "contact"], "master": "bss"},
    )
    # Lines of a log would break the live progress; what fails is shown at its end, by cause.
    log.configure(level="critical")
    return settings
