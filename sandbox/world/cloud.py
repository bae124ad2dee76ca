"""The products of the distributor. A row is: code | name | type | unit of measure | price | cost | description.

An empty code is none, `-` before the code marks a product that is no longer sold, prices are per month in euros.
"""

from __future__ import annotations

import random
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sandbox.world.billing import CloudProduct
from sandbox.world.seed import dice, moment

METERED = "IAAS-PAYG"
"""Its totals are usage, which no quantity explains."""

ROWS = """
MBX-50|Cloud Mailbox 50 GB|Cloud Services|License|4.20|3.10|Hosted mailbox with 50 GB, web access and mobile sync.
SUITE-B|Office Suite Business|Cloud Services|License|11.70|9.36|Word processing, spreadsheets and mail for one user.
SUITE-P|Office Suite Business Premium with Advanced Threat Protection and Device Management|Cloud Services|License|20.60|16.48|The business suite with security.
EDR-1|Endpoint Detection & Response|Security|Device|3.95|2.37|
BKP-TB|Backup Storage, 1 TB|Backup|Terabyte|18.00|11.25|Backup storage in two data centers.
BKP-TB|Backup Storage, 1 TB (archive tier)|Backup|Terabyte|6.00|3.10|Was given the code of the other one.
VM-2-8|Virtual Server 2 vCPU / 8 GB|Infrastructure|Server|49.90|37.425|
IAAS-PAYG|Compute consumption|Infrastructure|Usage|1.00|0.87|Metered usage of the month.
DNS-ZONE|DNS Zone "anycast" (100 % SLA)|Infrastructure||0.75|0.333|
ONB-H|Onboarding, hour|Services|Hour|95.00|60.00|
DOM-COM|Domain .com|Domains|Each|1.083|0.79|
FREE-T|Trial tenant|Cloud Services|License|0.00|0.00|
-FAX-OLD|Fax to Mail|Telephony|Number|2.50|1.00|No longer sold.
|Special project|Services|Hour|||By agreement.
"""


def products(seed: int, today: datetime) -> tuple[CloudProduct, ...]:
    """Return the products in the order of the table."""
    return tuple(
        _product(dice(seed, "cloud product", place), row, today)
        for place, row in enumerate(ROWS.strip("\n").splitlines())
    )


def guid(chance: random.Random) -> str:
    """Return an id of the form that BSS gives."""
    return str(UUID(int=chance.getrandbits(128), version=4))


def _product(chance: random.Random, row: str, today: datetime) -> CloudProduct:
    code, name, kind, unit, price, cost, description = row.split("|")
    created = moment(chance, today, 1500)
    return CloudProduct(
        id=guid(chance),
        code=code.removeprefix("-") or None,
        name=name,
        full_description=description or None,
        product_type=kind,
        unit_of_measure=unit or None,
        taxable=kind != "Domains",
        activated=not code.startswith("-"),
        sell_price=Decimal(price) if price else None,
        cost_price=Decimal(cost) if cost else None,
        created_at=created,
        updated_at=moment(chance, today, max((today - created).days, 1)),
    )
