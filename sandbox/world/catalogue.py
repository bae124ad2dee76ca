"""The product database: the shelves of known manufacturers and the products that trip careless programs."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal

from sandbox.world.model import Named, Product
from sandbox.world.seed import dice, moment
from sandbox.world.shelf_audio import AUDIO
from sandbox.world.shelf_control import CONTROL
from sandbox.world.shelf_video import VIDEO

CENT = Decimal("0.01")
FIRST_MANUFACTURER = 240
FIRST_ITEM_TYPE = 20
FIRST_PRODUCT = 350
FIRST_LIBRARY_PRODUCT = 1_251_000

VENDORS = tuple(
    Named(id=441 + place, name=name)
    for place, name in enumerate(
        ("Legrand AV", "Exertis Almo", "TD SYNNEX", "Midwich Pro", "ADI Global", "Manufacturer direct")
    )
)

TRAPS: tuple[tuple[str, str, str, str, str, str, str, int], ...] = (
    ("Kramer", "MA-100", "50-80522090", "Stereo audio amplifier, 2 x 10 W", "Amplifiers", "182.00", "280.00", 30),
    ("AtlasIED", "MA-100", "", "Monitor adapter plate for speakers", "Mounts", "18.20", "28.00", 10),
    (
        "ScreenWorks",
        "STAGE-TRUSS-TENSIONED-PROJECTION-SURFACE-220-16x10-CUSTOM-BLACK-BACKED-HEMMED-GROMMETED-EDGE-A",
        "STW-220-1610",
        "Custom tensioned surface for the main stage truss, 220 inch, 16:10, with grommeted black hem",
        "Screens",
        "4199.50",
        "6460.75",
        360,
    ),
    (
        "ScreenWorks",
        "STAGE-TRUSS-TENSIONED-PROJECTION-SURFACE-220-16x10-CUSTOM-BLACK-BACKED-HEMMED-GROMMETED-EDGE-B",
        "STW-220-1610B",
        "Same surface, left hand feed; its model differs from the other only beyond character 75",
        "Screens",
        "4199.50",
        "6460.75",
        360,
    ),
    ("Vaddio", 'RoboSHOT 12E "QDVI" \\ 50% [NTSC]', "999-99600-000", "PTZ camera system", "Cameras", "3899.00", "5999.00", 75),
    ("Draper", "Ultimate Access/V 94\" (50\"x80\") & Low-Voltage 'LVC-IV'", "143007FN", "Ceiling screen", "Screens", "1711.20", "2852.00", 180),
    ("SurgeX", "", "SX-AX15E-G", "Axess Elite, vertical 15 A rack power, known by part number only", "Power", "613.60", "944.00", 30),
    ("Halcyon Custom", "🎤 Lectern \"Speaker's Friend\" 🔊", "HC-LECT-1", "Walnut lectern, built in our shop", "Furniture", "1850.00", "3400.00", 120),
    ("Halcyon Custom", "Wandanschlussfeld Groß (Über-Eck)", "HC-WAF-2", "Edelstahl, 6-fach", "Furniture", "96.00", "210.00", 45),
    ("キヤノン", "CR-N500", "4839C001", "4K PTZ カメラ", "Cameras", "3214.05", "4699.00", 75),
    ("West Penn Wire", "25224B GY1000", "25224B", "16 AWG 2 conductor stranded, per ft", "Cables", "0.165", "0.2899", 1),
    ("Kramer", "C-HM/HM/PICO-3", "97-0132003", "HDMI cable, slim, 3 ft  (note  the  double  blanks)", "Cables", "11.05", "17.00", 5),
    ("Atlona", "AT-OME-MS42", "", "4x2 matrix switcher; <b>HTML</b> & entities &amp; in its text", "Video Distribution", "1403.35", "2159.00", 60),
)  # fmt: skip


def products(seed: int, today: datetime) -> tuple[Product, ...]:
    """Return all products in the order of their ids."""
    makers = _Register(FIRST_MANUFACTURER)
    types = _Register(FIRST_ITEM_TYPE)
    chance = dice(seed, "products")
    return tuple(
        _product(chance, place, row, maker=makers.named(row[0]), kind=types.named(row[4]), today=today)
        for place, row in enumerate(_rows())
    )


class _Register:
    """Hands out one id per name, in the order of first use."""

    def __init__(self, first: int) -> None:
        self._first = first
        self._known: dict[str, Named] = {}

    def named(self, name: str) -> Named:
        return self._known.setdefault(name, Named(id=self._first + len(self._known), name=name))


def _rows() -> Iterator[tuple[str, str, str, str, str, str, str, int]]:
    for shelf in (AUDIO, VIDEO, CONTROL):
        for maker, text in shelf.items():
            for row in text.strip().splitlines():
                model, part, description, kind, cost, msrp, minutes = row.strip().split("|")
                yield maker, model, part, description, kind, cost, msrp, int(minutes)
    yield from TRAPS


def _product(
    chance: random.Random,
    place: int,
    row: tuple[str, str, str, str, str, str, str, int],
    *,
    maker: Named,
    kind: Named,
    today: datetime,
) -> Product:
    _, model, part, description, _, cost, msrp, minutes = row
    custom = maker.name == "Halcyon Custom"
    created = moment(chance, today, 900)
    discount = Decimal(chance.choice(("1", "0.97", "0.95", "0.92", "0.9")))
    return Product(
        id=FIRST_PRODUCT + place,
        product_id=None if custom else FIRST_LIBRARY_PRODUCT + 3 * place,
        manufacturer=maker,
        model=model,
        part_number=part or None,
        short_description=description,
        item_type=kind,
        cost=Decimal(cost),
        price=_price(Decimal(msrp), discount),
        msrp=Decimal(msrp),
        currency_code="USD",
        shipping_price=_shipping(kind.name, Decimal(msrp)),
        install_minutes=minutes,
        custom=custom,
        discontinued=chance.random() < 0.03,
        created_at=created,
        updated_at=moment(chance, today, 30) if chance.random() < 0.2 else created,
    )


def _price(msrp: Decimal, discount: Decimal) -> Decimal:
    """Prices are rounded to cents, except where the list price itself is finer (cable by the foot)."""
    grain = min(CENT, Decimal(1).scaleb(int(msrp.as_tuple().exponent)))
    return (msrp * discount).quantize(grain, ROUND_HALF_UP)


def _shipping(kind: str, msrp: Decimal) -> Decimal:
    if kind in {"Displays", "LED Walls", "Racks", "Screens"}:
        return (msrp * Decimal("0.035")).quantize(CENT, ROUND_HALF_UP)
    return Decimal(0)
