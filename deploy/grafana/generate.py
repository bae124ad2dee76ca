"""Writes the dashboards as JSON: `python -m deploy.grafana.generate`."""

from __future__ import annotations

import json
from pathlib import Path

from grafana_foundation_sdk.cog.encoder import JSONEncoder

from deploy.grafana.board import Board
from deploy.grafana.flow import FLOW
from deploy.grafana.overview import OVERVIEW
from deploy.grafana.systems import SYSTEMS

HOME = Path(__file__).parent
BOARDS = {"overview.json": OVERVIEW, "systems.json": SYSTEMS, "flow.json": FLOW}


def text_of(board: Board) -> str:
    """The dashboard as Grafana imports it."""
    return json.dumps(board.built(), cls=JSONEncoder, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def main() -> None:
    """Write every dashboard beside this file."""
    for name, board in BOARDS.items():
        (HOME / name).write_text(text_of(board), "utf-8")


if __name__ == "__main__":
    main()
