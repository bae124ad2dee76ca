"""A project becomes the opportunity that the mapping table promises, to the cent."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TypeVar

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cwbridge import errors
from cwbridge.connectors.jetbuilt import models
from worker.opportunity import plan, projection
from worker.opportunity.desired import Progress, Rules
from worker.opportunity.project_key import ProjectKey
from worker.opportunity.source import Source

CENT = Decimal("0.01")
CLIENT = models.Client(
    id=63117,
    company_name="Northwind University",
    address="1 College Way",
    city="Ithaca",
    state="NY",
    zipcode="14850",
    phone="555-0100",
    contacts=[
        models.Contact(id=1, first_name="Ada", last_name="Byron", email_address="ada@northwind.example"),
        models.Contact(
            id=2, first_name="Bo", last_name="Ek", email_address="bo@northwind.example", primary=True
        ),
    ],
)
PROJECT = models.Project(
    id=97739,
    original_version_id=97737,
    name="Lecture Hall 3 refresh",
    custom_id="P-182",
    stage="proposal",
    client=models.Reference(id=63117),
    owner=models.Owner(id=2914, full_name="John Smith"),
    created_at=datetime(2026, 1, 10, 15, 0, tzinfo=UTC),
    rooms=[models.Reference(id=10, name="Hall"), models.Reference(id=11, name="Lobby")],
    systems=[models.Reference(id=20, name="Audio"), models.Reference(id=21, name="Video")],
)
SHURE = models.LineItem(
    id=1900102,
    kind="physical",
    manufacturer_name="Shure",
    model="MXA920",
    part_number="MXA920W-S",
    short_description="Ceiling array microphone",
    quantity=Decimal("20.0"),
    price=Decimal("699.0"),
    project_cost=Decimal("540.02"),
    tax_equipment=True,
)


def source(project: models.Project = PROJECT, *items: models.LineItem, **parts) -> Source:
    factors = parts.pop("factors", [])
    return Source(
        key=ProjectKey(project.family),
        project=project,
        items=models.ProjectItems(line_items=list(items), factors=factors),
        **{"client": CLIENT, **parts},
    )


T = TypeVar("T", bound=msgspec.Struct)


def changed(record: T, **fields: object) -> T:
    return msgspec.structs.replace(record, **fields)


def only_line(*items: models.LineItem, project: models.Project = PROJECT, **parts):
    (line,) = projection.project(source(project, *items, **parts), Rules()).lines
    return line


def test_the_opportunity_belongs_to_the_family_not_to_the_version():
    assert projection.project(source(), Rules()).external_id == "jetbuilt:97737"


def test_an_item_keeps_its_quantity_price_and_cost_in_project_currency():
    line = only_line(SHURE)

    assert (line.quantity, line.price, line.cost) == (Decimal(20), Decimal(699), Decimal("540.02"))
    assert (line.product.identifier, line.product.manufacturer) == ("MXA920", "Shure")
    assert (line.billable, line.taxable, line.vendor_sku) == ("Billable", True, "MXA920W-S")


def test_an_item_without_a_model_is_known_by_its_part_number():
    assert only_line(changed(SHURE, model="")).product.identifier == "MXA920W-S"


def test_an_owner_furnished_item_costs_nothing_and_can_be_left_out():
    furnished = changed(SHURE, owner_furnished=True)

    line = only_line(furnished)

    assert (line.price, line.cost, line.billable) == (0, 0, "NoCharge")
    assert projection.project(source(PROJECT, furnished), Rules(no_charge_owner_furnished=False)).lines == ()


def test_subcontract_labor_has_its_own_amounts():
    line = only_line(
        changed(
            SHURE,
            kind="subcontract_labor",
            subcontract_labor_price=Decimal("85.5"),
            subcontract_labor_cost=Decimal("60.25"),
        )
    )

    assert (line.price, line.cost, line.product.kind) == (Decimal("85.5"), Decimal("60.25"), "subcontract")


def test_items_of_options_and_hourly_labor_items_give_no_line():
    in_option = changed(SHURE, option=models.Reference(id=5, name="Alternate"))
    hourly = changed(SHURE, id=2, kind="hourly_labor")

    assert projection.project(source(PROJECT, in_option, hourly), Rules()).lines == ()


def test_labor_is_one_line_a_type_hours_times_hourly_amounts():
    project = changed(
        PROJECT,
        labor=[
            models.Labor(
                id=329891, name="Senior Engineer", cost=Decimal("76.0"), price=Decimal("100.0"),
                total_hours=Decimal("1.5"),
            ),
            models.Labor(id=329892, name="Pre-Wire", price=Decimal(165), total_hours=Decimal(0)),
        ],
    )  # fmt: skip

    line = only_line(project=project)

    assert (line.key, line.quantity, line.price, line.cost) == (
        "labor:329891",
        Decimal("1.5"),
        Decimal(100),
        Decimal(76),
    )


def test_a_factor_is_one_amount_in_cents():
    factor = models.Factor(
        id=25144, name="Travel", total_price=Decimal("1225.00499"), total_cost=Decimal("700.005"), taxed=True
    )

    line = only_line(factors=[factor])

    assert (line.key, line.quantity, line.price, line.cost) == (
        "factor:25144",
        Decimal(1),
        Decimal("1225.00"),
        Decimal("700.01"),
    )
    assert line.product.kind == "factor"


def test_shipping_is_a_line_only_when_there_is_some():
    line = only_line(project=changed(PROJECT, shipping_total=Decimal("120.5")))

    assert (line.key, line.price) == ("shipping", Decimal("120.50"))
    assert projection.project(source(changed(PROJECT, shipping_total=Decimal("0.0"))), Rules()).lines == ()


def test_service_packages_count_when_included_or_sold():
    def package(number: int, kind: str, *, sold: bool) -> models.ServicePackage:
        return models.ServicePackage(
            id=number, name="Care", purchase_type=kind, sold=sold, calculated_price=Decimal(200)
        )

    packages = (
        package(1, "included", sold=False),
        package(2, "optional", sold=True),
        package(3, "optional", sold=False),
    )
    lines = projection.project(source(packages=packages), Rules()).lines

    assert [line.key for line in lines] == ["package:1", "package:2"]


def test_lines_follow_rooms_and_systems():
    def item(number: int, room: int, system: int) -> models.LineItem:
        return changed(SHURE, id=number, room=models.Reference(id=room), system=models.Reference(id=system))

    items = (item(1, 11, 20), item(2, 10, 21), item(3, 10, 20), changed(SHURE, id=4))
    lines = projection.project(source(PROJECT, *items), Rules()).lines

    assert [line.key for line in lines] == ["item:3", "item:2", "item:1", "item:4"]


def test_the_projects_own_contact_wins_over_the_clients_primary_one():
    own = projection.project(source(changed(PROJECT, primary_contact=models.Reference(id=1))), Rules())
    primary = projection.project(source(), Rules())

    assert (own.contact.email, primary.contact.email) == ("ada@northwind.example", "bo@northwind.example")


def test_a_client_without_contacts_gets_a_stand_in():
    desired = projection.project(source(client=changed(CLIENT, contacts=[])), Rules())

    assert (desired.contact.first_name, desired.contact.stand_in) == ("Main Contact", True)
    assert desired.contact.identity == "jetbuilt:contact:none"


def test_a_project_without_a_client_is_refused_with_a_remedy():
    with pytest.raises(errors.Refused) as refusal:
        projection.project(source(client=None), Rules())
    assert "client" in refusal.value.cause
    assert "Jetbuilt" in refusal.value.remedy


def test_the_close_date_does_not_move_with_the_calendar():
    given_date = projection.project(source(changed(PROJECT, close_date=date(2026, 9, 4))), Rules())
    derived = projection.project(source(), Rules(close_after_days=30))

    assert given_date.close_date == datetime(2026, 9, 4, tzinfo=UTC)
    assert derived.close_date == datetime(2026, 2, 9, tzinfo=UTC)


def test_a_long_name_is_shortened_and_stays_distinct():
    one = projection.project(source(changed(PROJECT, name="x" * 150 + "1")), Rules()).name
    other = projection.project(source(changed(PROJECT, name="x" * 150 + "2")), Rules()).name

    assert len(one) <= 100
    assert one != other


@pytest.mark.parametrize("stage", ["template", "trash"])
def test_templates_and_trash_are_never_exported(stage):
    assert projection.skip_reason(changed(PROJECT, stage=stage), Rules()) is not None


def test_other_stages_are_left_out_by_setting_only():
    assert projection.skip_reason(PROJECT, Rules()) is None
    assert "proposal" in (projection.skip_reason(PROJECT, Rules(skip_stages=("proposal",))) or "")


def test_stages_in_settings_are_compared_without_case_and_surplus_blanks():
    rules = Rules(skip_stages=("ON  hold",), stages={"Contract": Progress(stage="Won")})

    assert projection.skip_reason(changed(PROJECT, stage="On Hold"), rules) is not None
    assert projection.project(source(changed(PROJECT, stage="contract")), rules).progress.stage == "Won"


def test_records_of_jetbuilt_have_identities_of_their_own_source():
    desired = projection.project(source(), Rules(fallback_site="Main  Office"))

    assert desired.company.identity == "jetbuilt:client:63117"
    assert desired.contact.identity == "jetbuilt:contact:2"
    assert desired.site.identity == "jetbuilt:site:main office"


def test_a_parent_that_jetbuilt_does_not_have_is_left_out_and_told():
    child = changed(CLIENT, parent_id=77)

    alone = projection.project(source(client=child), Rules())
    with_parent = projection.project(source(client=child, parent=changed(CLIENT, id=77)), Rules())

    assert (alone.company.parent, len(alone.remarks)) == (None, 1)
    assert "client 77" in alone.remarks[0]
    assert with_parent.company.parent is not None
    assert with_parent.remarks == ()


@pytest.mark.parametrize(
    "model", ["MXA  920", "MXA\u00a0920", "MXA\t920", "Cafe\u0301 920", "MXA\u00ad920", " MXA920"]
)
def test_an_identifier_that_is_cleaned_is_known_in_the_spelling_of_jetbuilt_as_well(model):
    product = only_line(changed(SHURE, model=model)).product

    assert product.as_written == model
    assert product.identifier != model
    assert only_line(SHURE).product.as_written == ""


amounts = st.decimals(min_value=0, max_value=50_000, places=3, allow_nan=False)
quantities = st.decimals(min_value=0, max_value=500, places=2, allow_nan=False)


@st.composite
def items(draw):
    number = draw(st.integers(1, 10**9))
    kind = draw(st.sampled_from(["physical", "subcontract_labor", "hourly_labor"]))
    return models.LineItem(
        id=number,
        kind=kind,
        manufacturer_name=draw(st.text(max_size=60)),
        model=draw(st.text(max_size=120)),
        short_description=draw(st.text(max_size=200)),
        quantity=draw(quantities),
        price=draw(amounts),
        project_cost=draw(amounts),
        subcontract_labor_price=draw(amounts),
        subcontract_labor_cost=draw(amounts),
        owner_furnished=draw(st.booleans()),
        option=draw(st.sampled_from([None, models.Reference(id=1)])),
    )


def counted(item: models.LineItem) -> Decimal:
    """What Jetbuilt's own total counts for an item, worked out without our code."""
    if item.option is not None or item.owner_furnished or item.kind == "hourly_labor":
        return Decimal(0)
    price = item.subcontract_labor_price if item.kind == "subcontract_labor" else item.price
    zero = Decimal(0)
    return ((price or zero) * (item.quantity or zero)).quantize(CENT, "ROUND_HALF_UP")


