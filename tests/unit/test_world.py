"""The invented integrator: the same seed yields the same world, and every world is sound."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox.jetbuilt.pricing import Pricing, cents, is_sold
from sandbox.jetbuilt.shelf import Shelf, Span, Times
from sandbox.world import World, build
from sandbox.world.model import STAGES, Project

seeds = st.integers(min_value=0, max_value=2**31)


@pytest.fixture(scope="module")
def world() -> World:
    return build()


@given(seed=seeds, count=st.integers(min_value=0, max_value=9))
@settings(max_examples=15, deadline=None)
def test_the_same_seed_yields_the_same_world_and_a_smaller_one_is_its_beginning(
    seed: int, count: int
) -> None:
    whole = build(seed, count)
    assert repr(build(seed, count)) == repr(whole)
    assert len(whole.active_projects) == count
    assert whole.projects == build(seed, count + 1).projects[: len(whole.projects)]


def test_another_seed_yields_another_world() -> None:
    assert build(1, 3).projects != build(2, 3).projects


@given(seed=seeds)
@settings(max_examples=12, deadline=None)
def test_the_totals_of_every_project_add_up_under_every_seed(seed: int) -> None:
    for project in build(seed, 8).projects:
        assert_adds_up(project)


def assert_adds_up(project: Project) -> None:
    pricing = Pricing(project)
    totals = pricing.totals()
    parts = (totals.equipment.price, totals.labor.price, totals.shipping, totals.tax)
    assert totals.total == sum(parts)
    assert all(part == cents(part) >= 0 for part in parts)
    sold = [line for line in project.lines if is_sold(line) and line.option_id is None]
    factors = sum(
        cents(pricing.factor(factor).price)
        for factor in project.factors
        if factor.factor_method in {"equipment_price", "flat_price"}
    )
    lines = sum(cents(line.price * pricing.quantity(line)) for line in sold)
    assert totals.equipment.price == lines + factors


@given(seed=seeds)
@settings(max_examples=8, deadline=None)
def test_everything_points_at_something_that_exists(seed: int) -> None:
    world = build(seed, 6)
    users = {user.id for user in world.users}
    contacts = {contact.id for client in world.clients for contact in client.contacts}
    for project in world.projects:
        lines = {line.id for line in project.lines}
        assert project.owner_id in users
        assert project.client_id in {client.id for client in world.clients}
        assert project.primary_contact_id in contacts | {None}
        for line in project.lines:
            assert line.room_id in {room.id for room in project.rooms}
            assert line.option_id in {option.id for option in project.options} | {None}
            assert line.bundle_id in {bundle.id for bundle in project.bundles} | {None}
            assert {work.labor_type_id for work in line.labor} <= {kind.id for kind in project.labor}
            assert set(line.replacement_lineitem_ids) <= lines
            assert project.created_at <= line.created_at <= line.updated_at <= project.updated_at


def test_no_two_things_share_an_id(world: World) -> None:
    for noun in ("lines", "rooms", "systems", "tags", "phases", "bundles", "labor", "factors", "options"):
        ids = Counter(thing.id for project in world.projects for thing in getattr(project, noun))
        assert ids.total() == len(ids), noun
    assert len({project.id for project in world.projects}) == len(world.projects)


def test_the_default_world_has_what_a_real_integrator_has(world: World) -> None:
    projects = world.active_projects
    sizes = sorted(len(project.lines) for project in projects)
    assert (len(projects), len(world.clients), len(world.users), len(world.products)) == (40, 25, 8, 180)
    assert {project.stage for project in projects} == set(STAGES)
    assert (sizes[0] < 10, sizes[-1] >= 400) == (True, True)
    assert sum(10 <= size <= 80 for size in sizes) >= 25
    assert [project.currency for project in projects].count("CAD") == 1
    assert len(world.projects) == len(projects) + 2
    lines = [line for project in projects for line in project.lines]
    assert {line.kind for line in lines} == {"physical", "hourly_labor", "subcontract_labor"}
    for flag in ("owner_furnished", "hidden", "custom", "tax_shipping"):
        assert 0 < sum(getattr(line, flag) for line in lines) < len(lines) / 4, flag
    methods = {factor.factor_method for project in projects for factor in project.factors}
    assert methods == {"equipment_price", "hours_per_day", "trip_calc", "flat_price"}
    assert any(project.service_packages for project in projects)
    assert {option.sold for project in projects for option in project.options} == {True, False}
    assert any(option.labor_credits for project in projects for option in project.options)


def test_the_products_hold_the_known_traps(world: World) -> None:
    makers: dict[str, set[str]] = {}
    for product in world.products:
        makers.setdefault(product.model, set()).add(product.manufacturer.name)
    assert [model for model, names in makers.items() if len(names) > 1] == ["MA-100"]
    long = [product.model for product in world.products if len(product.model) > 75]
    assert len(long) == 2
    assert len({model[:75] for model in long}) == 1
    assert any('"' in model and "\\" in model and "%" in model and "[" in model for model in makers)
    assert any(not product.model and product.part_number for product in world.products)
    assert any("🎤" in product.model for product in world.products)
    assert any(product.cost != cents(product.cost) for product in world.products)


def test_some_clients_are_awkward(world: World) -> None:
    assert [client.company_name for client in world.clients if client.primary_contact is None] == [
        "Cascadia Public Broadcasting"
    ]
    names = "".join(client.company_name for client in world.clients)
    assert all(letter in names for letter in "\"'&ü東%+/")
    assert {client.parent_id for client in world.clients if client.parent_id} == {world.clients[0].id}


times = st.integers(min_value=0, max_value=20).map(
    lambda n: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=n)
)
spans = st.builds(Span, after=st.none() | times, before=st.none() | times)


class Item:
    """A shelved thing."""

    def __init__(self, item_id: int, created_at: datetime, updated_at: datetime) -> None:
        self.id = item_id
        self.created_at = created_at
        self.updated_at = updated_at


items = st.builds(Item, st.integers(min_value=1, max_value=30), times, times)


@given(put=st.lists(items), removed=st.sets(st.integers(1, 30)), created=spans, updated=spans)
def test_the_indexes_of_a_shelf_find_what_looking_at_everything_finds(
    put: list[Item], removed: set[int], created: Span, updated: Span
) -> None:
    shelf = Shelf(put[:3])
    kept = {item.id: item for item in put[:3]}
    for item in put[3:]:
        shelf.put(item)
        kept[item.id] = item
    for item_id in removed:
        shelf.remove(item_id)
        kept.pop(item_id, None)
    found = sorted(
        item.id
        for item in kept.values()
        if created.covers(item.created_at) and updated.covers(item.updated_at)
    )
    assert list(shelf.ids(Times(created=created, updated=updated))) == found


def test_owner_furnished_and_option_lines_cost_the_project_no_equipment(world: World) -> None:
    project = next(p for p in world.projects if p.options and any(line.owner_furnished for line in p.lines))
    bought = replace(
        project, lines=tuple(line for line in project.lines if not (line.owner_furnished or line.option_id))
    )
    assert len(bought.lines) < len(project.lines)
    assert Pricing(bought).totals().equipment == Pricing(project).totals().equipment
