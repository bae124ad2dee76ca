"""The field tables of the stand-in against the vendor's specification, when CWBRIDGE_SPEC names the file."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest

from sandbox.connectwise.resources import OWNERS, RESOURCES, Resource
from sandbox.connectwise.routes import Routes
from sandbox.connectwise.schema import Field
from sandbox.connectwise.store import ConnectWiseStore

SPEC = os.environ.get("CWBRIDGE_SPEC", "")
pytestmark = pytest.mark.skipif(not SPEC, reason="CWBRIDGE_SPEC does not name the specification")

PARTIAL = {"Member", "TaxCode", "TaxCodeInfo", "Country"}
TYPES: dict[str, tuple[str, str]] = {
    "int": ("integer", "int32"),
    "key": ("integer", "int32"),
    "number": ("number", "double"),
    "flag": ("boolean", ""),
    "date": ("string", "date-time"),
    "guid": ("string", "uuid"),
    "text": ("string", ""),
    "enum": ("string", ""),
    "object": ("object", ""),
}


def spec() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(Path(SPEC).read_text(encoding="utf-8"))
    return loaded


def fits(field: Field, described: dict[str, Any]) -> bool:
    if field.kind in ("ref", "object") and "$ref" in described:
        return True
    if field.array:
        return described.get("type") == "array"
    kind, form = TYPES[field.kind]
    return bool(described.get("type") == kind and described.get("format", "") == form)


@pytest.mark.parametrize("resource", RESOURCES, ids=lambda resource: resource.path)
def test_the_fields_are_those_of_the_specification(resource: Resource) -> None:
    described = spec()["components"]["schemas"][resource.schema.name]
    properties = described["properties"]
    known = set(properties) - {"id", "_info"}
    ours = set(resource.schema.fields)
    assert ours <= known
    assert resource.schema.name in PARTIAL or ours == known
    for field in resource.schema:
        assert fits(field, properties[field.name]), field
        text = properties[field.name].get("description", "")
        longest = re.search(r"Max length: (\d+)", text)
        assert field.length == (int(longest[1]) if longest else None), field
        assert field.updates == ("Required On Updates" in text), field
        assert (
            field.required == (field.name in described.get("required", [])) or resource.schema.name in PARTIAL
        ), field
        assert field.kind != "enum" or field.words == set(properties[field.name]["enum"]), field


@pytest.mark.parametrize("resource", RESOURCES, ids=lambda resource: resource.path)
def test_references_show_what_the_specification_gives_them(resource: Resource) -> None:
    schemas = spec()["components"]["schemas"]
    properties = schemas[resource.schema.name]["properties"]
    for field in resource.schema:
        reference = properties[field.name].get("$ref", "").rpartition("/")[2]
        if field.kind == "ref" and field.target and reference:
            missing = set(OWNERS[field.target].recognized) - set(schemas[reference]["properties"])
            assert missing <= {"identifier", *(["name"] if field.unnamed else ())}, field


def test_every_route_is_one_of_the_specification() -> None:
    wanted = {
        (method.upper(), re.sub(r"\{\w+\}", "{}", path).strip("/"))
        for path, operations in spec()["paths"].items()
        for method in operations
    }
    served = {
        (method, template)
        for template, methods in Routes(ConnectWiseStore()).templates.items()
        for method in methods
    }
    assert served - wanted == set()
