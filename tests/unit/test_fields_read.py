"""Connectors declare only the fields that are read: a field that no code reads must not be able to fail an answer."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import msgspec
import pytest

from cwbridge.connectors.bss import documents as bss_documents
from cwbridge.connectors.bss import models as bss
from cwbridge.connectors.connectwise import finance
from cwbridge.connectors.connectwise import models as connectwise
from cwbridge.connectors.jetbuilt import models as jetbuilt

ROOT = Path(__file__).parents[2]
PACKAGES = ("cwbridge", "worker", "producers", "console")


def _mentioned() -> Iterator[str]:
    """Every attribute that the code reads and every text in it: some fields are read by a name in a variable."""
    for package in PACKAGES:
        for path in (ROOT / package).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load):
                    yield node.attr
                elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                    yield node.value


@pytest.fixture(scope="module")
def mentioned() -> frozenset[str]:
    return frozenset(_mentioned())


def _records(models: ModuleType) -> list[type[msgspec.Struct]]:
    return [
        kind
        for kind in vars(models).values()
        if isinstance(kind, type) and issubclass(kind, msgspec.Struct) and kind.__module__ == models.__name__
    ]


def _name(kind: type[msgspec.Struct]) -> str:
    return f"{kind.__module__.rpartition('.')[2]}.{kind.__name__}"


@pytest.mark.parametrize(
    "kind",
    [
        *_records(jetbuilt),
        *_records(connectwise),
        *_records(bss),
        *_records(bss_documents),
        *_records(finance),
    ],
    ids=lambda kind: f"{kind.__module__}.{kind.__name__}",
)
def test_every_declared_field_is_read(mentioned: frozenset[str], kind: type[msgspec.Struct]) -> None:
    assert [name for name in kind.__struct_fields__ if name not in mentioned] == []


@pytest.mark.parametrize(
    "models", [jetbuilt, connectwise, bss, bss_documents, finance], ids=lambda module: module.__name__
)
def test_every_declared_record_is_used(models: ModuleType) -> None:
    code = "".join(path.read_text("utf-8") for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
    own = Path(str(models.__file__)).read_text("utf-8")
    unused = [
        kind.__name__
        for kind in _records(models)
        if _name(kind) not in code and own.count(kind.__name__) == 1
    ]
    assert unused == []
