"""The accounts of the distributor and their contacts.

A row is: name | code | type | currency | parent | country | state | city | postcode | street | domain | contacts. A contact
is `First Last, Title`; `*` marks a primary one, `~` one without an e-mail, `<...>` an e-mail that is not the usual one.
"""

from __future__ import annotations

import random
import re
from datetime import datetime
from uuid import UUID

from sandbox.world.billing import Account, AccountAddress, AccountContact
from sandbox.world.places import COUNTRIES, states
from sandbox.world.seed import dice, moment

FIRST_ACCOUNT = 1_040
ACCOUNT_STEP = 3
FIRST_CONTACT = 5_210
NO_BILLING_ADDRESS = frozenset({"Olive Branch Trading", "Blue Harbor Logistics, LLC"})
"""Their only address is not the billing address."""
SECOND_ADDRESS = 0.4
STATE_NAMES = {(country, code): name for country, code, name in states()}

ROWS = """
Aegean IT Distribution SA|AEG-001|Distributor|EUR||GR||Athens|115 27|Leoforos Mesogeion 2|aegeanit.example|*Nikos Pappas, Managing Director; Eleni Dimou, Accounts Payable
Aegean IT North|AEG-002|Reseller|EUR|Aegean IT Distribution SA|GR||Thessaloniki|546 24|Egnatia 45|north.aegeanit.example|*Giorgos Vlachos, Branch Manager; Nikos Pappas, Director <nikos.pappas@aegeanit.example>
Αφοί Παπαδόπουλοι Ο.Ε.|AEG-003|Customer|EUR|Aegean IT North|GR||Λάρισα|412 22|Κύπρου 17|papadopouloi.example|*Μαρία Παπαδοπούλου, Λογίστρια
Kreta Hotels Group|AEG-004|Customer|EUR|Aegean IT Distribution SA|GR||Heraklion|712 02|25 Avgoustou 8|kretahotels.example|*Dimitra Kalogeraki, IT Manager; *Stelios Xylouris, CFO
Lefkosia Managed Services Ltd|CY-010|Reseller|EUR||CY||Nicosia|1065|Makariou III 22|lefkosia-msp.example|*Andreas Charalambous, Owner
Olive Branch Trading|CY-011|Customer|EUR|Lefkosia Managed Services Ltd|CY||Limassol|3030|Franklin Roosevelt 88|olivebranch.example|Sofia Ioannou, Office Manager
Northgate University|US-100|Customer|USD||US|WA|Seattle|98195|4100 Campus Way NE|northgate.example|*Helen Marsh, Director of Classroom Technology; Dana Whitfield, Buyer
Coastal Health Authority|CA-101|Customer|CAD||CA|BC|Vancouver|V5Z 1M9|855 West 12th Ave|coastalhealth.example|*Sandeep Gill, Project Manager
Rainier Data Systems, Inc.|US-102|Reseller|USD||US|WA|Seattle|98121|2001 8th Ave|rainierdata.example|*Owen Pratt, Workplace Services
Pine & Prairie Dental|US-103|Customer|USD|Rainier Data Systems, Inc.|US|ID|Boise|83702|310 W Idaho St, Suite 4|pineprairie.example|*Cher~, Practice Owner; Lucas Ferro, Front Desk
Blue Harbor Logistics, LLC|US-104|Customer|USD|Rainier Data Systems, Inc.|US|OR|Astoria|97103|1 Pier Road|blueharbor.example|*Tamara Quill, Dispatcher
Sunbelt Cloud Partners|US-105|Reseller|USD||US|TX|Austin|78701|600 Congress Ave, 14th Floor|sunbeltcloud.example|*Javier Ortega, CEO; Mei Chen, Billing; Rob Dunn~, Sales
Dos Ríos Ranch Supply|US-106|Customer|USD|Sunbelt Cloud Partners|US|NM|Las Cruces|88001|77 Camino Real|dosrios.example|*Guadalupe Ríos, Proprietor
Lone Star Title & Escrow|US-107|Prospect|USD|Sunbelt Cloud Partners|US|TX|Houston|77002|1001 Fannin St|lonestartitle.example|Wade Hollister, Operations
Empire State Architects PLLC|US-108|Customer|USD||US|NY|New York|10018|240 W 37th St|empirearch.example|*Priya Nair, Studio Manager; *Alan Frost, Partner
Great Lakes Maritime Museum|US-109|Customer|USD||US|MI|Marquette|49855|300 Lakeshore Blvd|glmm.example|*Ruth Aalto, Registrar
Capitol Hill Policy Forum|US-110||USD||US|DC|Washington|20003|5 Independence Ave SE|chpf.example|*Martin Oyelaran, Administrator
Müller & Söhne GmbH|DE-200|Customer|EUR||DE||Hamburg|20457|Hafenstraße 12|mueller-soehne.example|*Jürgen Müller, Geschäftsführer; Anke Weiß, Buchhaltung
Rheinland Systemhaus AG|DE-201|Reseller|EUR||DE||Köln|50667|Domkloster 3|rheinland-systemhaus.example|*Dr. Katja Hölzl, Vorstand; Timo Schäfer, Einkauf
Zahnärzte am Markt|DE-202|Customer|EUR|Rheinland Systemhaus AG|DE||Bonn|53111|Markt 9|zahnmarkt.example|*Ute Brandt, Praxismanagement
Bäckerei Grünwald|DE-203|Customer|EUR|Rheinland Systemhaus AG|DE||Düren|52349|Oberstraße 1a|baeckerei-gruenwald.example|*Max Grünwald~, Inhaber
Alpenblick Treuhand|CH-210|Customer|CHF||CH||Zürich|8001|Bahnhofstrasse 40|alpenblick.example|*Reto Aebischer, Mandatsleiter
Éditions du Vieux-Port|FR-220|Customer|EUR||FR||Marseille|13002|12 quai du Port|vieuxport.example|*Anaïs Lefèvre, Gérante; Hugo Petit, Stagiaire
Atelier Numérique SARL|FR-221|Reseller|EUR||FR||Lyon|69002|3 rue Mercière|atelier-numerique.example|*Camille Roux, Directrice technique
Université de l'Estuaire|CA-222|Customer|CAD||CA|QC|Rimouski|G5L 3A1|300 Allée des Ursulines|estuaire.example|*Éloïse Gagné, Directrice
Castile Solar S.L.|ES-230|Customer|EUR||ES||Valladolid|47001|Plaza Mayor 2|castilesolar.example|*Íñigo Velasco, Administrador
Thames Valley Networks Ltd|GB-240|Reseller|GBP||GB||Reading|RG1 2AG|14 Friar Street|tvn.example|*Harriet Bloom, Operations Director; Imran Shah, Finance
St Aldate's Primary School|GB-241|Customer|GBP|Thames Valley Networks Ltd|GB||Oxford|OX1 1BX|Pembroke Square|staldates.example|*Fiona Mackay, Bursar
The Very Long Named Association of Independent Booksellers of Great Britain and Northern Ireland|GB-242|Customer|GBP|Thames Valley Networks Ltd|GB||London|WC2H 0HF|Charing Cross Road 113-119, fourth floor above the bookshop|booksellers.example|*Oliver Penhaligon-Smythe, Secretary
Fjordland Seafood AS|NO-250|Customer|NOK||NO||Bergen|5013|Strandgaten 5|fjordland.example|*Åse Bjørnstad, Kontorleder
Kraków Kliniki Sp. z o.o.|PL-260|Customer|PLN||PL||Kraków|31-042|Rynek Główny 7|krkliniki.example|*Łukasz Wójcik, Dyrektor IT
Черноморски Софтуер ООД|BG-270|Reseller|EUR||BG||Варна|9000|бул. Приморски 12|blacksea-software.example|*Ивайло Димитров, Управител; Ivaylo Dimitrov, Owner~
Varna Yacht Club|BG-271|Customer|EUR|Черноморски Софтуер ООД|BG||Varna|9000|Marina 1|varnayacht.example|*Petar Kolev, Commodore
株式会社さくらクラウド|JP-280|Reseller|JPY||JP||大阪|530-0001|梅田3-1|sakura-cloud.example|*花子 佐藤, 営業部長
Emirates Falcon Trading|AE-290|Customer|AED||AE||Dubai|PO Box 4411|Sheikh Zayed Road|falcontrading.example|*Khalid Al Mansoori, General Manager; Accounts~, Shared mailbox
Deccan Analytics Pvt Ltd|IN-300|Customer|INR||IN|KA|Bengaluru|560001|27 MG Road|deccan.example|*Ananya Rao, Head of IT
Cerrado Agro|BR-310|Prospect|BRL||BR||Goiânia|74000-000|Av. Goiás 900|cerradoagro.example|Thiago Moura, Gerente
Steppe Minerals TOO|KZ-320|Customer|KZT||KZ||Almaty|050000|Abay Ave 52|steppeminerals.example|*Aigerim Bek, Procurement
Interlink Holdings||Internal|EUR||GR||Athens|106 71|Akadimias 10|interlink.example|
"Walk-in" Customer 🚀|||||||||||
"""


