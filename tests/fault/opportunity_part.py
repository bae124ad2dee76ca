"""The part of the opportunity flow."""

from __future__ import annotations

from collections.abc import Mapping

from sandbox import credentials
from sandbox.server import Sandbox
from tests.fault.edits import Editor
from tests.fault.judge import PRODUCTS, Judge
from tests.fault.part import Part


class OpportunityPart(Part):
    """Projects of Jetbuilt and opportunities of ConnectWise."""

    schedules = ("jetbuilt_poll",)

    def __init__(self, box: Sandbox, seed: int) -> None:
        self._box = box
        self._editor = Editor(box, seed)
        self._judge = Judge(box)

    @property
    def editor(self) -> Editor:
        return self._editor

    @property
    def judge(self) -> Judge:
        return self._judge

    def settings(self) -> Mapping[str, str]:
        box = self._box
        rep = next(row for row in box.connectwise.table("system/members") if row["licenseClass"] != "A")
        return {
            "JETBUILT__URL": box.jetbuilt_url,
            "JETBUILT__API_KEY": credentials.JETBUILT_API_KEY,
            "JETBUILT__RATE_LIMIT": "off",
            "JETBUILT__CONCURRENCY": "16",
            "JETBUILT__POLL_INTERVAL": "1s",
            "JETBUILT__POLL_OVERLAP": "5s",
            "CONNECTWISE__DEFAULT_SALES_REP": rep["identifier"],
            "OPPORTUNITY__INVENTORY_PROBE_INTERVAL": "1500ms",
        }

    def writes(self) -> int:
        """Writes to product items."""
        return sum(write.resource == PRODUCTS for write in self._box.connectwise.writes)
