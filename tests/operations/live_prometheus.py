"""A real Prometheus that scrapes a machine, with the rules of `deploy/prometheus` in fast motion."""

from __future__ import annotations

import asyncio
import contextlib
import math
import re
import time
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import yaml

from tests.operations.machine import Machine, free_port
from tests.operations.tools import program
from tests.support.until import until

SPAN, LONG_SPAN = "20s", "60s"
"""Stand for windows of minutes, and of half an hour and more: long enough for several scrapes, short enough that the end of a fault is seen."""
_LONGEST_FOR_SECONDS = 3
_LONGEST_AGE_SECONDS = 12
_AGE = re.compile(r"> (\d{3,})\b")
_WINDOW = re.compile(r"\[(\d+)([mh])\]")


def in_fast_motion(rules: str) -> str:
    """The rules with their windows, waits and ages shortened to seconds; ratios, counts and labels stay as they are."""
    read = yaml.safe_load(rules)
    for group in read["groups"]:
        group["interval"] = "1s"
        for rule in group["rules"]:
            rule["expr"] = _AGE.sub(f"> {_LONGEST_AGE_SECONDS}", _WINDOW.sub(_shortened, rule["expr"]))
            if "for" in rule:
                rule["for"] = f"{_LONGEST_FOR_SECONDS}s"
    text: str = yaml.safe_dump(read)
    return text


def _configure(home: Path, rules: Path, targets: list[str]) -> None:
    home.mkdir()
    (home / "rules.yml").write_text(in_fast_motion(rules.read_text("utf-8")), "utf-8")
    configured = {
        "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
        "rule_files": ["rules.yml"],
        "scrape_configs": [{"job_name": "cwbridge", "static_configs": [{"targets": targets}]}],
    }
    (home / "prometheus.yml").write_text(yaml.safe_dump(configured), "utf-8")


def _shortened(window: re.Match[str]) -> str:
    is_long = window[2] == "h" or int(window[1]) >= 30
    return f"[{LONG_SPAN if is_long else SPAN}]"


class Prometheus:
    """Asks queries, and notes what it was told."""

    def __init__(self, url: str, session: aiohttp.ClientSession, *, targets: int) -> None:
        self._url = url
        self._targets = targets
        self._session = session
        self.firing: set[str] = set()

    @classmethod
    @asynccontextmanager
    async def scraping(cls, machine: Machine, rules: Path, home: Path) -> AsyncIterator[Prometheus]:
        """A server while the body runs; it ends with it."""
        _configure(home, rules, machine.targets)
        port = free_port()
        process = await asyncio.create_subprocess_exec(
            program("prometheus"),
            f"--config.file={home / 'prometheus.yml'}",
            f"--storage.tsdb.path={home / 'data'}",
            f"--web.listen-address=127.0.0.1:{port}",
            "--query.lookback-delta=5s",
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        try:
            async with aiohttp.ClientSession() as session:
                server = cls(f"http://127.0.0.1:{port}", session, targets=len(machine.targets))
                await until(server.is_ready, what="Prometheus is ready", within=30)
                yield server
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()

    async def is_ready(self) -> bool:
        """Whether it answers queries."""
        try:
            async with self._session.get(f"{self._url}/-/ready") as answer:
                return answer.status == 200
        except aiohttp.ClientError:
            return False

    async def ask(self, query: str) -> list[Any]:
        """What a query returns now; raises AssertionError when it cannot be asked."""
        async with self._session.post(f"{self._url}/api/v1/query", data={"query": query}) as answer:
            told = await answer.json()
        assert told["status"] == "success", f"{query}: {told}"
        found: list[Any] = told["data"]["result"]
        return found

    async def scraped(self) -> None:
        """Wait until every process has been scraped since now."""
        now = time.time()

        async def since() -> bool:
            rows = await self.ask('timestamp(up{job="cwbridge"} == 1)')
            return len(rows) == self._targets and all(float(row["value"][1]) > now for row in rows)

        await until(since, what="every process is scraped", within=30)

    async def look(self) -> set[str]:
        """Note the alerts that fire now."""
        rows = await self.ask('ALERTS{alertstate="firing"}')
        self.firing |= {row["metric"]["alertname"] for row in rows}
        return self.firing

    async def fires(self, *alerts: str, within: float = 60.0) -> None:
        """Wait until each of the alerts has fired."""

        for alert in alerts:

            async def fired(alert: str = alert) -> bool:
                return alert in await self.look()

            await until(fired, what=f"{alert} fires, beside {', '.join(sorted(self.firing))}", within=within)

    async def with_data(self, queries: Iterable[str]) -> set[str]:
        """Those of the queries that return a number now: a quantile of nothing is none."""
        return {query for query in queries if any(map(_is_number, await self.ask(query)))}


def _is_number(row: Any) -> bool:
    return not math.isnan(float(row["value"][1]))
