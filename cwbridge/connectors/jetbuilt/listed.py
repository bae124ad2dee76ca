"""A page of the project list, of which one odd record must not hide the others.

Polling needs to know that a project exists and when it changed. A project with a field of another form is therefore listed
with what identifies it; reading that project by itself then says what is wrong with it, in its own job.
"""

from __future__ import annotations

import msgspec

from cwbridge.connectors.jetbuilt import models
from cwbridge.connectors.reading import reader

_read_all = reader(list[models.Project])
_read_apart = msgspec.json.Decoder(list[msgspec.Raw]).decode
_read_one = reader(models.Project)


class _Head(msgspec.Struct, frozen=True):
    id: int
    original_version_id: int | None = None
    stage: str | None = None
    updated_at: models.Moment | None = None


_read_head = reader(_Head)


def projects(body: bytes) -> list[models.Project]:
    """The projects of a page; raises msgspec.ValidationError when one cannot even be identified."""
    try:
        return _read_all(body)
    except msgspec.ValidationError:
        return [_project(bytes(record)) for record in _read_apart(body)]


def _project(record: bytes) -> models.Project:
    try:
        return _read_one(record)
    except msgspec.ValidationError:
        head = _read_head(record)
        return models.Project(
            id=head.id,
            original_version_id=head.original_version_id,
            stage=head.stage,
            updated_at=head.updated_at,
        )