@given(st.lists(items(), max_size=15, unique_by=lambda item: item.id), amounts)
def test_the_lines_of_any_project_add_up(given_items, shipping):
    expected = sum((counted(item) for item in given_items), Decimal(0))
    project = changed(
        PROJECT, equipment_total=expected, labor_total=Decimal(0), shipping_total=shipping.quantize(CENT)
    )

    desired = projection.project(source(project, *given_items), Rules())

    assert desired.difference == 0


@given(st.lists(items(), max_size=8, unique_by=lambda item: item.id))
def test_any_text_fits_the_limits_of_connectwise(given_items):
    for line in projection.project(source(PROJECT, *given_items), Rules()).lines:
        assert 1 <= len(line.product.identifier.encode("utf-16-le")) // 2 <= 75
        assert 1 <= len(line.product.qualified.encode("utf-16-le")) // 2 <= 75
        assert len(line.product.description) <= 60
        assert len(line.product.part_number) <= 50
        assert "\n" not in line.product.identifier


@given(st.lists(items(), max_size=8, unique_by=lambda item: item.id))
def test_the_same_project_always_gives_the_same_fingerprint(given_items):
    rules = Rules()
    once = projection.project(source(PROJECT, *given_items), rules)
    again = projection.project(source(PROJECT, *(changed(item) for item in given_items)), rules)

    assert plan.content(once, rules) == plan.content(again, rules)
