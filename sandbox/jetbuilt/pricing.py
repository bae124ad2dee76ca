"""What a project costs. The vendor does not say how its totals are formed; this is the stand-in's one rule.

Cents are rounded half up, line by line, so that the totals can be checked from the API's own answers alone.

- quantity of a line = quantity of its room x `quantity_per_room` (bundles are counted in that already).
- equipment_total = sum of cents(price x quantity) over physical lines that are neither in an option nor furnished by the
  owner, plus cents(total_price) of the factors based on equipment or flat (`equipment_price`, `flat_price`).
- labor_total = sum over labor types of cents(total_hours x price), plus cents(subcontract_labor_price x quantity) over
  subcontract lines outside options, plus cents(total_price) of all other factors, plus cents(calculated_price) of the
  service packages that are included or sold.
- total_hours of a labor type = its base hours plus the labor of all lines outside options, also owner-furnished ones.
- shipping_total = sum of cents(shipping_price x quantity) over the lines of equipment_total.
- tax_total = cents of the sum of sales_tax x (taxed equipment lines, taxed shipping, taxed factors, taxable part of taxed
  service packages) and labor_tax x (taxable labor entries of lines outside options).
- total = equipment_total + labor_total + shipping_total + tax_total.

Hidden lines and factors count like any other. An option counts nothing in its project until it is merged, sold or not;
its own total: `option_totals`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_HALF_UP, Decimal

from sandbox.world.model import Factor, LaborType, Line, LineLabor, Option, Project, ServicePackage

CENT = Decimal("0.01")
ZERO = Decimal(0)
SIXTY = Decimal(60)
HOURS_OF_A_DAY = Decimal(8)
HUNDRED = Decimal(100)
EQUIPMENT_METHODS = frozenset({"equipment_price", "flat_price"})


@dataclass(frozen=True, slots=True)
class Amount:
    """A price with its cost."""

    price: Decimal = ZERO
    cost: Decimal = ZERO

    def __add__(self, other: Amount) -> Amount:
        return Amount(self.price + other.price, self.cost + other.cost)

    def cents(self) -> Amount:
        return Amount(cents(self.price), cents(self.cost))

    @property
    def margin(self) -> Decimal:
        """The margin in percent of the price, to one decimal; 0 without a price."""
        if not self.price:
            return ZERO
        return ((self.price - self.cost) * HUNDRED / self.price).quantize(Decimal("0.1"), ROUND_HALF_UP)


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """The totals of a project."""

    equipment: Amount
    labor: Amount
    shipping: Decimal
    tax: Decimal

    @property
    def total(self) -> Decimal:
        return self.equipment.price + self.labor.price + self.shipping + self.tax

    @property
    def margin(self) -> Decimal:
        return (self.equipment + self.labor).margin


@dataclass(frozen=True, slots=True, kw_only=True)
class OptionTotals:
    """The total of an option, and what it costs more than the lines it replaces."""

    total: Decimal
    upgrade_total: Decimal


def cents(amount: Decimal) -> Decimal:
    """Round to cents, half up."""
    return amount.quantize(CENT, ROUND_HALF_UP)


class Pricing:
    """Everything calculated of one state of a project."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self._rooms = {room.id: Decimal(room.quantity) for room in project.rooms}
        self._types: Mapping[int, LaborType] = {kind.id: kind for kind in project.labor}
        self._own = [line for line in project.lines if line.option_id is None]
        self._base = self._equipment(self._own)
        self.hours = self._hours()

    def labor_type(self, labor_type_id: int) -> LaborType:
        """Return a labor type of the project."""
        return self._types[labor_type_id]

    def quantity(self, line: Line) -> Decimal:
        """Return how many of the line the whole project has."""
        return self._rooms.get(line.room_id or 0, Decimal(1)) * line.quantity_per_room

    def equipment(self, line: Line) -> Amount:
        """Return the amount of all units of a physical line, in cents."""
        quantity = self.quantity(line)
        return Amount(line.price * quantity, line.project_cost * quantity).cents()

    def subcontract(self, line: Line) -> Amount:
        """Return the amount of all units of subcontract labor, in cents."""
        quantity = self.quantity(line)
        return Amount(line.subcontract_labor_price * quantity, line.subcontract_labor_cost * quantity).cents()

    def work(self, line: Line, labor: LineLabor) -> tuple[Decimal, Amount]:
        """Return the minutes that all units of a line need of one labor type, and their amount in cents."""
        minutes = labor.minutes_per_unit * self.quantity(line)
        kind = self._types[labor.labor_type_id]
        return minutes, Amount(minutes * kind.price / SIXTY, minutes * kind.cost / SIXTY).cents()

    def factor_hours(self, factor: Factor) -> Decimal:
        """Return the hours of a factor per day of installation: started days of eight hours count."""
        installation = sum(
            (self.hours[kind.id] for kind in self.project.labor if kind.category == "install"), ZERO
        )
        days = (installation / HOURS_OF_A_DAY).to_integral_value(ROUND_CEILING)
        return days * factor.hours_per_day

    def factor(self, factor: Factor) -> Amount:
        """Return the amount of a factor, not rounded."""
        match factor.factor_method:
            case "equipment_price":
                return Amount(factor.rate_price * self._base.price, factor.rate_cost * self._base.price)
            case "hours_per_day":
                hours = self.factor_hours(factor)
                return Amount(hours * factor.rate_price, hours * factor.rate_cost)
            case "trip_calc":
                return _trips(factor)
        return Amount(factor.rate_price, factor.rate_cost)

    def option_factor(self, factor: Factor, option: Option) -> Amount:
        """Return how much of a factor applies to an option: only those based on equipment do."""
        if factor.factor_method != "equipment_price":
            return Amount()
        base = self._equipment(self.lines_of(option)).price
        return Amount(factor.rate_price * base, factor.rate_cost * base)

    def factor_tax(self, factor: Factor, amount: Amount) -> Decimal:
        """Return the tax on an amount of the factor, not rounded."""
        return amount.price * self.project.sales_tax if factor.taxed else ZERO

    def package(self, package: ServicePackage) -> Amount:
        """Return the calculated amount of a service package, percentages applied to the equipment lines."""
        if package.pricing_method != "percentage":
            return Amount(package.price, package.cost)
        base = self._base.price / HUNDRED
        return Amount(package.price * base, package.cost * base).cents()

    def lines_of(self, option: Option) -> list[Line]:
        """Return the lines of an option."""
        return [line for line in self.project.lines if line.option_id == option.id]

    def totals(self) -> Totals:
        """Return the totals of the project."""
        equipment, labor = self._base, self._labor()
        for factor in self.project.factors:
            amount = self.factor(factor).cents()
            if factor.factor_method in EQUIPMENT_METHODS:
                equipment += amount
            else:
                labor += amount
        for package in self.project.service_packages:
            if counts(package):
                labor += self.package(package).cents()
        return Totals(
            equipment=equipment,
            labor=labor,
            shipping=self._shipping(self._own),
            tax=cents(self._tax_on_lines(self._own) + self._tax_on_extras()),
        )

    def option_totals(self, option: Option) -> OptionTotals:
        """Return the total of an option: its lines, their labor, shipping, factors and tax, less its labor credits."""
        lines = self.lines_of(option)
        factors = [(factor, self.option_factor(factor, option)) for factor in self.project.factors]
        tax = self._tax_on_lines(lines) + sum((self.factor_tax(*pair) for pair in factors), ZERO)
        total = (
            self._equipment(lines).price
            + self._subcontract(lines).price
            + self._line_labor(lines)
            + self._shipping(lines)
            + sum((cents(amount.price) for _, amount in factors), ZERO)
            - sum((cents(credit.hours * credit.unit_price) for credit in option.labor_credits), ZERO)
            + cents(tax)
        )
        replaced = {old for line in lines for old in line.replacement_lineitem_ids}
        saved = self._equipment(line for line in self._own if line.id in replaced)
        return OptionTotals(total=total, upgrade_total=total - saved.price)

    def _hours(self) -> dict[int, Decimal]:
        minutes = {kind.id: ZERO for kind in self.project.labor}
        for line in self._own:
            for labor in line.labor:
                minutes[labor.labor_type_id] += labor.minutes_per_unit * self.quantity(line)
        return {kind.id: kind.base_hours + minutes[kind.id] / SIXTY for kind in self.project.labor}

    def _labor(self) -> Amount:
        amount = self._subcontract(self._own)
        for kind in self.project.labor:
            hours = self.hours[kind.id]
            amount += Amount(hours * kind.price, hours * kind.cost).cents()
        return amount

    def _equipment(self, lines: Iterable[Line]) -> Amount:
        return sum((self.equipment(line) for line in lines if is_sold(line)), Amount())

    def _subcontract(self, lines: Iterable[Line]) -> Amount:
        return sum((self.subcontract(line) for line in lines if line.kind == "subcontract_labor"), Amount())

    def _shipping(self, lines: Iterable[Line]) -> Decimal:
        return sum(
            (cents(line.shipping_price * self.quantity(line)) for line in lines if is_sold(line)), ZERO
        )

    def _line_labor(self, lines: Iterable[Line]) -> Decimal:
        return sum((self.work(line, labor)[1].price for line in lines for labor in line.labor), ZERO)

    def _tax_on_lines(self, lines: Iterable[Line]) -> Decimal:
        tax = ZERO
        for line in lines:
            if is_sold(line) and line.tax_equipment:
                tax += self.equipment(line).price * self.project.sales_tax
            if is_sold(line) and line.tax_shipping:
                tax += cents(line.shipping_price * self.quantity(line)) * self.project.sales_tax
            for labor in line.labor:
                if labor.taxable:
                    tax += self.work(line, labor)[1].price * self.project.labor_tax
        return tax

    def _tax_on_extras(self) -> Decimal:
        factors = sum((self.factor_tax(factor, self.factor(factor)) for factor in self.project.factors), ZERO)
        packages = sum(
            (
                self.package(package).price * package.taxable_amount_percent / HUNDRED
                for package in self.project.service_packages
                if counts(package) and package.taxed
            ),
            ZERO,
        )
        return factors + packages * self.project.sales_tax


def is_sold(line: Line) -> bool:
    """Say whether a line is equipment that the client pays for."""
    return line.kind == "physical" and not line.owner_furnished


def counts(package: ServicePackage) -> bool:
    """Say whether a service package is part of the project's total."""
    return package.purchase_type == "included" or package.sold


def _trips(factor: Factor) -> Amount:
    days = sum(trip.days for trip in factor.trips)
    price = cost = ZERO
    for expense in factor.expenses:
        heads = (factor.crew if expense.per_crew_member else 1) + expense.plus_supervisor
        price += expense.price * heads * days
        cost += expense.cost * heads * days
    return Amount(price, cost)
