"""Puts the opportunity flow together from settings and connections."""

from __future__ import annotations

from cwbridge import locks
from cwbridge.connectors.connectwise import client as connectwise
from cwbridge.connectors.jetbuilt import client as jetbuilt
from cwbridge.ledger.catalog import CatalogCache
from cwbridge.ledger.history import History
from cwbridge.ledger.links import Links
from cwbridge.ledger.options import Options
from cwbridge.ledger.sightings import Sightings
from cwbridge.queue.queue import Queue
from cwbridge.redis import Redis
from cwbridge.settings import Settings
from worker.opportunity.desired import OfficeAssignment, Progress, Rules
from worker.opportunity.flow import OpportunityFlow
from worker.opportunity.header import HeaderBuilder
from worker.opportunity.options import OptionFanOut
from worker.opportunity.references import Resolver
from worker.opportunity.source import SourceReader
from worker.opportunity.target import Target
from worker.opportunity.writer import OpportunityWriter
from worker.psa.catalog import Catalog
from worker.psa.catalog_placement import CatalogPlacement
from worker.psa.companies import Companies
from worker.psa.contacts import Contacts
from worker.psa.default_fields import DefaultFields
from worker.psa.inventory_gate import InventoryGate
from worker.psa.members import Members
from worker.psa.setup_tables import SetupTables
from worker.psa.sites import Sites


def rules(settings: Settings) -> Rules:
    """The settings that shape a projection, as data."""
    chosen = settings.opportunity
    site = (settings.jetbuilt.url or "https://app.jetbuilt.com/api").removesuffix("/api")
    return Rules(
        name_template=chosen.name_template,
        identifier_template=settings.catalog.identifier_template,
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
        project_link=site + "/projects/{id}",
    )


def opportunity_flow(
    settings: Settings,
    redis: Redis,
    source: jetbuilt.JetbuiltClient,
    target: connectwise.ConnectWiseClient,
    history: History,
) -> OpportunityFlow:
    """The flow with everything it stands on."""
    namespace = settings.namespace
    queue = Queue(redis, namespace=namespace, settings=settings.queue)
    links = Links(redis, namespace=namespace)
    sightings = Sightings(redis, namespace=namespace)
    opportunities = Target(target, sightings)
    return OpportunityFlow(
        reader=SourceReader(source),
        writer=_writer(settings, redis, target, queue, links=links, opportunities=opportunities),
        options=OptionFanOut(
            queue, Options(redis, links, namespace=namespace), links=links, target=opportunities
        ),
        links=links,
        history=history,
        sightings=sightings,
        rules=rules(settings),
    )


def _writer(
    settings: Settings,
    redis: Redis,
    client: connectwise.ConnectWiseClient,
    queue: Queue,
    *,
    links: Links,
    opportunities: Target,
) -> OpportunityWriter:
    namespace = settings.namespace
    locker = locks.Locks(redis, namespace=namespace)
    default_fields = DefaultFields(client, settings.defaults)
    setup_tables = SetupTables(client, locker)
    catalog_placement = CatalogPlacement(client, locker, settings.catalog)
    resolver = Resolver(
        Members(client, default=settings.connectwise.default_sales_rep),
        Companies(client, locker, links, setup_tables, default_fields=default_fields),
        Contacts(
            client,
            locker,
            links,
            default_fields=default_fields,
            allow_duplicates=settings.opportunity.allow_duplicate_contacts,
        ),
        Sites(client, locker, links, setup_tables),
        links,
    )
    catalog = Catalog(
        client,
        locker,
        catalog_placement,
        CatalogCache(redis, namespace=namespace, cache_ttl=settings.catalog.cache_ttl),
        inactive=settings.catalog.inactive_items,
        existing=settings.catalog.existing_items,
        default_fields=default_fields,
        concurrency=settings.opportunity.apply_concurrency,
    )
    return OpportunityWriter(
        client,
        target=opportunities,
        header=HeaderBuilder(resolver, catalog_placement, setup_tables, default_fields=default_fields),
        setup_tables=setup_tables,
        catalog_placement=catalog_placement,
        catalog=catalog,
        inventory_gate=InventoryGate(
            redis, queue, namespace=namespace, probe_every=settings.opportunity.inventory_probe_interval
        ),
        links=links,
        default_fields=default_fields,
        rules=rules(settings),
        settings=settings,
    )
