"""Projects a Jetbuilt project onto the desired opportunity; a pure function."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal

from cwbridge import errors
from cwbridge.connectors.jetbuilt import models
from cwbridge.text import clip, folded, many_lines, one_line, shorten
from worker.opportunity import lines, option_lines
from worker.opportunity.desired import DesiredOpportunity, OfficeAssignment, Progress, Rules
from worker.opportunity.source import Source
from worker.psa.money import cents
from worker.psa.records import (
    DesiredCompany,
    DesiredContact,
    DesiredMember,
    DesiredSite,
    PostalAddress,
)

NEVER_EXPORTED = frozenset({"template", "trash"})
MAX_NAME = 100
_MAX_SITE_NAME = 50


def skip_reason(project: models.Project, rules: Rules) -> str | None:
    """Why the project is not exported, or None when it is."""
    stage = project.stage or ""
    if folded(stage) in NEVER_EXPORTED:
        return f"stage {stage} is never exported"
    if folded(stage) in map(folded, rules.skip_stages):
        return f"stage {stage} is left out by opportunity.skip_stages"
    return None


def project(source: Source, rules: Rules) -> DesiredOpportunity:
    """The desired opportunity; raises Refused when the project lacks what ConnectWise demands."""
    client = source.client
    if client is None:
        raise errors.Refused(
            "The project has no client, and an opportunity needs a company",
            remedy="Choose a client for the project in Jetbuilt; saving it starts the export again.",
        )
    option = source.option
    project = source.project
    return DesiredOpportunity(
        external_id=source.key.external_id,
        name=_name(project, rules) if option is None else _option_name(project, option, rules),
        type_name=_type_name(option, rules),
        close_date=_close_date(project, rules),
        notes=_notes(project, option, rules),
        rep=_rep(source),
        company=_company(client, source.parent),
        contact=_contact(source, client, rules),
        site=_site(source, rules),
        lines=(
            lines.of_project(source, rules)
            if option is None
            else option_lines.of_option(project, option, rules)
        ),
        progress=_progress(project, option, rules),
        place=_place(project, rules),
        currency=one_line(project.currency) if rules.currency_by_code else "",
        remarks=_remarks(client, source.parent),
        suspects=_suspects(source.items.line_items if option is None else option.line_items),
        source_total=(
            _total_without_tax(project) if option is None else option_lines.total_without_tax(project, option)
        ),
    )


def _name(project: models.Project, rules: Rules) -> str:
    filled = one_line(
        rules.name_template.format(
            custom_id=project.custom_id or "",
            name=project.name or "",
            id=project.id,
            version=project.version or "",
        )
    )
    return shorten(filled or f"Project {project.id}", MAX_NAME)


def _option_name(project: models.Project, option: models.Option, rules: Rules) -> str:
    """The parent gives way first: what tells options apart is their own name."""
    own = shorten(one_line(option.name) or f"Option {option.id}", MAX_NAME // 2)
    room = MAX_NAME - len(rules.option_name_template.format(parent="", name=own, id=option.id))
    parent = clip(_name(project, rules), max(2, room))
    return shorten(
        one_line(rules.option_name_template.format(parent=parent, name=own, id=option.id)), MAX_NAME
    )


def _type_name(option: models.Option | None, rules: Rules) -> str:
    if option is None:
        return rules.type_name
    return rules.type_change_order if option.change_order else rules.type_option


def _suspects(items: Iterable[models.LineItem]) -> tuple[str, ...]:
    """Items whose quantity times price is not what Jetbuilt itself shows as their total."""
    return tuple(
        f"item:{item.id} {one_line(item.model)}: {item.quantity} x {item.price} is not {item.total_equipment_price}"
        for item in items
        if item.kind == "physical"
        and not item.owner_furnished
        and item.total_equipment_price is not None
        and cents((item.quantity or 0) * (item.price or Decimal(0))) != cents(item.total_equipment_price)
    )


def _progress(project: models.Project, option: models.Option | None, rules: Rules) -> Progress:
    """The progress that the project's stage stands for; an unsold option does not get it."""
    if option is not None and not option.sold:
        return Progress()
    stage = folded(project.stage)
    return next((progress for name, progress in rules.stages.items() if folded(name) == stage), Progress())


def _place(project: models.Project, rules: Rules) -> OfficeAssignment:
    office = folded(project.company_location.name) if project.company_location else ""
    return next(
        (place for name, place in rules.offices.items() if folded(name) == office), OfficeAssignment()
    )


