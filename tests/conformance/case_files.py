"""Files of conformance cases: a title and its cases in TOML, one file for each point of a page."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Generic, TypeVar

import msgspec


class Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A part of a file; what it does not know is a typing mistake."""


class NamedCase(Part, frozen=True, kw_only=True):
    """A case by its name; `point` is the file that it stands in."""

    name: str
    point: str = ""

    @property
    def id(self) -> str:
        return re.sub(r"[^a-z0-9]+", "-", self.name.lower()).strip("-")


C = TypeVar("C", bound=NamedCase)


class _File(Part, Generic[C], frozen=True):
    title: str
    case: tuple[C, ...]


class CaseFiles(Generic[C]):
    """The files of `folder`, whose cases are of one kind."""

    def __init__(self, folder: Path, kind: type[C]) -> None:
        self._folder = folder
        self._kind = kind

    def titles(self) -> dict[str, str]:
        """The title of each file, in order."""
        return {path.stem: self._read(path).title for path in self._paths()}

    def all_cases(self) -> list[C]:
        """The cases of all files, in order; raises ValueError where a name stands twice."""
        cases = list(self._cases())
        names = [case.name for case in cases]
        doubled = {name for name in names if names.count(name) > 1}
        if doubled:
            raise ValueError(f"several cases are named {doubled}")
        return cases

    def _cases(self) -> Iterator[C]:
        for path in self._paths():
            for case in self._read(path).case:
                yield msgspec.structs.replace(case, point=path.stem)

    def _paths(self) -> list[Path]:
        return sorted(self._folder.glob("*.toml"))

    def _read(self, path: Path) -> _File[C]:
        try:
            return msgspec.convert(tomllib.loads(path.read_text("utf-8")), _File[self._kind])  # type: ignore[name-defined]
        except (msgspec.ValidationError, tomllib.TOMLDecodeError) as error:
            raise ValueError(f"{path.name}: {error}") from error
