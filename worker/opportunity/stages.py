"""The stages of a Jetbuilt project, and settings that name them."""

from __future__ import annotations

from typing import Annotated, TypeVar

from pydantic import AfterValidator

from cwbridge.settings.values import named_once
from cwbridge.text import folded

T = TypeVar("T")
JETBUILT_STAGES = (
    "opportunity",
    "estimate",
    "revisions",
    "proposal",
    "contract",
    "install",
    "review",
    "completed",
    "icebox",
    "lost",
    "template",
    "trash",
)
"""Every stage of a project. Source: Jetbuilt API documentation, projects."""


def _stage(name: str) -> str:
    stage = folded(name)
    if stage not in JETBUILT_STAGES:
        raise ValueError(f"{name!r} is not a stage of Jetbuilt; its stages are {', '.join(JETBUILT_STAGES)}")
    return stage


def _by_stage(values: dict[str, T]) -> dict[str, T]:
    return {_stage(name): value for name, value in named_once(values).items()}


StageName = Annotated[str, AfterValidator(_stage)]
ByStage = Annotated[dict[str, T], AfterValidator(_by_stage)]
