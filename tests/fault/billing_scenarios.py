"""The scenarios of the billing side."""

from __future__ import annotations
