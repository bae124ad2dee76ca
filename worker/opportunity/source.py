"""Everything about one project that its opportunity is made of, read from Jetbuilt in one go."""

from __future__ import annotations

import asyncio

import msgspec

from cwbridge import errors
from cwbridge.connectors.jetbuilt import client as jetbuilt
from cwbridge.connectors.jetbuilt import models
from cwbridge.keys import Key
from cwbridge.remembered import Remembered


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """One project's newest state, as Jetbuilt tells it."""

    key: Key
    project: models.Project
    items: models.ProjectItems
    packages: tuple[models.ServicePackage, ...] = ()
    client: models.Client | None = None
    owner: models.User | None = None
    office: models.CompanyLocation | None = None


class SourceReader:
    """Reads projects; users and offices, which hardly ever change, are remembered for some minutes."""

    def __init__(self, client: jetbuilt.JetbuiltClient) -> None:
        self._client = client
        self._users = Remembered(client.users, seconds=600)
        self._company = Remembered(client.company, seconds=600)

    async def project(self, key: Key, hint: int | None) -> models.Project:
        """The active version of the family; `hint` is the id it had when it was last seen in the list."""
        project = await self._first_existing([hint, key.family] if hint else [key.family])
        if project.family != key.family:
            raise errors.Malformed(
                "Jetbuilt answered with a project of another family",
                detail=f"asked for {key}, got project {project.id} of family {project.original_version_id}",
            )
        return project

    async def complete(self, key: Key, project: models.Project) -> Source:
        """All that belongs to `project`; the parts are asked for side by side."""
        async with asyncio.TaskGroup() as group:
            items = group.create_task(self._client.items(project.id))
            packages = group.create_task(self._client.service_packages(project.id))
            client = group.create_task(self._client_of(project))
            owner = group.create_task(self._owner_of(project))
            office = group.create_task(self._office_of(project))
        return Source(
            key=key,
            project=project,
            items=items.result(),
            packages=tuple(packages.result()),
            client=client.result(),
            owner=owner.result(),
            office=office.result(),
        )

    async def _first_existing(self, candidates: list[int]) -> models.Project:
        for candidate in candidates[:-1]:
            try:
                return await self._client.project(candidate)
            except errors.NotFound:
                continue
        return await self._client.project(candidates[-1])

    async def _client_of(self, project: models.Project) -> models.Client | None:
        if project.client is None or project.client.id is None:
            return None
        return await self._client.client(project.client.id)

    async def _owner_of(self, project: models.Project) -> models.User | None:
        if project.owner is None or project.owner.id is None:
            return None
        wanted = project.owner.id
        return next((user for user in await self._users.get() if user.id == wanted), None)

    async def _office_of(self, project: models.Project) -> models.CompanyLocation | None:
        if project.company_location is None or project.company_location.id is None:
            return None
        wanted = project.company_location.id
        company = await self._company.get()
        return next((office for office in company.locations if office.id == wanted), None)
