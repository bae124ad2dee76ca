"""The rights that the opportunity flow needs: everything of Jetbuilt is only read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cwbridge.access import Access
from cwbridge.connectors.connectwise.system import CONNECTWISE
from cwbridge.connectors.jetbuilt.system import JETBUILT
from worker.psa import access as psa

if TYPE_CHECKING:
    from cwbridge.connectors.connectwise.client import ConnectWiseClient
    from cwbridge.connectors.jetbuilt.client import JetbuiltClient
    from cwbridge.connectors.jetbuilt.models import ListedProject


async def _one_project(client: JetbuiltClient) -> ListedProject | None:
    return next(iter((await client.projects_page()).items), None)


async def _projects(client: JetbuiltClient) -> bool:
    await client.projects_page()
    return True


async def _project(client: JetbuiltClient) -> bool:
    project = await _one_project(client)
    if project is not None:
        await client.project(project.id)
    return project is not None


async def _items(client: JetbuiltClient) -> bool:
    project = await _one_project(client)
    if project is not None:
        await client.items(project.id)
    return project is not None


async def _options(client: JetbuiltClient) -> bool:
    project = await _one_project(client)
    if project is not None:
        await client.options(project.id)
    return project is not None


async def _packages(client: JetbuiltClient) -> bool:
    project = await _one_project(client)
    if project is not None:
        await client.service_packages(project.id)
    return project is not None


async def _client(client: JetbuiltClient) -> bool:
    project = await _one_project(client)
    if project is None or project.client is None:
        return False
    await client.client(project.client.id)
    return True


async def _users(client: JetbuiltClient) -> bool:
    await client.users()
    return True


async def _company(client: JetbuiltClient) -> bool:
    await client.company()
    return True


async def _conversions(client: ConnectWiseClient) -> bool:
    for row in await client.opportunities.find(fields=("id",), limit=1):
        await client.converted(row.id)
        return True
    return False


ACCESS: Final = (
    *(
        Access(system=JETBUILT, endpoint=endpoint, verbs=("GET",), why=why, probe=probe)
        for endpoint, why, probe in (
            ("/projects", "what changed", _projects),
            ("/projects/{id}", "one project with rooms and labor", _project),
            ("/projects/{id}/items", "its lines and factors", _items),
            ("/projects/{id}/options", "its options and change orders", _options),
            ("/projects/{id}/options/{id}", "the lines of an option", None),
            ("/projects/{id}/service_packages", "its service packages", _packages),
            ("/clients/{id}", "the client and its contacts", _client),
            ("/users", "the e-mail address of a project's owner", _users),
            ("/company", "the offices; proves the API key", _company),
        )
    ),
    *psa.COMMON,
    psa.collection(
        "opportunities",
        "/sales/opportunities",
        "GET",
        "POST",
        "PATCH",
        "DELETE",
        why="the opportunities; DELETE only for a second one that two workers made at once",
        proof="the first project that is synced",
    ),
    psa.children(
        "opportunities",
        "notes",
        "/sales/opportunities/{parentId}/notes",
        "GET",
        "POST",
        why="a note when a project has ended",
        proof="the first project that is deleted, merged or inactive",
    ),
    Access(
        system=CONNECTWISE,
        endpoint="/sales/opportunities/conversions/{id}",
        verbs=("GET",),
        why="converted opportunities are not changed",
        probe=_conversions,
    ),
    psa.collection(
        "opportunity_types",
        "/sales/opportunities/types",
        "GET",
        "POST",
        why="a missing type is created",
        proof="the first opportunity of a type that is not in ConnectWise",
    ),
    psa.collection(
        "opportunity_statuses",
        "/sales/opportunities/statuses",
        "GET",
        why="names in the settings; which are closed",
    ),
    psa.collection("probabilities", "/sales/probabilities", "GET", why="names in the settings"),
    psa.children(
        "companies",
        "sites",
        "/company/companies/{parentId}/sites",
        "GET",
        "POST",
        why="sites are matched, else created",
        proof="the first project whose site is not in ConnectWise",
    ),
)
