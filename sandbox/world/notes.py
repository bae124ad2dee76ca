"""What users write on orders and invoices, in the language of the account."""

from __future__ import annotations

from datetime import date

from sandbox.world.billing import Account

_INVOICES = {
    "GR": "Υπηρεσίες cloud, {day:%m/%Y}",
    "CY": "Υπηρεσίες cloud, {day:%m/%Y}",
    "DE": "Cloud-Dienste für {day:%m/%Y}, zahlbar ohne Abzug",
    "CH": "Cloud-Dienste {day:%m.%Y}",
    "FR": "Services hébergés, période {day:%m/%Y}",
    "ES": "Servicios en la nube, año {day:%Y}, mes {day:%m}",
    "BG": "Облачни услуги за {day:%m.%Y}",
    "JP": "クラウドサービス {day:%Y}年{day:%m}月分",
    "AE": "خدمات سحابية {day:%m/%Y}",
    "PL": "Usługi w chmurze – {day:%m/%Y}",
    "KZ": "Бұлттық қызметтер {day:%m.%Y}",
}
_ORDERS = {
    "GR": "Παραγγελία για {name}",
    "DE": "Bestellung für {name}\nLieferung sofort",
    "BG": "Поръчка за {name}",
    "JP": "{name} 様ご注文",
}


def invoice_note(account: Account, day: date) -> str:
    """Return the description of an invoice that bills the month of `day`."""
    return _INVOICES.get(_country(account), "{day:%B %Y}").format(day=day)


def order_note(account: Account) -> str:
    """Return the description of an order."""
    return _ORDERS.get(_country(account), "Services for {name}").format(name=account.name)


def _country(account: Account) -> str:
    return account.addresses[0].country_code if account.addresses else ""
