"""What `cwbridge doctor` looks at for the billing flow: names in its settings, account types, polling, the vendor's own connector."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime

from cwbridge import checks
from cwbridge.checks import AskedName, Check, KnownName, Looker, Missing, NameList, Result
from cwbridge.connectors import unclear
from cwbridge.connectors.bss import filters, refusals
from cwbridge.connectors.bss.client import BssClient
from cwbridge.connectors.bss.system import BSS
from cwbridge.settings import Settings
from cwbridge.text import folded
from worker.billing import first_accounts
from worker.billing.settings import BillingSettings
from worker.psa import checks as psa

_LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
_TYPES = "billing.account_types"
_REP = "billing.sales_representative"


def names(settings: Settings) -> list[NameList]:
    """Every list of names that the settings of the flow choose from."""
    chosen = settings.of(BillingSettings)
    pushed = frozenset(chosen.push)
    return [
        NameList(
            noun="account type",
            system=BSS,
            read=_account_types,
            keys_of=(_TYPES,),
            asked=tuple(_values(chosen.account_types, _TYPES)),
        ),
        psa.name_list(
            "company type",
            lambda client: client.company_types,
            values_of=(_TYPES,),
            asked=_values(chosen.account_types.values(), _TYPES),
        ),
        psa.name_list(
            "company status",
            lambda client: client.company_statuses,
            values_of=("billing.company_status",),
            asked=_one("billing.company_status", chosen.company_status),
        ),
        psa.name_list(
            "communication type",
            lambda client: client.communication_types,
            values_of=("billing.mobile_type",),
            asked=_one("billing.mobile_type", chosen.mobile_type),
            names_of=lambda row: (row.description,),
        ),
        psa.name_list(
            "currency",
            lambda client: client.currencies,
            values_of=("billing.currencies",),
            asked=_values(chosen.currencies.values(), "billing.currencies"),
            names_of=lambda row: (
                row.currencyIdentifier,
                row.currencyCode.name if row.currencyCode else None,
            ),
        ),
        psa.name_list(
            "country",
            lambda client: client.countries,
            values_of=("billing.countries",),
            asked=_values(chosen.countries.values(), "billing.countries"),
            names_of=lambda row: (row.name, row.countryCode),
        ),
        *(_products(chosen) if pushed & {"product", "order", "invoice", "subscription"} else ()),
        *(_documents(chosen) if pushed & {"order", "invoice", "subscription"} else ()),
    ]


def _products(chosen: BillingSettings) -> Iterator[NameList]:
    category = folded(chosen.product_category)
    rows = chosen.product_types.values()
    yield psa.name_list(
        "category",
        lambda client: client.categories,
        values_of=("billing.product_category", "billing.product_types.category"),
        asked=[
            *_one("billing.product_category", chosen.product_category, "created"),
            *_values((row.category for row in rows), "billing.product_types", "created"),
        ],
    )
    yield psa.name_list(
        "sub-category",
        lambda client: client.subcategories,
        values_of=("billing.product_subcategory", "billing.product_types.subcategory"),
        asked=_one("billing.product_subcategory", chosen.product_subcategory, "created"),
        counts=lambda row: row.category is not None and folded(row.category.name) == category,
    )
    yield psa.name_list(
        "product type",
        lambda client: client.product_types,
        values_of=("billing.product_type", "billing.product_types.type"),
        asked=[
            *_one("billing.product_type", chosen.product_type, "created"),
            *_values((row.type for row in rows), "billing.product_types", "created"),
        ],
    )
    yield psa.name_list(
        "unit of measure",
        lambda client: client.units_of_measure,
        values_of=("billing.unit_of_measure", "billing.units_of_measure"),
        asked=[
            *_one("billing.unit_of_measure", chosen.unit_of_measure, "created"),
            *_values(chosen.units_of_measure.values(), "billing.units_of_measure", "created"),
        ],
    )


def _documents(chosen: BillingSettings) -> Iterator[NameList]:
    yield psa.members(_REP, chosen.sales_representative, more=("billing.users", chosen.users.values()))
    yield psa.name_list(
        "location",
        lambda client: client.locations,
        values_of=("billing.location",),
        asked=_one("billing.location", chosen.location),
    )
    yield psa.name_list(
        "department",
        lambda client: client.departments,
        values_of=("billing.department",),
        asked=_one("billing.department", chosen.department),
        names_of=lambda row: (row.name, row.identifier),
    )
    yield psa.name_list(
        "order status",
        lambda client: client.order_statuses,
        values_of=("billing.order_status", "billing.order_statuses"),
        asked=[
            *_one("billing.order_status", chosen.order_status),
            *_values(chosen.order_statuses.values(), "billing.order_statuses"),
        ],
    )
    yield psa.name_list(
        "invoice status",
        lambda client: client.invoice_statuses,
        values_of=("billing.invoice_statuses",),
        asked=_values(chosen.invoice_statuses.values(), "billing.invoice_statuses"),
    )
    yield psa.name_list(
        "billing terms",
        lambda client: client.billing_terms,
        values_of=("billing.billing_terms",),
        asked=_values(chosen.billing_terms.values(), "billing.billing_terms"),
    )
    yield psa.name_list(
        "tax code",
        lambda client: client.tax_codes,
        values_of=("billing.tax_codes",),
        asked=_values(chosen.tax_codes.values(), "billing.tax_codes"),
        names_of=lambda row: (row.identifier, row.description),
    )
    yield psa.name_list(
        "agreement type",
        lambda client: client.agreement_types,
        values_of=("billing.units",),
        asked=_values(chosen.units.values(), "billing.units"),
    )
    if "subscription" in chosen.push:
        yield psa.name_list(
            "custom field",
            lambda client: client.user_defined_fields,
            values_of=("billing.subscription_id_field", "billing.subscription_name_field"),
            asked=[
                *_one("billing.subscription_id_field", chosen.subscription_id_field),
                *_one("billing.subscription_name_field", chosen.subscription_name_field, "left out"),
            ],
            names_of=lambda row: (row.caption,),
        )


async def _account_types(client: BssClient) -> Sequence[KnownName]:
    rows = map(unclear.left_out, await client.account_types())
    return [KnownName((row.name,)) for row in rows if row.name]


def _one(setting: str, name: str | None, missing: Missing = "refused") -> list[AskedName]:
    return [AskedName(name=name, setting=setting, missing=missing)] if name else []


def _values(given: Iterable[str | None], setting: str, missing: Missing = "refused") -> list[AskedName]:
    return [AskedName(name=name, setting=setting, missing=missing) for name in dict.fromkeys(given) if name]


def flow_checks(looker: Looker) -> tuple[Check, ...]:
    """The checks of the flow beside its names and access."""
    return (
        *psa.tenant(looker),
        Check(name="BSS account types", run=lambda: _rows_of_types(looker), seconds=20),
        Check(name="BSS polling", run=lambda: _polling(looker), seconds=20),
        Check(name="vendor connector of BSS", run=lambda: _vendor(looker), seconds=20),
        Check(name="billing settings", run=lambda: _settings(looker)),
        Check(name="first accounts", run=lambda: first_accounts.told(looker), seconds=20),
    )


async def _rows_of_types(looker: Looker) -> list[Result]:
    """Accounts of a type without a row are refused."""
    what = "BSS account types"
    client = await looker.client(BSS)
    types = [known.names[0] for known in await _account_types(client)]
    rows = {folded(name) for name in looker.settings.of(BillingSettings).account_types}
    lacking = [name for name in types if folded(name) not in rows]
    if not lacking:
        return [checks.ok(what, f"each of {len(types)} has a row in [{_TYPES}]")]
    told = ", ".join(map(repr, lacking[:10])) + (" and more" if len(lacking) > 10 else "")
    remedy = f'Add rows such as "{lacking[0]}" = "NAME OF A COMPANY TYPE" to [{_TYPES}].'
    if len(lacking) == len(types):
        return [
            checks.broken(
                what, f"no type has a row in [{_TYPES}], so every account is refused: {told}", remedy
            )
        ]
    return [
        checks.warning(
            what, f"accounts of these types are refused, they have no row in [{_TYPES}]: {told}", remedy
        )
    ]


async def _polling(looker: Looker) -> list[Result]:
    """Tenants differ in whether they can be asked for changes; the producers find out by the same two questions."""
    what = "BSS polling"
    accounts = (await looker.client(BSS)).accounts
    try:
        page = await accounts.page(1, filters.updated_after(_LONG_AGO), size=10)
    except refusals.RequestInvalid:
        pass
    else:
        if page.rows or not (await accounts.page(1, size=10)).rows:
            return [checks.ok(what, "changes are asked for by updatedAt: one call for each poll")]
    try:
        await accounts.page(1, order=filters.NEWEST_FIRST, size=10)
    except refusals.RequestInvalid:
        return [
            checks.warning(
                what,
                "BSS takes updatedAt neither in $filter nor in $orderby: every poll reads everything",
                "Raise CWBRIDGE_BSS__POLL_INTERVAL if that takes too many calls.",
            )
        ]
    return [checks.ok(what, "BSS does not filter by updatedAt: each poll reads the newest changes first")]


async def _vendor(looker: Looker) -> list[Result]:
    what = "vendor connector of BSS"
    chosen = looker.settings.of(BillingSettings)
    page = await (await looker.client(BSS)).accounts.page(1)
    rows = list(map(unclear.left_out, page.rows))
    linked = [row for row in rows if (row.integrationId or "").strip()]
    if not linked:
        return [checks.ok(what, f"no integrationId at the first {len(rows)} accounts")]
    detail = (
        f"{len(linked)} of the first {len(rows)} accounts have an integrationId of the vendor's own connector"
    )
    if chosen.adopt_vendor_links:
        return [checks.ok(what, f"{detail}; its links are taken over")]
    if chosen.beside_vendor_connector:
        return [checks.ok(what, f"{detail}; they are synced all the same")]
    return [
        checks.broken(
            what,
            f"{detail}; these accounts are refused",
            "Switch that connector off and set billing.adopt_vendor_links = true, or set billing.beside_vendor_connector = true.",
        )
    ]


async def _settings(looker: Looker) -> list[Result]:
    """What can be told from the settings alone."""
    what, chosen = "billing settings", looker.settings.of(BillingSettings)
    told: list[Result] = []
    if "order" in chosen.push and chosen.sales_representative is None:
        told.append(
            checks.warning(
                what,
                f"{_REP} is not set: orders that no row of [billing.users] fits are refused",
                f"Set {_REP} to the Member ID of a sales representative.",
            )
        )
    if "subscription" in chosen.push and not chosen.units:
        told.append(
            checks.warning(
                what,
                "[billing.units] has no row: every subscription is refused",
                'Add a row for each unit, such as "Month" = "NAME OF AN AGREEMENT TYPE", or take subscription out of billing.push.',
            )
        )
    return told or [checks.ok(what, "what orders and subscriptions need is set")]