def _close_date(project: models.Project, rules: Rules) -> datetime:
    """Jetbuilt's close date, else a fixed time after the project was made: never counted from today, or each run would differ."""
    if project.close_date is not None:
        return datetime.combine(project.close_date, time(), UTC)
    created = (project.created_at or datetime(2000, 1, 1, tzinfo=UTC)).astimezone(UTC)
    return datetime.combine(created.date(), time(), UTC) + timedelta(days=rules.close_after_days)


def _notes(project: models.Project, option: models.Option | None, rules: Rules) -> str:
    """The description of the project or option, and the link to it."""
    told = many_lines(project.short_description if option is None else option.scope)
    link = rules.project_link.format(id=project.id)
    return "\n".join(part for part in (told, f"Jetbuilt: {link}") if part)


def _rep(source: Source) -> DesiredMember:
    named = source.project.owner.full_name if source.project.owner else None
    email = source.owner.email if source.owner else None
    return DesiredMember(full_name=one_line(named), email=one_line(email))


def _company(client: models.Client, parent: models.Client | None = None) -> DesiredCompany:
    name = one_line(client.company_name)
    if not name:
        raise errors.Refused(
            "The project's client has no company name",
            detail=f"client {client.id}",
            remedy="Give the client a company name in Jetbuilt, then save the project.",
        )
    return DesiredCompany(
        identity=f"jetbuilt:client:{client.id}",
        name=name,
        as_written="" if client.company_name in {None, name} else client.company_name or "",
        address=PostalAddress(
            line1=one_line(client.address),
            city=one_line(client.city),
            state=one_line(client.state),
            zip=one_line(client.zipcode),
            country=one_line(client.country),
        ),
        phone=one_line(client.phone),
        website=one_line(client.website),
        parent=None if parent is None else _company(parent),
    )


def _remarks(client: models.Client, parent: models.Client | None) -> tuple[str, ...]:
    if client.parent_id is None or parent is not None:
        return ()
    return (f"no parent company: Jetbuilt names client {client.parent_id} as parent and does not have it",)


def _contact(source: Source, client: models.Client, rules: Rules) -> DesiredContact:
    """The project's own contact when it belongs to the client, else the client's primary one, else a stand-in."""
    chosen = source.project.primary_contact.id if source.project.primary_contact else None
    contacts = client.contacts or []
    found = next((person for person in contacts if chosen is not None and person.id == chosen), None)
    found = found or next((person for person in contacts if person.primary), None)
    if found is None:
        return DesiredContact(
            identity="jetbuilt:contact:none", first_name=rules.fallback_contact, stand_in=True
        )
    first, last = one_line(found.first_name), one_line(found.last_name)
    return DesiredContact(
        identity=f"jetbuilt:contact:{found.id}",
        first_name=first or last or rules.fallback_contact,
        last_name=last if first else "",
        email=one_line(found.email_address),
        title=one_line(found.title),
        phones=tuple(
            phone for phone in (one_line(found.phone_number_1), one_line(found.phone_number_2)) if phone
        ),
    )


def _site(source: Source, rules: Rules) -> DesiredSite:
    """Named after the office, or by setting after the place where the project is built."""
    if rules.site_of_project:
        return _project_site(source.project, rules)
    office, location = source.office, source.project.company_location
    named = one_line(location.name) if location else ""
    if not named or office is None:
        return _named_site(named or rules.fallback_site)
    return _named_site(
        named,
        PostalAddress(
            line1=one_line(office.address),
            city=one_line(office.city),
            state=one_line(office.state),
            zip=one_line(office.zipcode),
            country=one_line(office.country),
        ),
    )


def _project_site(project: models.Project, rules: Rules) -> DesiredSite:
    address = PostalAddress(
        line1=one_line(project.address),
        city=one_line(project.city),
        state=one_line(project.state),
        zip=one_line(project.zipcode),
        country=one_line(project.country),
    )
    named = ", ".join(part for part in (address.line1, address.city) if part)
    return _named_site(named or rules.fallback_site, address)


def _named_site(name: str, address: PostalAddress | None = None) -> DesiredSite:
    kept = shorten(name, _MAX_SITE_NAME)
    return DesiredSite(
        identity=f"jetbuilt:site:{folded(kept)}", name=kept, address=address or PostalAddress()
    )


def _total_without_tax(project: models.Project) -> Decimal | None:
    """The total of all lines, in cents; the parts may carry many digits on the wire."""
    parts = (project.equipment_total, project.labor_total, project.shipping_total)
    if any(part is None for part in parts):
        return None
    whole = sum((part for part in parts if part is not None), Decimal(0))
    return whole.quantize(Decimal("0.01"), rounding="ROUND_HALF_UP")
