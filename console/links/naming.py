"""The name of a link as a person types it on the command line."""

from __future__ import annotations

from cwbridge import errors
from cwbridge.ledger.named import LinkName
from cwbridge.text import folded

_SITE = "jetbuilt:site:"


def named(text: str) -> LinkName:
    """The name as the worker keeps it; raises SettingsError, because a command written wrong is not work that failed."""
    try:
        name = LinkName.parse(text)
        return _folded(name) if name.kind == "site" else name
    except errors.Refused as refusal:
        raise errors.SettingsError(refusal.cause, remedy=refusal.remedy) from None


def _folded(site: LinkName) -> LinkName:
    """Capitals and blanks do not count in the name of a site."""
    name, _, company = site.source.removeprefix(_SITE).rpartition("@")
    return LinkName.parse(f"{_SITE}{folded(name)}@{company}")
