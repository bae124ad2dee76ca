"""Two things at the same time that must not meet: staged move by move, so that they do meet."""

from __future__ import annotations

import signal

from sandbox.faults import FaultRule
from tests.fault.edits import Editor
from tests.fault.stage import Act, Stage

_REACHED_SECONDS = 6.0


def edited_during_apply(*, times: int) -> Act:
    """A project is saved again while its lines are being written, and polled before they are done."""

    async def act(stage: Stage) -> None:
        await stage.settled()
        for _ in range(times):
            project = stage.dice.choice(stage.editor(Editor).projects())
            _hold(stage, "POST", "/procurement/products", after=stage.dice.randrange(3))
            stage.editor(Editor).make(Editor.change_line, project)
            if not await _held(stage):
                stage.missed.append("edit during an apply")
            stage.editor(Editor).make(Editor.change_line, project)
            await stage.polled(2)
            stage.faults("connectwise").clear("held")

    return act


def taken_back_after_a_kill(*, times: int) -> Act:
    """A worker is killed during an apply, and what it was applying is taken back in Jetbuilt before another worker goes on."""

    async def act(stage: Stage) -> None:
        for _ in range(times):
            await stage.settled()
            project = stage.dice.choice(stage.editor(Editor).projects())
            method, path = stage.dice.choice(
                (("POST", "/procurement/products"), ("DELETE", "/procurement/products/*"))
            )
            _hold(stage, method, path, after=stage.dice.randrange(3))
            stage.editor(Editor).make(Editor.change_line, project)
            if not await _held(stage):
                stage.missed.append("kill during an apply")
            stage.editor(Editor).make(Editor.take_back, project)
            stage.fleet.kill_all("worker")
            stage.faults("connectwise").clear("held")

    return act


def versioned_after_a_kill(*, times: int) -> Act:
    """A worker is killed right after it made the opportunity of an option, which then gets a new id with a new version."""

    async def act(stage: Stage) -> None:
        for _ in range(times):
            await stage.settled()
            project = stage.dice.choice(stage.editor(Editor).projects())
            _hold(stage, "POST", "/sales/opportunities")
            stage.editor(Editor).make(Editor.add_option, project)
            if not await _held(stage):
                stage.missed.append("kill during the creation of an option's opportunity")
            stage.fleet.kill_all("worker")
            stage.faults("connectwise").clear("held")
            stage.editor(Editor).make(Editor.new_version, project)

    return act


def everybody_wants_the_same(*, times: int) -> Act:
    """All projects get one new product at once, while answers to creates are lost."""

    async def act(stage: Stage) -> None:
        await stage.settled()
        stage.faults("connectwise").add(
            FaultRule(name="lost", action="lose", method="POST", path="/procurement/catalog", probability=0.5)
        )
        for _ in range(times):
            stage.editor(Editor).make(Editor.add_same_novelty_everywhere)
            await stage.polled(2)

    return act


def overtaken(*, times: int) -> Act:
    """The only worker is stopped during an apply; another takes over and finishes a newer version; then the first wakes up."""

    async def act(stage: Stage) -> None:
        for _ in range(times):
            await stage.settled()
            project = stage.dice.choice(stage.editor(Editor).projects())
            _hold(stage, "POST", "/procurement/products")
            stage.editor(Editor).make(Editor.change_line, project)
            if not await _held(stage):
                stage.missed.append("worker overtaken during an apply")
            (sleeper,) = stage.fleet.all("worker")
            sleeper.signal(signal.SIGSTOP)
            try:
                stage.faults("connectwise").clear("held")
                stage.editor(Editor).make(Editor.change_line, project)
                other = stage.fleet.command("worker")
                await stage.settled()
                stage.fleet.kill(other)
            finally:
                sleeper.signal(signal.SIGCONT)

    return act


def wiped_during_creation(*, times: int) -> Act:
    """Redis is wiped while a worker makes what a new project needs, so that another worker begins the same project."""

    async def act(stage: Stage) -> None:
        await stage.settled()
        catalog = stage.box.connectwise.table("procurement/catalog")
        for _ in range(times):
            known = len(catalog)
            stage.editor(Editor).make(Editor.begin_novel_project)
            await stage.until(lambda before=known: len(catalog) > before, within=_REACHED_SECONDS)
            await stage.wipe()
            await stage.polled(3)

    return act


def wiped_among_versions(*, times: int) -> Act:
    """Redis is wiped around new versions, whose projects and options have ids of their own, and while polls are slow."""

    async def act(stage: Stage) -> None:
        stage.box.jetbuilt_faults.add(
            FaultRule(name="slow", action="delay", method="GET", path="/projects", seconds=0.2)
        )
        for _ in range(times):
            await stage.settled()
            if stage.dice.random() < 0.5:
                stage.editor(Editor).make(Editor.new_version)
                await stage.settled()
            await stage.wipe()
            stage.editor(Editor).make(Editor.new_version)
            await stage.polled(2)

    return act


def _hold(stage: Stage, method: str, path: str, *, after: int = 0) -> None:
    stage.faults("connectwise").add(
        FaultRule(name="held", action="hold_after", method=method, path=path, after=after, times=1)
    )


async def _held(stage: Stage) -> bool:
    return await stage.until(lambda: stage.faults("connectwise").waiting("held"), within=_REACHED_SECONDS)
