"""Which reference of a refused write ConnectWise no longer has."""

from __future__ import annotations

from cwbridge import errors


def gone_reference(refusal: errors.Refused) -> str:
    """The name of the refused reference in lower case, such as `contact`; "" when the refusal is about something else."""
    if not isinstance(refusal, errors.NotFound | errors.ValueRefused):
        return ""
    named: str = getattr(refusal, "field", "")
    return named.split("/", maxsplit=1)[0].lower().removesuffix("id")
