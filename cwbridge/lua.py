"""Loads the Lua scripts that lie as files beside the Python modules that call them."""

from __future__ import annotations

from functools import cache
from importlib import resources

from redis.commands.core import AsyncScript

from cwbridge.redis import Redis


def script(redis: Redis, package: str, *names: str) -> AsyncScript:
    """The script that joins the files `{name}.lua` of `package` in order."""
    return redis.register_script("\n".join(_text(package, name) for name in names))


@cache
def _text(package: str, name: str) -> str:
    return resources.files(package).joinpath(f"{name}.lua").read_text("utf-8")
