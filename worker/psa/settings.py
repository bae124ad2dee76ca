"""The table `[defaults]` of the settings: default fields of new records in ConnectWise."""

from __future__ import annotations

from typing import ClassVar

from cwbridge.settings.sections import Section
from cwbridge.settings.values import FieldValues


class DefaultFieldsSettings(Section):
    """Values written into every new record of a kind, for fields that this tenant demands and the source does not know.

    A text, number or boolean is written as it is, a date as the first moment of the day in UTC; a reference is written as a table
    such as `{id = 5}`; `custom_fields` is a table of captions and values.
    """

    table: ClassVar[str] = "defaults"

    opportunity: FieldValues = {}
    """Fields of new opportunities."""
    product: FieldValues = {}
    """Fields of new product items."""
    catalog: FieldValues = {}
    """Fields of new catalog items."""
    company: FieldValues = {}
    """Fields of new companies."""
    contact: FieldValues = {}
    """Fields of new contacts."""
