"""Puts the opportunity flow together from settings and connections."""

from __future__ import annotations

from cwbridge.connectors.connectwise import client as connectwise
from cwbridge.connectors.connectwise.settings import ConnectWiseSettings
from cwbridge.connectors.jetbuilt import ACTIVE_PROJECTS
from cwbridge.connectors.jetbuilt import client as jetbuilt
from cwbridge.connectors.jetbuilt.settings import JetbuiltSettings
from cwbridge.ledger.accepted_amounts import AcceptedAmounts
from cwbridge.ledger.api_member import ApiMember
from cwbridge.ledger.catalog import CatalogCache
from cwbridge.ledger.catalog_copies import CatalogCopyNotes
from cwbridge.ledger.hints import Hints
from cwbridge.ledger.history import History
from cwbridge.queue.queue import Queue
from cwbridge.redis import Redis
from cwbridge.settings import Settings
from worker.opportunity.catalog_rule import placement_rule
from worker.opportunity.desired import OfficeAssignment, Progress, Rules
from worker.opportunity.finisher import Finisher
from worker.opportunity.flow import OpportunityFlow
from worker.opportunity.header import HeaderBuilder
from worker.opportunity.known_options import KnownOptions
from worker.opportunity.opportunity_lines import OpportunityLines
from worker.opportunity.options import OptionFanOut
from worker.opportunity.plan import is_own
from worker.opportunity.project_key import FLOW
from worker.opportunity.read_ahead import ReadAhead
from worker.opportunity.references import Resolver
from worker.opportunity.sales_tables import SalesTables
from worker.opportunity.settings import CatalogSettings, OpportunitySettings
from worker.opportunity.source import SourceReader
from worker.opportunity.target import Target
from worker.opportunity.unchanged import Unchanged
from worker.opportunity.writer import OpportunityWriter
from worker.psa.catalog import Catalog, CatalogPolicy
from worker.psa.catalog_copies import CatalogCopyRemoval
from worker.psa.catalog_placement import CatalogPlacement
from worker.psa.context import PsaContext
from worker.psa.inventory_gate import InventoryGate
from worker.psa.product_lines import ProductLines


def project_page(settings: Settings) -> str:
    """The address of a project in Jetbuilt, with `{id}` for its id."""
    site = (settings.of(JetbuiltSettings).url or "https://app.jetbuilt.com/api").removesuffix("/api")
    return site + "/projects/{id}"


def rules(settings: Settings) -> Rules:
    """The settings that shape a projection, as data."""
    chosen = settings.of(OpportunitySettings)
    return Rules(
        name_template=chosen.name_template,
        identifier_template=settings.of(CatalogSettings).identifier_template,
        option_name_template=chosen.option_name_template,
        type_name=chosen.type_project,
        type_option=chosen.type_option,
        type_change_order=chosen.type_change_order,
        stages={
            name: Progress(stage=target.stage, status=target.status, probability=target.probability)
            for name, target in chosen.stages.items()
        },
        offices={
            name: OfficeAssignment(location=target.location, department=target.department)
            for name, target in chosen.offices.items()
        },
        site_of_project=chosen.site == "project",
        currency_by_code=chosen.currency == "by_code",
        skip_stages=chosen.skip_stages,
        close_after_days=chosen.close_after.days,
        fallback_contact=chosen.fallback_contact,
        fallback_site=chosen.fallback_site,
        no_charge_owner_furnished=chosen.owner_furnished == "no_charge",
        line_strategy=chosen.line_strategy,
        project_link=project_page(settings),
    )


def opportunity_flow(
    settings: Settings,
    redis: Redis,
    source: jetbuilt.JetbuiltClient,
    client: connectwise.ConnectWiseClient,
    history: History,
) -> OpportunityFlow:
    """The flow with everything it needs."""
    namespace = settings.namespace
    psa = PsaContext.over(client, redis, settings, flow=FLOW)
    queue = Queue(redis, namespace=namespace, settings=settings.queue)
    target = Target(client, ApiMember(redis, namespace=namespace))
    sales_tables = SalesTables(client, psa.name_tables)
    chosen = rules(settings)
    product_lines = ProductLines(client.products, AcceptedAmounts(redis, namespace=namespace), is_own=is_own)
    lines = _lines(settings, redis, psa, queue, product_lines=product_lines, chosen=chosen)
    header = _header(settings, psa, sales_tables)
    read_ahead = ReadAhead(redis, client, product_lines, queue=queue, links=psa.links, locks=psa.locks)
    repair_drift = settings.of(OpportunitySettings).drift == "repair"
    return OpportunityFlow(
        reader=SourceReader(source),
        writer=OpportunityWriter(
            target,
            header,
            lines,
            sales_tables,
            psa.links,
            unchanged=Unchanged(
                read_ahead, target, header, lines, links=psa.links, repair_drift=repair_drift
            ),
            repair_drift=repair_drift,
        ),
        finisher=Finisher(
            target,
            lines,
            sales_tables,
            psa.links,
            finished_status=settings.of(OpportunitySettings).finished_status,
        ),
        options=OptionFanOut(
            queue, KnownOptions(redis, psa.links, namespace=namespace), links=psa.links, target=target
        ),
        links=psa.links,
        history=history,
        active=Hints(redis, namespace=namespace, name=ACTIVE_PROJECTS),
        rules=chosen,
    )


def _header(settings: Settings, psa: PsaContext, sales_tables: SalesTables) -> HeaderBuilder:
    resolver = Resolver(
        psa,
        default_sales_rep=settings.of(ConnectWiseSettings).default_sales_rep,
        allow_duplicate_contacts=settings.of(OpportunitySettings).allow_duplicate_contacts,
    )
    return HeaderBuilder(psa, resolver, sales_tables)


def _lines(
    settings: Settings,
    redis: Redis,
    psa: PsaContext,
    queue: Queue,
    *,
    product_lines: ProductLines,
    chosen: Rules,
) -> OpportunityLines:
    namespace = settings.namespace
    catalog = Catalog(
        psa,
        CatalogPlacement(psa.client, psa.name_tables, placement_rule(settings.of(CatalogSettings))),
        CatalogCache(redis, namespace=namespace, cache_ttl=settings.of(CatalogSettings).cache_ttl),
        CatalogCopyRemoval(psa.client.catalog, CatalogCopyNotes(redis, namespace=namespace)),
        CatalogPolicy(
            inactive=settings.of(CatalogSettings).inactive_items,
            existing=settings.of(CatalogSettings).existing_items,
            concurrency=settings.of(OpportunitySettings).apply_concurrency,
        ),
    )
    return OpportunityLines(
        psa,
        catalog,
        product_lines,
        InventoryGate(
            redis,
            queue,
            namespace=namespace,
            probe_interval=settings.of(OpportunitySettings).inventory_probe_interval,
        ),
        rules=chosen,
        chosen=settings.of(OpportunitySettings),
    )
