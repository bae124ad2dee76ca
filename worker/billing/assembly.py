"""Puts the billing flow together from settings and connections."""

from __future__ import annotations

from cwbridge import metrics
from cwbridge.connectors.bss.system import BSS
from cwbridge.connectors.connectwise.system import CONNECTWISE
from cwbridge.flow import FlowContext
from cwbridge.ledger.agreements import Agreements
from cwbridge.ledger.api_member import ApiMember
from cwbridge.ledger.attempts import Attempts
from cwbridge.ledger.creates import Creates
from cwbridge.ledger.money_discrepancies import Kind, MoneyDiscrepancies
from cwbridge.ledger.own_writes import OwnWrites
from cwbridge.ledger.skips import Skips
from worker.billing.account_fields import AccountFields
from worker.billing.account_reconciler import AccountReconciler
from worker.billing.account_types import AccountTypes
from worker.billing.agreement_creator import AgreementCreator
from worker.billing.agreement_finder import AgreementFinder
from worker.billing.communication import CommunicationTypes
from worker.billing.company_books import AskedCompanies
from worker.billing.company_creator import CompanyCreator
from worker.billing.company_finder import CompanyFinder
from worker.billing.company_puller import CompanyPuller
from worker.billing.contact_fields import ContactFields
from worker.billing.contact_finder import ContactFinder
from worker.billing.contact_puller import ContactPuller
from worker.billing.contact_reconciler import ContactReconciler
from worker.billing.contact_writer import ContactWriter
from worker.billing.context import BillingContext
from worker.billing.dependencies import Dependencies
from worker.billing.document_finder import DocumentFinder
from worker.billing.document_lines import DocumentLines
from worker.billing.document_names import DocumentNames
from worker.billing.document_reconciler import DocumentReconciler
from worker.billing.evidence import Evidence
from worker.billing.flow import BillingFlow, Reconciler
from worker.billing.invoice_kind import InvoiceKind
from worker.billing.keys import FLOW, Noun
from worker.billing.order_kind import OrderKind
from worker.billing.payment_finder import PaymentFinder
from worker.billing.payment_reconciler import PaymentReconciler
from worker.billing.payment_writer import PaymentWriter
from worker.billing.product_creator import ProductCreator
from worker.billing.product_fields import placement_rule
from worker.billing.product_finder import ProductFinder
from worker.billing.product_reconciler import ProductReconciler
from worker.billing.relatives import RelativesReader
from worker.billing.rules import BillingRules
from worker.billing.settings import BillingSettings
from worker.billing.subscription_custom_fields import SubscriptionCustomFields
from worker.billing.subscription_reconciler import SubscriptionReconciler
from worker.psa.authorship import Authorship
from worker.psa.catalog_placement import CatalogPlacement
from worker.psa.context import PsaContext


def billing_flow(opened: FlowContext) -> BillingFlow:
    """The flow with everything it needs."""
    context = billing_context(opened)
    rules = context.rules
    evidence = Evidence(context.psa.client, context.bss.accounts, context.creates, context.api_member)
    finder = CompanyFinder(AskedCompanies(context.psa), context.links, evidence, context.creates, rules)
    types = AccountTypes(context.psa, context.bss, rules.account_types)
    fields = AccountFields(context.psa.setup_tables, rules)
    communication = CommunicationTypes(context.psa.client, rules.mobile_type)
    contact_finder = ContactFinder(context, communication, context.links)
    contact_fields = ContactFields(communication, context.links)
    return BillingFlow(
        context,
        reconcilers={
            "account": AccountReconciler(
                context,
                fields=fields,
                types=types,
                finder=finder,
                creator=CompanyCreator(context, finder, types),
                relatives=RelativesReader(context),
            ),
            "contact": ContactReconciler(
                context,
                fields=contact_fields,
                finder=contact_finder,
                writer=ContactWriter(context, contact_fields, contact_finder),
            ),
            **_documents(context, opened),
        },
        companies=CompanyPuller(context, fields=fields, types=types, finder=finder, evidence=evidence),
        people=ContactPuller(context, fields=contact_fields, finder=contact_finder),
        history=opened.history,
    )


def _documents(context: BillingContext, opened: FlowContext) -> dict[Noun, Reconciler]:
    """What syncs the records that go to ConnectWise only."""
    psa, rules = context.psa, context.rules.documents
    dependencies = Dependencies(context)
    lines = DocumentLines.over(opened, context)
    authorship = Authorship(psa.client, context.api_member)
    money = MoneyDiscrepancies(opened.redis, namespace=opened.settings.namespace, on_found=_count)
    names = DocumentNames(context)
    orders = OrderKind(context, dependencies, names)
    invoices = InvoiceKind(context, dependencies, names)
    placement = CatalogPlacement(psa.client, psa.name_tables, placement_rule(rules.products))
    return {
        "product": ProductReconciler(context, ProductFinder(context), ProductCreator(context, placement)),
        "order": DocumentReconciler(
            context, orders, DocumentFinder(context, orders, lines, authorship), lines, money
        ),
        "invoice": DocumentReconciler(
            context, invoices, DocumentFinder(context, invoices, lines, authorship), lines, money
        ),
        "payment": PaymentReconciler(
            context,
            money,
            dependencies=dependencies,
            finder=PaymentFinder(context, authorship),
            writer=PaymentWriter(context),
        ),
        "subscription": SubscriptionReconciler(
            context,
            dependencies,
            AgreementFinder(context, AgreementCreator(context, dependencies)),
            SubscriptionCustomFields(context),
        ),
    }


def billing_context(opened: FlowContext) -> BillingContext:
    """Both tenants, the ledger, the queue and the rules."""
    settings, redis = opened.settings, opened.redis
    namespace = settings.namespace
    return BillingContext(
        bss=opened.connections.client(BSS),
        psa=PsaContext.over(opened.connections.client(CONNECTWISE), redis, settings, flow=FLOW),
        queue=opened.queue,
        agreements=Agreements(redis, namespace=namespace),
        attempts=Attempts(redis, namespace=namespace),
        creates=Creates(redis, namespace=namespace),
        skips=Skips(redis, namespace=namespace),
        api_member=ApiMember(redis, namespace=namespace),
        history=opened.history,
        own_writes=OwnWrites(redis, namespace=namespace, system=BSS.name),
        rules=BillingRules.of(settings.of(BillingSettings)),
    )


def _count(kind: Kind) -> None:
    """Count a new difference in money."""
    metrics.DISCREPANCIES.labels(FLOW, kind).inc()
