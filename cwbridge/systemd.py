"""Tells systemd that the service is ready, alive and stopping (sd_notify(3)); does nothing where systemd does not listen.

The unit is Type=notify with WatchdogSec=. Messages are datagrams to the socket named by NOTIFY_SOCKET.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from collections.abc import AsyncIterator, Mapping

from cwbridge import concurrency


class Notifier:
    """Sends messages to the service manager that started this process, if one did."""

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        address = environment.get("NOTIFY_SOCKET", "")
        # An address with @ is in the abstract namespace; others that are no paths are for later versions of the protocol.
        self._address = "\0" + address[1:] if address.startswith("@") else address
        if not address.startswith(("@", "/")):
            self._address = ""
        meant = environment.get("WATCHDOG_PID", "") in {"", str(os.getpid())}
        microseconds = environment.get("WATCHDOG_USEC", "")
        self._watchdog = int(microseconds) / 1e6 if meant and microseconds.isdecimal() else 0.0

    def send(self, *lines: str) -> None:
        """Send one message; a manager that does not listen any more is not missed."""
        if not self._address:
            return
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as out:
            out.setblocking(False)
            out.sendto("\n".join(lines).encode(), self._address)

    @contextlib.asynccontextmanager
    async def alive(self) -> AsyncIterator[None]:
        """While the body runs, the event loop says that it turns."""
        watching = asyncio.create_task(self._keep_alive(), name="watchdog")
        try:
            yield
        finally:
            await concurrency.end(watching)

    def ready(self, status: str) -> None:
        """The service is at work; `status` is shown by systemctl status."""
        self.send("READY=1", f"STATUS={status}")

    def stopping(self) -> None:
        """The service ends what it has begun."""
        self.send("STOPPING=1", "STATUS=Stopping: running jobs may end")

    async def _keep_alive(self) -> None:
        """Twice per watchdog interval, so that one message may come late."""
        while self._address and self._watchdog:
            self.send("WATCHDOG=1")
            await asyncio.sleep(self._watchdog / 2)
