"""Write the table of cases into the last section of docs/mapping.md."""

from __future__ import annotations

from tests.conformance import page

if __name__ == "__main__":
    page.PAGE.write_text(page.renewed(page.PAGE.read_text("utf-8")), "utf-8")
