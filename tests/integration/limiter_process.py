"""One process of the limiter test: calls as often as the shared limiter lets it, and tells when its calls would arrive."""

from __future__ import annotations

import asyncio
import json
import random
import sys
import time

from cwbridge import redis
from cwbridge.limits.limiter import Limiter
from cwbridge.limits.rate import Rate

JITTER_SECONDS = (0.002, 0.025)
# Allows for the jitter, and for the lateness that a call is let go with (limiter._LATE_SECONDS).
MARGIN_SECONDS = 0.05
_LASTS_SECONDS = 2.3


async def main(url: str, namespace: str, seed: int) -> list[float]:
    client, chance, arrivals = redis.connect(url), random.Random(seed), []
    limiter = Limiter(
        client, namespace=namespace, system="test", rate=Rate(20, 1.0), concurrency=6, margin=MARGIN_SECONDS
    )

    await client.ping()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    begin = float(await asyncio.to_thread(sys.stdin.readline))
    await asyncio.sleep(max(0.0, begin - time.time()))

    async def calls() -> None:
        while True:
            async with limiter.slot():
                sent = time.time()
                if sent >= begin + _LASTS_SECONDS:
                    return
                way = chance.uniform(*JITTER_SECONDS)
                arrivals.append(sent + way)
                await asyncio.sleep(2 * way)

    await asyncio.gather(*(calls() for _ in range(6)))
    await limiter.close()
    await client.aclose()
    return arrivals


if __name__ == "__main__":
    given_url, given_namespace, given_seed = sys.argv[1:]
    json.dump(asyncio.run(main(given_url, given_namespace, int(given_seed))), sys.stdout)
