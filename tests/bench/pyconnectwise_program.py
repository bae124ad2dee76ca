"""What a program on pyconnectwise does for the lines of one opportunity: a POST for each, six at a time.

Arguments: host and port, opportunity, catalog item, number of lines. It prints the processor time in seconds as JSON.
"""

from __future__ import annotations

import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor

from pyconnectwise.clients.manage_client import ConnectWiseManageAPIClient

from sandbox import credentials

_AT_ONCE = 6


def main(host: str, opportunity: int, item: int, lines: int) -> float:
    """Create the lines and return the processor time that it took."""
    client = ConnectWiseManageAPIClient(
        credentials.CONNECTWISE_COMPANY_ID,
        host,
        credentials.CONNECTWISE_CLIENT_ID,
        credentials.CONNECTWISE_PUBLIC_KEY,
        credentials.CONNECTWISE_PRIVATE_KEY,
        codebase="v2025_1/",
    )
    # The stand-in has no certificate, and the client no way to ask without TLS.
    client._get_url = lambda: f"http://{host}/v2025_1/apis/3.0"

    def create(number: int) -> None:
        client.procurement.products.post(
            data={
                "opportunity": {"id": opportunity},
                "catalogItem": {"id": item},
                "integrationXRef": f"peer:{number}",
                "sequenceNumber": number,
                "quantity": 2,
                "price": 1234.56,
                "cost": 789.01,
                "description": "Ceiling array microphone, square, white",
                "customerDescription": "Ceiling array microphone, square, white",
                "billableOption": "Billable",
                "taxableFlag": True,
            }
        )

    create(0)
    began = time.process_time()
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        list(pool.map(create, range(1, lines + 1)))
    return time.process_time() - began


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1], *map(int, sys.argv[2:]))))
