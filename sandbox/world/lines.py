"""Line items: products placed in rooms, with the odd ones that real projects have."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal

from sandbox.world import names
from sandbox.world.model import (
    Bundle,
    Group,
    LaborType,
    Line,
    LineLabor,
    Named,
    Product,
    Room,
)
from sandbox.world.numbers import Numbers

CENT = Decimal("0.01")
CHEAP, DEAR = Decimal(500), Decimal(3000)
SUBCONTRACT = Named(id=19, name="Subcontract Labor")
SHOP = Named(id=239, name="Halcyon & Wright AV")


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """Where the lines of a project may stand, and what one US dollar is in its currency."""

    rooms: tuple[Room, ...]
    systems: tuple[Group, ...]
    tags: tuple[Group, ...]
    phases: tuple[Group, ...]
    bundles: tuple[Bundle, ...]
    labor: tuple[LaborType, ...]
    per_dollar: Decimal
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class LineMaker:
    """Makes lines for one project from its own dice."""

    chance: random.Random
    numbers: Numbers
    site: Site
    products: Sequence[Product]
    vendors: Sequence[Named]

    def any(self, option_id: int | None = None) -> Line:
        """Return a line of any kind: mostly a product, now and then labor of our own or of others."""
        roll = self.chance.random()
        if roll < 0.04:
            return self.subcontract(option_id)
        if roll < 0.06:
            return self.hourly(option_id)
        return self.of(self.chance.choice(self.products), option_id)

    def of(self, product: Product, option_id: int | None = None) -> Line:
        """Return a line of the product."""
        chance, site = self.chance, self.site
        bundle = (
            chance.choice(site.bundles)
            if site.bundles and option_id is None and chance.random() < 0.2
            else None
        )
        per_each = self._quantity(product)
        furnished = chance.random() < 0.05
        phase = chance.choice(site.phases) if site.phases and chance.random() < 0.6 else None
        tag = chance.choice(site.tags) if site.tags and chance.random() < 0.5 else None
        created, updated = self._times()
        return Line(
            id=next(self.numbers.lines),
            kind="physical",
            manufacturer=product.manufacturer,
            model=product.model,
            part_number=product.part_number,
            short_description=product.short_description,
            item_type=product.item_type,
            created_at=created,
            updated_at=updated,
            product_id=product.product_id,
            custom_product_id=product.id if product.custom else None,
            custom=product.custom,
            room_id=chance.choice(site.rooms).id,
            system_id=chance.choice(site.systems).id,
            tag_id=tag.id if tag else None,
            phase_id=phase.id if phase else None,
            bundle_id=bundle.id if bundle else None,
            option_id=option_id,
            quantity_per_room=per_each * bundle.quantity if bundle else per_each,
            quantity_per_bundle=per_each if bundle else None,
            price=self._in_currency(product.price),
            cost=product.cost,
            project_cost=self._in_currency(product.cost),
            msrp=product.msrp,
            currency_iso="USD",
            shipping_price=self._in_currency(product.shipping_price) if chance.random() < 0.5 else Decimal(0),
            owner_furnished=furnished,
            hidden=chance.random() < 0.04,
            tax_equipment=chance.random() < 0.92,
            tax_shipping=chance.random() < 0.1,
            labor=self._labor(product.install_minutes),
            notes="Check lead time before release" if chance.random() < 0.08 else None,
            external_notes="Furnished by client" if furnished else None,
            metadata={"crm": {"ref": f"{chance.randrange(10**6):06d}"}} if chance.random() < 0.05 else None,
            vendor=chance.choice(self.vendors) if chance.random() < 0.7 else None,
        )

    def subcontract(self, option_id: int | None = None) -> Line:
        """Return a line of work that another company does."""
        chance = self.chance
        company, work, description = chance.choice(names.SUBCONTRACTORS)
        cost = Decimal(chance.randrange(400, 6000, 25))
        created, updated = self._times()
        return Line(
            id=next(self.numbers.lines),
            kind="subcontract_labor",
            manufacturer=Named(
                id=230 + [row[0] for row in names.SUBCONTRACTORS].index(company), name=company
            ),
            model=work,
            part_number=None,
            short_description=description,
            item_type=SUBCONTRACT,
            created_at=created,
            updated_at=updated,
            custom=True,
            custom_product_id=next(self.numbers.custom_products),
            room_id=chance.choice(self.site.rooms).id,
            system_id=chance.choice(self.site.systems).id,
            option_id=option_id,
            subcontract_labor_cost=self._in_currency(cost),
            subcontract_labor_price=self._in_currency(cost * Decimal("1.2")),
            tax_equipment=False,
        )

    def hourly(self, option_id: int | None = None) -> Line:
        """Return a line of our own hours; its amount is all in its labor."""
        chance = self.chance
        created, updated = self._times()
        return Line(
            id=next(self.numbers.lines),
            kind="hourly_labor",
            manufacturer=SHOP,
            model="Rack build",
            part_number=None,
            short_description="Rack fabrication and test in our shop",
            item_type=Named(id=18, name="Labor"),
            created_at=created,
            updated_at=updated,
            custom=True,
            custom_product_id=next(self.numbers.custom_products),
            room_id=chance.choice(self.site.rooms).id,
            system_id=chance.choice(self.site.systems).id,
            option_id=option_id,
            quantity_per_room=Decimal(chance.randrange(1, 9)),
            tax_equipment=False,
            labor=self._labor(60),
        )

    def _quantity(self, product: Product) -> Decimal:
        if "per ft" in product.short_description:
            return Decimal(self.chance.randrange(500, 15_000, 125)) / 10
        if product.msrp > DEAR:
            return Decimal(1)
        return Decimal(self.chance.choice((1, 1, 2, 2, 3, 4, 6, 8) if product.msrp < CHEAP else (1, 1, 1, 2)))

    def _labor(self, minutes: int) -> tuple[LineLabor, ...]:
        if not minutes:
            return ()
        taxable = self.chance.random() < 0.3
        install = LineLabor(
            labor_type_id=self.site.labor[names.INSTALLATION].id,
            minutes_per_unit=Decimal(minutes),
            taxable=taxable,
        )
        if self.chance.random() < 0.7:
            return (install,)
        pull = LineLabor(
            labor_type_id=self.site.labor[names.PREWIRE].id,
            minutes_per_unit=Decimal(self.chance.choice((10, 20, 30))),
            taxable=taxable,
        )
        return (install, pull)

    def _in_currency(self, dollars: Decimal) -> Decimal:
        if self.site.per_dollar == 1:
            return dollars
        return (dollars * self.site.per_dollar).quantize(CENT, ROUND_HALF_UP)

    def _times(self) -> tuple[datetime, datetime]:
        start = self.site.created_at
        span = (self.site.updated_at - start) // timedelta(milliseconds=1)
        first, second = sorted(self.chance.randrange(span) for _ in range(2))
        return start + timedelta(milliseconds=first), start + timedelta(milliseconds=second)
