"""The figures that the design sets as goals, and what this run measured; `make bench` prints them as one table."""

from __future__ import annotations

import msgspec

GOALS = {
    "limit used": ("use of a configured limit, three processes, a simulated hour with jitter", "97 %"),
    "limit refused": ("calls refused by the stand-in's limit in that hour", "under 1 in 10,000"),
    "calls of a new project": (
        "ConnectWise calls for a new project of 400 lines above one per line",
        "5 % + 12",
    ),
    "calls of an update": ("the same for an update that replaces 400 lines, above two per line", "5 % + 12"),
    "calls of a change": ("the same with strategy `changed`, 5 of 400 lines changed", "2 x 5 + 12"),
    "calls of a new item": ("ConnectWise calls for a line with a new catalog item", "2"),
    "steady calls": ("calls of a poll that finds nothing, each polled collection", "1"),
    "full sync, Jetbuilt": ("Jetbuilt calls of a full sync over unchanged projects, each opportunity", "4"),
    "full sync, ConnectWise": ("ConnectWise calls of the same, each opportunity", "0.05"),
    "cpu beside pyconnectwise": (
        "processor time per line of pyconnectwise / of a worker as deployed",
        "4 times",
    ),
    "beside aiohttp": ("requests per second with the limiter in Redis / bare aiohttp", "55 %"),
    "beside aiohttp, unlimited": ("the same without a limiter", "80 %"),
    "jobs a second": ("no-op jobs a second, one worker of 8 slots", "1,000"),
    "jobs beside arq": ("the same / bare arq", "not slower"),
    "four workers": ("no-op jobs a second of four workers / of one", "not slower"),
    "waiting for a window": ("Redis commands a second of three workers that wait for a full window", "300"),
    "small edit": (
        "a 5-line edit beside a 2,000-line replace under the default limits",
        "10 s, at worst 20 s",
    ),
    "small edit in a full sync": ("the same during a full sync over 500 projects", "6 s"),
    "memory, jobs": ("memory of a worker with 100,000 jobs waiting", "150 MB"),
    "memory, lines": ("memory of a worker for a project of 10,000 lines", "150 MB"),
    "memory, growth": ("growth of a worker over 10,000 jobs", "none"),
    "memory, invoices": ("memory of a worker over 10,000 invoices", "150 MB"),
    "idle worker": ("Redis commands a second and processor of an idle worker", "5, 0.5 %"),
    "idle with producers": ("the same with four schedules", "10, 0.5 %"),
    "due to started": (
        "key due -> run started, idle system, in the middle and at the 99th percentile",
        "20 ms, 100 ms",
    ),
    "edit to settled": ("edit -> settled opportunity on an idle system, above the poll interval", "1 s"),
    "help": ("`cwbridge --help` / `python -c pass`", "15 times"),
    "status": ("`cwbridge status` / `python -c pass`", "35 times"),
    "jobs list": ("`cwbridge jobs list` with 100,000 jobs / `python -c pass`", "100 times"),
}


class Figure(msgspec.Struct, frozen=True):
    """A measured figure, as text, and whether it reaches its goal."""

    measured: str
    is_reached: bool


_measured: dict[str, Figure] = {}


def note(name: str, measured: str, *, reached: bool) -> None:
    """Keep a figure of this run; raises KeyError for one that the design does not name."""
    GOALS[name]
    _measured[name] = Figure(measured, reached)


def table() -> str:
    """Every goal with its figure, as a Markdown table; empty when nothing was measured."""
    if not _measured:
        return ""
    rows = ["| what | goal | measured | |", "| --- | --- | --- | --- |"]
    for name, (what, goal) in GOALS.items():
        figure = _measured.get(name)
        if figure is not None:
            rows.append(
                f"| {what} | {goal} | {figure.measured} | {'' if figure.is_reached else 'not reached'} |"
            )
    return "\n".join(rows)
