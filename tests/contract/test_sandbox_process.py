"""`python -m sandbox` as a process of its own."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from asyncio.subprocess import PIPE, Process

import aiohttp

from sandbox import credentials
from tests.contract.sandbox_bss import USER, basic


async def started() -> tuple[Process, dict[str, str]]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "sandbox", "--projects", "1", "--until-eof", stdin=PIPE, stdout=PIPE
    )
    assert process.stdout is not None
    async with asyncio.timeout(20):
        return process, json.loads(await process.stdout.readline())


async def test_it_says_where_it_is_and_stops_when_it_is_told_to() -> None:
    process, where = await started()
    async with aiohttp.ClientSession() as session:
        company = f"{where['connectwise']}/login/companyinfo/{credentials.CONNECTWISE_COMPANY_ID}"
        async with session.get(company) as answer:
            assert answer.status == 200
        key = {"Authorization": f"Token token={credentials.JETBUILT_API_KEY}"}
        async with session.get(f"{where['jetbuilt']}/users", headers=key) as answer:
            assert answer.status == 200
        client = {"Authorization": basic()}
        async with session.post(f"{where['bss']}/oauth/token", data=USER, headers=client) as answer:
            assert answer.status == 200
        for system in ("connectwise", "jetbuilt", "bss"):
            address = where[system].removesuffix("/api") + "/__sandbox__/modes"
            async with session.get(address, headers={"X-Sandbox-Key": where["control_key"]}) as answer:
                assert answer.status == 200
    process.send_signal(signal.SIGTERM)
    async with asyncio.timeout(10):
        assert await process.wait() == 0


async def test_it_ends_with_the_input_of_its_parent() -> None:
    process, _ = await started()
    assert process.stdin is not None
    process.stdin.close()
    async with asyncio.timeout(10):
        assert await process.wait() == 0
