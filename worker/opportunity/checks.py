"""What `cwbridge doctor` looks at for the opportunity flow: the names in its settings, and who represents the projects."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from cwbridge import checks, concurrency
from cwbridge.checks import AskedName, Check, KnownName, Looker, Missing, NameList, Result
from cwbridge.connectors import unclear
from cwbridge.connectors.connectwise.settings import ConnectWiseSettings
from cwbridge.connectors.connectwise.system import CONNECTWISE
from cwbridge.connectors.jetbuilt.client import JetbuiltClient
from cwbridge.connectors.jetbuilt.system import JETBUILT
from cwbridge.settings import Settings
from cwbridge.text import folded, one_line
from worker.opportunity.project_key import ProjectKey
from worker.opportunity.projection import NEVER_EXPORTED
from worker.opportunity.settings import CatalogSettings, OpportunitySettings
from worker.opportunity.stages import JETBUILT_STAGES
from worker.psa import checks as psa

_REP = "connectwise.default_sales_rep"
_EXAMPLES = 3


def names(settings: Settings) -> list[NameList]:
    """Every list of names that the settings of the flow choose from."""
    chosen, catalog = settings.of(OpportunitySettings), settings.of(CatalogSettings)
    stages, offices = chosen.stages.values(), chosen.offices.values()
    finished = _asked((chosen.finished_status,), "opportunity.finished_status")
    types = {
        f"opportunity.type_{kind}": getattr(chosen, f"type_{kind}")
        for kind in ("project", "option", "change_order")
    }
    return [
        NameList(noun="stage", system=JETBUILT, read=_stages, keys_of=("opportunity.stages",)),
        psa.members(_REP, settings.of(ConnectWiseSettings).default_sales_rep),
        psa.name_list(
            "opportunity type",
            lambda client: client.opportunity_types,
            values_of=tuple(types),
            asked=_each(types, "created"),
            names_of=lambda row: (row.description,),
        ),
        psa.name_list(
            "opportunity status",
            lambda client: client.opportunity_statuses,
            values_of=("opportunity.finished_status", "opportunity.stages.status"),
            asked=[*finished, *_asked((one.status for one in stages), "opportunity.stages")],
        ),
        psa.name_list(
            "stage",
            lambda client: client.stages,
            values_of=("opportunity.stages.stage",),
            asked=_asked((one.stage for one in stages), "opportunity.stages"),
        ),
        psa.name_list(
            "probability",
            lambda client: client.probabilities,
            values_of=("opportunity.stages.probability",),
            asked=_asked(
                (None if one.probability is None else str(one.probability) for one in stages),
                "opportunity.stages",
            ),
            names_of=lambda row: (str(row.probability),),
        ),
        psa.name_list(
            "location",
            lambda client: client.locations,
            values_of=("opportunity.offices.location",),
            asked=_asked((one.location for one in offices), "opportunity.offices"),
        ),
        psa.name_list(
            "department",
            lambda client: client.departments,
            values_of=("opportunity.offices.department",),
            asked=_asked((one.department for one in offices), "opportunity.offices"),
            names_of=lambda row: (row.name, row.identifier),
        ),
        *_catalog(catalog),
    ]


async def _stages(_client: JetbuiltClient) -> Sequence[KnownName]:
    """The stages that are exported; the vendor documents them, and no project can have another."""
    return [KnownName((stage,)) for stage in JETBUILT_STAGES if stage not in NEVER_EXPORTED]


def _catalog(catalog: CatalogSettings) -> Iterator[NameList]:
    yield psa.name_list(
        "category",
        lambda client: client.categories,
        values_of=("catalog.category",),
        asked=_each({"catalog.category": catalog.category}, "created"),
    )
    subcategories = {
        f"catalog.{name}": getattr(catalog, name)
        for name in CatalogSettings.model_fields
        if name.startswith("subcategory_")
    }
    category = folded(catalog.category)
    yield psa.name_list(
        "sub-category",
        lambda client: client.subcategories,
        values_of=(*subcategories, "catalog.item_types"),
        asked=[
            *_each(subcategories, "created"),
            *_asked(catalog.item_types.values(), "catalog.item_types", "created"),
        ],
        counts=lambda row: row.category is not None and folded(row.category.name) == category,
    )
    types = {
        f"catalog.{name}": getattr(catalog, name) for name in ("type_equipment", "type_labor", "type_other")
    }
    yield psa.name_list(
        "product type",
        lambda client: client.product_types,
        values_of=tuple(types),
        asked=_each(types, "created"),
    )
    yield psa.name_list(
        "unit of measure",
        lambda client: client.units_of_measure,
        values_of=("catalog.unit_of_measure",),
        asked=_each({"catalog.unit_of_measure": catalog.unit_of_measure}, "created"),
    )


def _each(named: dict[str, str], missing: Missing) -> list[AskedName]:
    return [AskedName(name=name, setting=setting, missing=missing) for setting, name in named.items()]


def _asked(given: Iterable[str | None], setting: str, missing: Missing = "refused") -> list[AskedName]:
    return [AskedName(name=name, setting=setting, missing=missing) for name in dict.fromkeys(given) if name]


def flow_checks(looker: Looker) -> tuple[Check, ...]:
    """The checks of the flow beside its names and access."""
    return (
        *psa.tenant(looker),
        Check(name="sales representatives", run=lambda: _representatives(looker)),
        Check(name="first projects", run=lambda: _first_projects(looker)),
    )


async def _representatives(looker: Looker) -> list[Result]:
    """Owners of projects without a member get the default, and are refused where there is none."""
    what = "sales representatives"
    jetbuilt, connectwise = await looker.client(JETBUILT), await looker.client(CONNECTWISE)
    users = [row.email for row in map(unclear.left_out, await jetbuilt.users()) if row.email]
    known = {
        folded(email)
        for row in map(unclear.left_out, await connectwise.members.find())
        if not row.inactiveFlag
        for email in (row.primaryEmail, row.officeEmail, row.mobileEmail, row.homeEmail)
        if email
    }
    lacking = [email for email in users if folded(email) not in known]
    detail = f"{len(users) - len(lacking)} of {len(users)} users of Jetbuilt have a member with their e-mail address"
    if not lacking or looker.settings.of(ConnectWiseSettings).default_sales_rep is not None:
        return [checks.ok(what, detail)]
    some = ", ".join(lacking[:3]) + (" and more" if len(lacking) > 3 else "")
    return [
        checks.warning(
            what,
            f"{detail}; projects of the others are refused unless a member has the owner's full name: {some}",
            f"Set {_REP} to the Member ID of a sales representative, or give the members these e-mail addresses.",
        )
    ]


async def _first_projects(looker: Looker) -> list[Result]:
    """A new operator needs the key of one project."""
    client = await looker.client(JETBUILT)
    listed = (await client.projects_page()).items[:_EXAMPLES]
    projects = await concurrency.gather_limited((client.project(one.id) for one in listed), limit=_EXAMPLES)
    found = [
        (str(ProjectKey(one.family)), one_line(one.name))
        for one in projects
        if folded(one.stage) not in NEVER_EXPORTED
    ]
    return [checks.first_keys("first projects", found, none="none of the first projects is exported")]
