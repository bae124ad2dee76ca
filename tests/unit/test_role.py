"""The page of the least role is made from what the flows call, and names every endpoint that the clients have."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest

from console import flows, role
from cwbridge import access
from cwbridge.connectors.bss.client import BssClient
from cwbridge.connectors.bss.collection import Collection
from cwbridge.connectors.bss.settings import BssSettings
from cwbridge.connectors.bss.times import ServerTimes
from cwbridge.connectors.connectwise.client import ConnectWiseClient
from cwbridge.connectors.connectwise.resource import Resource
from cwbridge.connectors.connectwise.settings import ConnectWiseSettings
from cwbridge.connectors.connectwise.system import CONNECTWISE

PAGE = Path(__file__).parents[2] / "docs" / "connectwise-role.md"
_CHILDREN = ("sites", "type_associations", "communications", "notes", "payments_of", "additions_of")
_WITHOUT_RESOURCE = {"/login/companyinfo/{companyId}", "/sales/opportunities/conversions/{id}"}


def connectwise() -> ConnectWiseClient:
    configured = ConnectWiseSettings(url="https://api.example.com", company_id="any")
    return ConnectWiseClient(cast("Any", None), configured)


def resources(client: ConnectWiseClient) -> Iterator[str]:
    """The endpoint of every collection that the client has."""
    for value in vars(client).values():
        if isinstance(value, Resource):
            yield value.endpoint.rstrip("/")
    for name in _CHILDREN:
        yield getattr(client, name)(1).endpoint


def listed(system: str) -> set[str]:
    rights = access.merged(right for flow in flows.registered() for right in flow.access())
    return {right.name[1] for right in rights if right.name[0] == system}


def test_the_page_is_up_to_date() -> None:
    page = PAGE.read_text("utf-8")

    assert page == role.role_page(flows.registered()), (
        "renew it with: cwbridge role > docs/connectwise-role.md"
    )


def test_every_collection_of_the_connectwise_client_is_in_the_table_and_nothing_else() -> None:
    assert listed("connectwise") - _WITHOUT_RESOURCE == set(resources(connectwise()))


def test_every_collection_of_the_bss_client_is_in_the_table() -> None:
    client = BssClient(cast("Any", None), cast("Any", None), BssSettings(), ServerTimes(None))
    collections = {value.path for value in vars(client).values() if isinstance(value, Collection)}

    assert listed("bss") - {"/oauth/token"} == collections


def test_rights_of_several_flows_are_joined() -> None:
    one = access.Access(system=CONNECTWISE, endpoint="/x/", verbs=("POST", "GET"), why="first")
    other = access.Access(
        system=CONNECTWISE, endpoint="/x", verbs=("DELETE", "GET"), why="second", proof="then"
    )

    (joined,) = access.merged([one, other])

    assert (joined.verbs, joined.why, joined.proof) == (("GET", "POST", "DELETE"), "first; second", "then")


@pytest.mark.parametrize("flow", list(flows.registered()), ids=lambda flow: flow.name)
def test_every_write_names_the_act_that_proves_it_and_every_right_its_reason(flow: Any) -> None:
    for right in access.merged(flow.access()):
        writes = set(right.verbs) - {"GET"} and right.endpoint != "/oauth/token"
        assert bool(right.proof) == bool(writes), right.endpoint
        assert right.why, right.endpoint
