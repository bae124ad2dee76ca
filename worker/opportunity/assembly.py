"""Puts the opportunity flow together from settings and connections."""

from __future__ import annotations

from cwbridge import locks
from cwbridge.connectors.connectwise import client as connectwise
from cwbridge.connectors.jetbuilt import client as jetbuilt
from cwbridge.ledger.catalog import CatalogMemory
from cwbridge.ledger.history import History
from cwbridge.ledger.links import Links
from cwbridge.ledger.sightings import Sightings
from cwbridge.redis import Redis
from cwbridge.settings import Settings
from worker.opportunity.catalog import Catalog
from worker.opportunity.desired import Rules
from worker.opportunity.flow import OpportunityFlow
from worker.opportunity.references import Resolver
from worker.opportunity.source import SourceReader
from worker.opportunity.target import Target
from worker.opportunity.taxonomy import Taxonomy


def rules(settings: Settings) -> Rules:
    """The settings that shape a projection, as data."""
    chosen = settings.opportunity
    site = (settings.jetbuilt.url or "https://app.jetbuilt.com/api").removesuffix("/api")
    return Rules(
        name_template=chosen.name_template,
        type_name=chosen.type_project,
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
    concurrency = settings.opportunity.apply_concurrency
    locker = locks.Locks(redis, namespace=namespace)
    links = Links(redis, namespace=namespace)
    taxonomy = Taxonomy(target, locker, settings.catalog)
    memory = CatalogMemory(redis, namespace=namespace, found_for=settings.catalog.found_for)
    return OpportunityFlow(
        reader=SourceReader(source),
        client=target,
        target=Target(target),
        resolver=Resolver(target, locker, links, settings.connectwise),
        taxonomy=taxonomy,
        catalog=Catalog(
            target,
            locker,
            taxonomy,
            memory,
            inactive=settings.catalog.inactive_items,
            concurrency=concurrency,
        ),
        links=links,
        history=history,
        sightings=Sightings(redis, namespace=namespace),
        rules=rules(settings),
        concurrency=concurrency,
    )