def accounts(seed: int, today: datetime) -> tuple[tuple[Account, ...], tuple[AccountContact, ...]]:
    """Return the accounts, parents before their customers, and the contacts of all of them."""
    built: dict[str, Account] = {}
    people: list[AccountContact] = []
    for place, row in enumerate(ROWS.strip().splitlines()):
        chance = dice(seed, "account", place)
        fields = row.split("|")
        account = _account(chance, fields, FIRST_ACCOUNT + ACCOUNT_STEP * place, today=today, built=built)
        built[account.name] = account
        for entry in filter(None, fields[11].split("; ")):
            people.append(_contact(chance, entry, FIRST_CONTACT + len(people), account, fields[10]))
    return tuple(built.values()), tuple(people)


def _account(
    chance: random.Random, fields: list[str], account_id: int, *, today: datetime, built: dict[str, Account]
) -> Account:
    name, code, kind, currency, parent, country, *_, domain, _ = fields
    created = moment(chance, today, 1500)
    return Account(
        id=account_id,
        name=name,
        code=code or None,
        type=kind or None,
        currency=currency or None,
        phone=_phone(chance, country) if country else None,
        fax=_phone(chance, country) if country and chance.random() < 0.3 else None,
        website=f"https://www.{domain}" if domain and chance.random() < 0.8 else None,
        email=f"info@{domain}" if domain else None,
        parent_id=built[parent].id if parent else None,
        taxable=chance.random() < 0.8,
        addresses=_addresses(chance, fields) if country else (),
        created_at=created,
        updated_at=moment(chance, today, max((today - created).days, 1)),
    )


