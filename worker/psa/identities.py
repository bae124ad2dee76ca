"""Identities of records: in the ledger of links, in ConnectWise, and in the commands that a remedy names."""

from __future__ import annotations

import re
import shlex

from cwbridge.text import digest
from worker.psa.records import DesiredCompany

# The smallest of the versions in use: 25 in 2022.1, 156 in 2026.4 (specifications).
_MAX_COMPANY_IDENTIFIER = 25


def within(identity: str, company: int) -> str:
    """The link identity of a contact or site, which belongs to one company of ConnectWise."""
    return f"{identity}@{company}"


def relink_command(identity: str) -> str:
    """The command with which the operator chooses the record of `identity`, quoted for a shell."""
    return f"cwbridge links relink {shlex.quote(identity)} --to ID"


def company_identifier(desired: DesiredCompany) -> str:
    """The beginning of the name and a digest of the identity: one identity always gets the same identifier."""
    letters = re.sub(r"[^A-Za-z0-9]", "", desired.name)[: _MAX_COMPANY_IDENTIFIER - 7]
    return f"{letters}-{digest(desired.identity.encode())[:6]}"
