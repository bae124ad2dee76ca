"""One sandbox for all examples of a property: opening one takes longer than playing an example."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any

from cwbridge import redis as redis_module
from tests.support.pairs import Pairs


class Stage:
    """A loop that outlives the examples, and two tenants; each example has a namespace of its own."""

    def __init__(self, run: Callable[[Coroutine[Any, Any, Any]], Any], pairs: Pairs) -> None:
        self.run = run
        self.pairs = pairs

    @classmethod
    @contextmanager
    def opened(cls, redis_url: str) -> Iterator[Stage]:
        """The stage while the body runs."""
        with asyncio.Runner() as runner:
            client = redis_module.connect(redis_url)
            opened = Pairs.opened(client, redis_url, "unused")
            pairs = runner.run(opened.__aenter__())
            pairs.configure("queue", max_attempts=60)
            yield cls(runner.run, pairs)
            runner.run(opened.__aexit__(None, None, None))
            runner.run(client.aclose())


def emptied(pairs: Pairs) -> None:
    """Begin an example: nothing of earlier ones in the tenants, and a namespace of its own."""
    pairs.bench.namespace = f"m{uuid.uuid4().hex[:10]}"
    pairs.clear()
