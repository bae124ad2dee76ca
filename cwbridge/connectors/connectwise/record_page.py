"""The address under which a person opens a record in ConnectWise.

Source: the vendor's pattern for links to records, `openrecord.rails` with a record type; types that no public page names have no address.
"""

from __future__ import annotations

from urllib.parse import urlencode

from yarl import URL

from cwbridge.connectors.connectwise.settings import ConnectWiseSettings

_RECORD_TYPES = {
    "opportunity": "OpportunityFV",
    "company": "CompanyFV",
    "contact": "ContactFV",
    "agreement": "AgreementFV",
}
_PATH = "/v4_6_release/services/system_io/router/openrecord.rails"


def address(configured: ConnectWiseSettings, kind: str, record_id: int) -> str | None:
    """The address of a record of `kind`; None without a record type or a host."""
    record_type = _RECORD_TYPES.get(kind)
    if record_type is None or not configured.url:
        return None
    api = URL(configured.url)
    # People use the same host without the prefix that the cloud has for programs.
    host = (api.host or "").removeprefix("api-")
    query = {"recordType": record_type, "recid": record_id, "companyName": configured.company_id or ""}
    return f"{api.with_host(host).origin()}{_PATH}?{urlencode(query)}"
