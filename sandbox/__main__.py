"""`python -m sandbox`: the stand-ins until they are told to stop; one line of JSON says where they are."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import signal
import sys
from importlib.util import find_spec

import msgspec

from sandbox import credentials
from sandbox.server import Options, Sandbox


def main() -> None:
    """Serve until SIGTERM, SIGINT or, with --until-eof, the end of standard input."""
    asked = _arguments()
    options = Options(
        seed=asked.seed,
        projects=asked.projects,
        host=asked.host,
        jetbuilt_port=asked.jetbuilt_port,
        connectwise_port=asked.connectwise_port,
        bss_port=asked.bss_port,
        limits=not asked.no_limits,
        latency_ms=asked.latency_ms,
    )
    with asyncio.Runner(loop_factory=_fast_loop()) as runner:
        runner.run(_serve(options, until_eof=asked.until_eof))


def _fast_loop() -> type[asyncio.AbstractEventLoop] | None:
    if find_spec("uvloop") is None:
        return None
    import uvloop  # noqa: PLC0415 -- optional, and not to be had on every platform

    return uvloop.Loop


async def _serve(options: Options, *, until_eof: bool) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with Sandbox(options) as box:
        where = {
            "jetbuilt": box.jetbuilt_url,
            "connectwise": box.connectwise_url,
            "bss": box.bss_url,
            "control_key": credentials.CONTROL_KEY,
            "default_sales_rep": next(
                row["identifier"]
                for row in box.connectwise.table("system/members")
                if row["licenseClass"] != "A"
            ),
            "credentials": {
                "jetbuilt_api_key": credentials.JETBUILT_API_KEY,
                "connectwise_company_id": credentials.CONNECTWISE_COMPANY_ID,
                "connectwise_public_key": credentials.CONNECTWISE_PUBLIC_KEY,
                "connectwise_private_key": credentials.CONNECTWISE_PRIVATE_KEY,
                "connectwise_client_id": credentials.CONNECTWISE_CLIENT_ID,
                "bss_client_key": credentials.BSS_CLIENT_KEY,
                "bss_client_secret": credentials.BSS_CLIENT_SECRET,
                "bss_username": credentials.BSS_USERNAME,
                "bss_password": credentials.BSS_PASSWORD,
            },
        }
        sys.stdout.write(msgspec.json.encode(where).decode() + "\n")
        sys.stdout.flush()
        watcher = loop.create_task(_end_of_input(stop)) if until_eof else None
        await stop.wait()
        if watcher is not None:
            watcher.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await watcher


async def _end_of_input(stop: asyncio.Event) -> None:
    reader = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while await reader.read(4096):
        pass
    stop.set()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m sandbox", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--jetbuilt-port", type=int, default=0)
    parser.add_argument("--connectwise-port", type=int, default=0)
    parser.add_argument("--bss-port", type=int, default=0)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--projects", type=int, default=40)
    parser.add_argument("--no-limits", action="store_true", help="answer without any rate limit")
    parser.add_argument("--latency-ms", type=int, default=0, help="wait this long before every answer")
    parser.add_argument("--until-eof", action="store_true", help="stop when standard input ends")
    return parser.parse_args()


if __name__ == "__main__":
    main()
