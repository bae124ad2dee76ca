"""The integrator: Halcyon & Wright AV, its three offices and the people who quote."""

from __future__ import annotations

from datetime import datetime

from sandbox.world.model import Address, Company, Named, Office, User
from sandbox.world.seed import dice, moment

COMPANY_NAME = "Halcyon & Wright AV"

OFFICES = (
    (
        "Halcyon & Wright - Portland",
        "Pacific Time (US & Canada)",
        Address(street="2210 NW Industrial St", city="Portland", state="OR", zipcode="97210"),
    ),
    (
        "Halcyon & Wright - Denver",
        "Mountain Time (US & Canada)",
        Address(street="4800 Brighton Blvd, Suite 12", city="Denver", state="CO", zipcode="80216"),
    ),
    (
        "Halcyon & Wright - Vancouver",
        "Pacific Time (US & Canada)",
        Address(street="1188 Powell Street", city="Vancouver", state="BC", zipcode="V6A 1J3", country="CA"),
    ),
)

USERS = (
    "Maren Halcyon",
    "Tobias Wright",
    "Priya Raghunathan",
    "Declan O'Rourke",
    "Søren Lindqvist",
    "Grace Okonkwo-Bell",
    "Wei-Ling Tan",
    "Jordan Castellanos",
)

ADDRESSES = {"Declan O'Rourke": "declan.orourke", "Søren Lindqvist": "soren.lindqvist"}

MARKETS = (
    "Higher education",
    "Healthcare",
    "Hospitality",
    "Legal",
    "House of worship",
    "Broadcast",
    "Government",
    "Corporate",
)
MARKET_SEGMENTS = {name: Named(id=91 + place, name=name) for place, name in enumerate(MARKETS)}


def company(seed: int, today: datetime) -> Company:
    """Return the integrator; the Vancouver office keeps a product database of its own."""
    chance = dice(seed, "company")
    founded = moment(chance, today, 90).replace(year=2017)
    offices = tuple(
        Office(
            id=place + 1,
            name=name,
            time_zone=zone,
            product_database_id=4 if address.country == "CA" else 3,
            address=address,
            created_at=founded,
            updated_at=moment(chance, today, 300),
        )
        for place, (name, zone, address) in enumerate(OFFICES)
    )
    return Company(
        id=417,
        name=COMPANY_NAME,
        offices=offices,
        created_at=founded,
        updated_at=moment(chance, today, 200),
    )


def users(seed: int, today: datetime) -> tuple[User, ...]:
    """Return the people of the integrator; the last of them has left and is no longer active."""
    chance = dice(seed, "users")
    hired = [moment(chance, today, 1500) for _ in USERS]
    return tuple(
        User(
            id=2914 + 7 * place,
            full_name=name,
            email=f"{ADDRESSES.get(name, name.lower().replace(' ', '.'))}@halcyonwright.example",
            created_at=hired[place],
            updated_at=hired[place],
            active=place < len(USERS) - 1,
        )
        for place, name in enumerate(USERS)
    )
