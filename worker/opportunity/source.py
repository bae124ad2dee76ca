"""Reads from Jetbuilt everything that the opportunity of a project or option is made of."""

from __future__ import annotations

import msgspec

from cwbridge import concurrency, errors
from cwbridge.cache import CachedValue, CachedValues
from cwbridge.connectors.jetbuilt import client as jetbuilt
from cwbridge.connectors.jetbuilt import models
from cwbridge.ledger.hints import NOT_LISTED
from cwbridge.limits import lane
from worker.opportunity.project_key import ProjectKey


class SourceEnded(errors.NotFound):
    """Jetbuilt no longer has the project or option of a key, and its list does not show it either."""

    def __init__(self, what: str) -> None:
        super().__init__("Jetbuilt no longer has the project or option", detail=what)


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """The newest state in Jetbuilt; `option` is set when the key names an option of the project."""

    key: ProjectKey
    project: models.Project
    items: models.ProjectItems = models.ProjectItems(line_items=[], factors=[])
    packages: tuple[models.ServicePackage, ...] = ()
    option: models.Option | None = None
    client: models.Client | None = None
    parent: models.Client | None = None
    owner: models.User | None = None
    office: models.CompanyLocation | None = None


class SourceReader:
    """Reads projects and options; users and offices, which hardly ever change, are cached for ten minutes.

    A full sync asks for the same clients again and again: in its lane they are cached for a minute.
    """

    def __init__(self, client: jetbuilt.JetbuiltClient) -> None:
        self._client = client
        self._users = CachedValue(client.users, ttl=600)
        self._company = CachedValue(client.company, ttl=600)
        self._remembered: CachedValues[int, models.Client] = CachedValues(
            client.client, ttl=60, max_size=1_000
        )

    async def project(self, key: ProjectKey, hint: int | None) -> models.Project:
        """The active version of the family.

        `hint` is the id it had when the list last showed it, or NOT_LISTED. Raises SourceEnded when neither the project nor
        the list shows it, Unsettled when the list shows a project that cannot be read.
        """
        project = await self._hinted(hint) if hint else None
        if project is None:
            project = await self._of_family(key.family, hint)
        if project.family != key.family:
            raise errors.Malformed(
                "Jetbuilt answered with a project of another family",
                detail=f"asked for {key}, got project {project.id} of family {project.original_version_id}",
            )
        return project

    async def options(self, project: models.Project) -> list[models.ListedOption]:
        """Options and change orders of the project, without their lines."""
        return await self._client.options(project.id)

    async def complete(self, key: ProjectKey, project: models.Project) -> Source:
        """All that belongs to the project or, when `key` names one, to its option; raises SourceEnded when that is gone."""
        async with concurrency.group() as tasks:
            lines = tasks.create_task(self._lines(key, project))
            clients = tasks.create_task(self._clients(project))
            owner = tasks.create_task(self._owner(project))
            office = tasks.create_task(self._office(project))
        client, parent = clients.result()
        return msgspec.structs.replace(
            lines.result(), client=client, parent=parent, owner=owner.result(), office=office.result()
        )

    async def _lines(self, key: ProjectKey, project: models.Project) -> Source:
        if key.option is not None:
            return Source(key=key, project=project, option=await self._option(project, key.option))
        async with concurrency.group() as tasks:
            items = tasks.create_task(self._client.items(project.id))
            packages = tasks.create_task(self._client.service_packages(project.id))
        return Source(key=key, project=project, items=items.result(), packages=tuple(packages.result()))

    async def _option(self, project: models.Project, option: int) -> models.Option:
        try:
            return await self._client.option(project.id, option)
        except errors.NotFound as missing:
            if any(listed.id == option for listed in await self.options(project)):
                raise _listed_but_missing(f"option {option} of project {project.id}") from missing
            raise SourceEnded(f"option {option} of project {project.id}") from missing

    async def _clients(self, project: models.Project) -> tuple[models.Client | None, models.Client | None]:
        """The project's client and, of a sub-client, the parent; a parent that Jetbuilt does not have is left out."""
        if project.client is None:
            return None, None
        try:
            client = await self._client_of(project.client.id)
        except errors.NotFound as missing:
            raise errors.Refused(
                "Jetbuilt does not have the client that a project names",
                detail=f"project {project.id}, client {project.client.id}",
                remedy="Choose a client for the project in Jetbuilt; saving it starts the export again.",
            ) from missing
        return client, await self._parent(client)

    async def _client_of(self, number: int) -> models.Client:
        if lane.CURRENT.get() != "backlog":
            return await self._client.client(number)
        return await self._remembered.get(number)

    async def _parent(self, client: models.Client) -> models.Client | None:
        if client.parent_id is None:
            return None
        try:
            return await self._client_of(client.parent_id)
        except errors.NotFound:
            return None

    async def _owner(self, project: models.Project) -> models.User | None:
        if project.owner is None:
            return None
        desired = project.owner.id
        return next((user for user in await self._users.get() if user.id == desired), None)

    async def _office(self, project: models.Project) -> models.CompanyLocation | None:
        if project.company_location is None:
            return None
        desired = project.company_location.id
        company = await self._company.get()
        return next((office for office in company.locations if office.id == desired), None)

    async def _hinted(self, hint: int) -> models.Project | None:
        try:
            return await self._client.project(hint)
        except errors.NotFound:
            return None

    async def _of_family(self, family: int, hint: int | None) -> models.Project:
        try:
            first = await self._client.project(family)
        except errors.NotFound as missing:
            if hint == NOT_LISTED:
                raise SourceEnded(f"project {family}") from missing
            return await self._listed(family, query=None)
        alone = hint in {None, first.id} and not first.versions
        return first if alone else await self._listed(family, query=first.custom_id or first.name)

    async def _listed(self, family: int, *, query: str | None) -> models.Project:
        """The version of a family that the list shows: superseded versions can still be read, but are not the project.

        Raises SourceEnded when the list shows none.
        """
        page: int | None = 1
        while page is not None:
            answer = await self._client.projects_page(page=page, query=query)
            for listed in answer.items:
                if listed.family == family:
                    return await self._shown(listed.id)
            page = answer.next_page
        raise SourceEnded(f"project {family}")

    async def _shown(self, project: int) -> models.Project:
        try:
            return await self._client.project(project)
        except errors.NotFound as missing:
            raise _listed_but_missing(f"project {project}") from missing


def _listed_but_missing(what: str) -> errors.Unsettled:
    return errors.Unsettled(
        "Jetbuilt lists a record and answers that it does not exist",
        detail=what,
        remedy="No action needed: the worker reads it again a little later.",
    )
