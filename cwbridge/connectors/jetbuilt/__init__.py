"""The Jetbuilt customer API."""

from typing import Final

ACTIVE_PROJECTS: Final = "jetbuilt:active"
"""Name of the hints: family -> project id of its active version, which has an id of its own."""
