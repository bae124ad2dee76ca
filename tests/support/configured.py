"""Settings of the registered flows, as a program gives them."""

from __future__ import annotations

from typing import Any

from console import flows
from cwbridge import settings as settings_module
from cwbridge.settings import Settings
from sandbox import credentials
from sandbox.server import Sandbox


def configured(**given: Any) -> Settings:
    """The settings given by table, all others at their defaults."""
    return settings_module.with_tables(*flows.registered().tables)(**given)


def loaded(**given: Any) -> Settings:
    """The settings as a command loads them: from the environment, the secret files and the file."""
    return settings_module.load(*flows.registered().tables, **given)


def bss_section(box: Sandbox) -> dict[str, Any]:
    """The settings that switch BSS on."""
    return {
        "url": box.bss_url,
        "username": credentials.BSS_USERNAME,
        "password": credentials.BSS_PASSWORD,
        "client_key": credentials.BSS_CLIENT_KEY,
        "client_secret": credentials.BSS_CLIENT_SECRET,
    }
