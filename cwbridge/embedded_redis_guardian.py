"""Stops an embedded Redis server that no command uses any more; `cwbridge.embedded_redis` starts this script with every server.

A command that ends in an orderly way stops the server itself when it is the last one. A command that is killed cannot, and the
server neither knows its users nor ends with its parent. So a process of its own looks whether a user is left. It asks the
kernel, not Redis: every user holds a shared lock on `users.lock`, which the kernel drops when the user dies.

The files of the state directory and who locks them:

- `gate.lock`: a command that starts, joins or leaves, or the guardian while it looks. Every other lock is tried under it only, so
  a user that joins never meets a guardian that stops the server.
- `users.lock`: shared, each user.
- `server.lock`: the server itself, which inherits the lock; while it is held no second server starts on the same data.
- `guardian.lock`: the guardian, which inherits the lock as well; users start another guardian when it is free.

The guardian begins before the server does, blocks until the gate opens, and then waits on an idle connection, which ends with
the server and always means the same one. It ends when the gate is its own and no server lives. It imports a few modules of the
standard library only, because it starts with every server and stays as long.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import select
import socket
import sys
import time
from collections.abc import Iterator

GATE, USERS, SERVER, GUARDIAN = "gate.lock", "users.lock", "server.lock", "guardian.lock"
LOG = "redis.log"
LOOKS = 2
"""On so many looks in a row no user must be left: a command that is started again at once finds the server running."""
_RETRY_SECONDS = 0.5
_LONGEST_ANSWER_SECONDS = 60.0


def main() -> None:
    """Arguments: the server's directory, its socket, the seconds it may be unused, the descriptor of the guardian's lock."""
    home, address, seconds, own_lock = sys.argv[1], sys.argv[2], float(sys.argv[3]), int(sys.argv[4])
    gate, users, server_lock = (open_lock(os.path.join(home, name)) for name in (GATE, USERS, SERVER))  # noqa: PTH118 - pathlib takes longer to import than the rest
    _detach(os.path.join(home, LOG))  # noqa: PTH118 - as above
    while True:
        with _locked(gate):
            if not _is_held(server_lock):
                # Under the gate, so that no command takes a guardian that ends for one that stays.
                os.close(own_lock)
                return
            server = _connection(address)
        if server is None:
            time.sleep(_RETRY_SECONDS)
        else:
            with server:
                _guard(server, gate, users, seconds / LOOKS)


def _guard(server: socket.socket, gate: int, users: int, pause: float) -> None:
    """Look for users until the server ends; stop it when none is left."""
    unused = 0
    while not _has_ended(server, within=pause):
        with _locked(gate):
            unused = 0 if _is_held(users) else unused + 1
            if unused >= LOOKS:
                if _stops(server):
                    return
                # A server that cannot write its data refuses to stop; it is asked again after the same time.
                unused = 0


def _stops(server: socket.socket) -> bool:
    """Ask the server to write all its data and end; whether it did."""
    sys.stderr.write(
        f"{os.getpid()}:guardian {time.strftime('%d %b %Y %H:%M:%S')} no command uses the server any more: stopping it\n"
    )
    with contextlib.suppress(OSError):
        server.sendall(b"SHUTDOWN\r\n")
    return _has_ended(server, within=_LONGEST_ANSWER_SECONDS)


def _has_ended(server: socket.socket, *, within: float) -> bool:
    readable, _, _ = select.select([server], [], [], within)
    try:
        return bool(readable) and not server.recv(4096)
    except ConnectionError:
        return True


def _connection(address: str) -> socket.socket | None:
    """A connection to the server; None while it does not listen."""
    server = socket.socket(socket.AF_UNIX)
    server.settimeout(_RETRY_SECONDS)
    try:
        server.connect(address)
    except OSError:
        server.close()
        return None
    return server


@contextlib.contextmanager
def _locked(lock: int) -> Iterator[None]:
    fcntl.flock(lock, fcntl.LOCK_EX)
    try:
        yield
    finally:
        fcntl.flock(lock, fcntl.LOCK_UN)


def _is_held(lock: int) -> bool:
    """Whether another process holds the lock; asked under the gate only, for the question takes it for a moment."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    fcntl.flock(lock, fcntl.LOCK_UN)
    return False


def _detach(log: str) -> None:
    """Leave the process that started this one, so that it need not wait for the end; messages go to the server's log."""
    if os.fork():
        os._exit(0)
    os.chdir("/")
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.close(output)


def open_lock(path: str | os.PathLike[str]) -> int:
    """A descriptor of the lock file at `path`, for a lock of its own."""
    return os.open(path, os.O_RDWR | os.O_CREAT, 0o600)


if __name__ == "__main__":
    main()