def _addresses(chance: random.Random, fields: list[str]) -> tuple[AccountAddress, ...]:
    name, _, _, _, _, country, state, city, post_code, street, _, _ = fields

    def address(street: str, second: str | None, *, billing: bool) -> AccountAddress:
        return AccountAddress(
            id=str(UUID(int=chance.getrandbits(128), version=4)),
            address1=street,
            address2=second,
            city=city or None,
            post_code=post_code or None,
            state_code=state or None,
            state_name=STATE_NAMES.get((country, state)),
            country_code=country,
            country_name=COUNTRIES[country][0],
            billing=billing,
        )

    first, comma, second = street.partition(", ")
    found = [address(first, second if comma else None, billing=name not in NO_BILLING_ADDRESS)]
    if found[0].billing and chance.random() < SECOND_ADDRESS:
        found.append(address(f"Warehouse {chance.randrange(1, 9)}", None, billing=False))
        chance.shuffle(found)
    return tuple(found)


def _contact(
    chance: random.Random, entry: str, contact_id: int, account: Account, domain: str
) -> AccountContact:
    given, _, title = entry.lstrip("*").partition(", ")
    title, own, usual = title.partition(" <")
    first, _, last = given.rstrip("~").rpartition(" ") if " " in given else (given.rstrip("~"), "", "")
    mailbox = re.sub(r"[^a-z.]", "", f"{first}.{last}".lower()).strip(".") or f"contact{contact_id}"
    country = account.addresses[0].country_code if account.addresses else "GR"
    return AccountContact(
        id=contact_id,
        account_id=account.id,
        first_name=first,
        last_name=last or None,
        job_title=title.rstrip("~") or None,
        email=None if "~" in entry else usual.rstrip(">") if own else f"{mailbox}@{domain}",
        phone=_phone(chance, country) if chance.random() < 0.8 else None,
        mobile_phone=_phone(chance, country) if chance.random() < 0.6 else None,
        fax=_phone(chance, country) if chance.random() < 0.15 else None,
        primary=entry.startswith("*"),
        created_at=account.created_at,
        updated_at=account.updated_at,
    )


def _phone(chance: random.Random, country: str) -> str:
    """Return a number as users type it: some with blanks, some with hyphens, some with a local prefix."""
    prefix = COUNTRIES[country][2]
    if prefix == "1":
        return f"({chance.choice((206, 512, 604))}) 555-{chance.randrange(100, 200):04d}"
    form = chance.choice(("+{0} {1} {2} {3}", "00{0}-{1}-{2}{3}", "+{0} (0){1} {2}-{3}"))
    return form.format(
        prefix, chance.randrange(20, 80), chance.randrange(100, 999), chance.randrange(1000, 9999)
    )
