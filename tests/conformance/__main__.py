"""Write the tables of cases into the last sections of the mapping pages."""

from __future__ import annotations

from tests.conformance import document_page, page, pair_page

if __name__ == "__main__":
    page.PAGE.write_text(page.renewed(page.PAGE.read_text("utf-8")), "utf-8")
    pair_page.PAGE.write_text(pair_page.renewed(pair_page.PAGE.read_text("utf-8")), "utf-8")
    document_page.PAGE.write_text(document_page.renewed(document_page.PAGE.read_text("utf-8")), "utf-8")
