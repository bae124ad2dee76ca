"""`cwbridge demo`: the main job on a fresh machine - stand-ins, embedded Redis, producers and worker, with live progress.

It settles all projects of a generated AV company, then changes one line in Jetbuilt as a sales person does, shows the change arrive in
ConnectWise, and follows further edits.
"""

from __future__ import annotations

import asyncio
import tempfile
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

import aiohttp
import msgspec
import typer

from console import exit_codes, lifecycle, loading, output, sandbox, services
from console.progress import Progress, Tally, describe
from cwbridge import concurrency
from cwbridge.ledger.history import Event
from cwbridge.queue.queue import Queue
from cwbridge.redis import Redis
from cwbridge.settings import Settings
from producers import main as producers
from worker import main as worker

_LOOK_SECONDS = 0.2
_CALLS_PER_SECOND = 100
_EDIT_STAGES = "opportunity,estimate,revisions,proposal"


class Edit(msgspec.Struct, frozen=True):
    """The change the demo makes: a line of a project with a quantity before and after."""

    key: str
    project: str
    line: str
    before: str
    after: str


def command(*, projects: int, seed: int, once: bool) -> NoReturn:
    """Run the demo and exit with its code."""

    async def main(stop: asyncio.Event) -> int:
        return await run(stop, projects=projects, seed=seed, once=once)

    raise typer.Exit(lifecycle.run(main))


async def run(stop: asyncio.Event, *, projects: int, seed: int, once: bool) -> int:
    """Run the demo until `stop`, or with `once` until the edit has arrived; the exit code says whether all settled."""
    console = output.console()
    with tempfile.TemporaryDirectory(prefix="cwbridge-demo-") as state_dir:
        async with sandbox.started("--projects", str(projects), "--seed", str(seed)) as place:
            # The stand-in's usual 1000 calls a minute would make the first look take three minutes.
            await place.switch("connectwise", rate_limit=_CALLS_PER_SECOND, rate_seconds=1.0)
            settings = _settings(place, Path(state_dir))
            console.print(f"Jetbuilt stand-in     {place.jetbuilt}")
            console.print(f"ConnectWise stand-in  {place.connectwise}")
            console.print(
                f"{projects} projects; Jetbuilt takes 50 calls in 10 seconds, so this takes about a minute."
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
        self._tally = Tally()
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
        edit = await self._edit_something()
        if edit is not None:
            self._console.print(
                f"\nA sales person changes [bold]{output.escape(edit.project)}[/bold] in Jetbuilt: "
                f"{output.escape(edit.line)}, quantity {edit.before} -> {edit.after}"
            )
        if once:
            await self._wait_for(edit)
            return exit_codes.SETTLED
        self._console.print("Following edits; stop with Ctrl-C. Change something yourself, for example:")
        self._console.print(output.escape(self._example(edit)))
        while True:
            key, event = await self._arrived.get()
            self._console.print(f"  {output.escape(key)}  {output.escape(describe(self._flows, key, event))}")

    async def _settle(self) -> bool:
        """Show progress until nothing is due; True when no job is dead."""
        progress = Progress(
            self._queue, self._tally, self._flows, title="Jetbuilt -> ConnectWise", console=self._console
        )
        showing = asyncio.create_task(progress.show())
        try:
            while not await self._quiet():  # noqa: ASYNC110 - Redis publishes nothing when no job is left
                await asyncio.sleep(_LOOK_SECONDS)
        finally:
            await concurrency.end(showing)
        while not self._arrived.empty():
            self._arrived.get_nowait()
        counts = await self._queue.counts()
        tally = self._tally
        self._console.print(
            f"[bold]{'All projects settled' if not counts.dead else f'{counts.dead} projects are dead'}[/bold]: "
            f"{len(tally.keys)} opportunities with {tally.created} lines; "
            f"{tally.skipped} projects left out by their stage."
        )
        for job in await self._queue.jobs(state="dead"):
            cause = job.failure.cause if job.failure else ""
            remedy = job.failure.remedy if job.failure else ""
            self._console.print(f"  {job.key}: {output.escape(cause)} -> {output.escape(remedy)}")
        return not counts.dead

    async def _quiet(self) -> bool:
        counts = await self._queue.counts()
        return bool(self._tally.settled) and not counts.active and not counts.scheduled and not counts.waiting

    async def _edit_something(self) -> Edit | None:
        """Add one piece to a line of a project that is still being sold."""
        async with aiohttp.ClientSession(
            headers={"Authorization": f"Token token={self._place.credentials.jetbuilt_api_key}"}
        ) as session:
            projects = await self._ask(session, "GET", f"/projects?stage={_EDIT_STAGES}")
            for project in projects:
                items = await self._ask(session, "GET", f"/projects/{project['id']}/items")
                line = next((item for item in items["line_items"] if item["kind"] == "physical"), None)
                if line is None or project.get("locked"):
                    continue
                before = line["quantity_per_room"]
                after = str(Decimal(before) + 1)
                path = f"/projects/{project['id']}/items/{line['id']}"
                changed = await self._ask(session, "PATCH", path, {"quantity_per_room": after})
                family = project["original_version_id"] or project["id"]
                return Edit(
                    key=f"jetbuilt/project/{family}",
                    project=project["name"],
                    line=f"{line['manufacturer_name']} {line['model']}",
                    before=line["quantity"],
                    after=changed["quantity"],
                )
        return None

    async def _ask(
        self, session: aiohttp.ClientSession, method: str, path: str, body: dict[str, str] | None = None
    ) -> Any:
        while True:
            async with session.request(method, self._place.jetbuilt + path, json=body) as answer:
                if answer.status == 429:
                    await asyncio.sleep(1)
                    continue
                answer.raise_for_status()
                return await answer.json()

    async def _wait_for(self, edit: Edit | None) -> None:
        while edit is not None:
            key, event = await self._arrived.get()
            self._console.print(f"  {output.escape(key)}  {output.escape(describe(self._flows, key, event))}")
            if key == edit.key:
                return

    def _example(self, edit: Edit | None) -> str:
        project = edit.key.rsplit("/", 1)[1] if edit is not None else "ID"
        key = self._place.credentials.jetbuilt_api_key
        return (
            f"  curl -X PATCH {self._place.jetbuilt}/projects/{project} "
            f"-H 'Authorization: Token token={key}' -d name='Lobby, second phase'"
        )


def _settings(place: sandbox.RunningSandbox, state_dir: Path) -> Settings:
    """Point at the stand-ins, whatever the environment says about real systems."""
    return loading.settings(
        namespace="cwbridge-demo",
        state_dir=state_dir,
        redis={"url": None},
        log={"level": "warning"},
        jetbuilt=place.settings()["jetbuilt"] | {"poll_interval": "2s"},
        connectwise=place.settings()["connectwise"]
        | {"rate_limit": f"{_CALLS_PER_SECOND}/1s", "concurrency": 8},
    )
