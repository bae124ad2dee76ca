"""The clients of the integrator: company | street | city | state | zip | country | domain | contacts."""

from __future__ import annotations

import random
from datetime import datetime

from sandbox.world.model import Address, Client, Contact, User
from sandbox.world.seed import dice, moment

FIRST_CLIENT = 63_100
FIRST_CONTACT = 37_200
NO_PRIMARY = "Cascadia Public Broadcasting"
DELINQUENT = "The Alder & Vine Hotel"
PARENTS = {
    "Northgate University - School of Medicine": "Northgate University",
    "Northgate University Athletics": "Northgate University",
}

MARKETS = {
    "Higher education": ("Universit", "School District"),
    "Healthcare": ("Hospital", "Health", "Assisted"),
    "Hospitality": ("Hotel", "Bar", "Brewing", "Casino"),
    "Legal": ("LLP",),
    "House of worship": ("Church", "Temple"),
    "Broadcast": ("Broadcasting", "Media", "Opera"),
    "Government": ("City of", "Transit"),
}

ROWS = """
Northgate University|4100 Campus Way NE|Seattle|WA|98195|US|northgate.example|Helen Marsh, Director of Classroom Technology; Ravi Menon, AV Engineer; Dana Whitfield, Buyer
Northgate University - School of Medicine|1959 Pacific St|Seattle|WA|98195|US|med.northgate.example|Ingrid Sæther, Facilities Manager
Northgate University Athletics|3870 Montlake Ave|Seattle|WA|98105|US|athletics.northgate.example|Marcus Bell, Operations
St. Brendan's Hospital & Research Center|700 Elm Street|Portland|OR|97205|US|stbrendans.example|Alicia Duarte, IT Manager; Tom Nakagawa, Biomedical Engineering
The Alder & Vine Hotel|15 Alder Street|Portland|OR|97204|US|alderandvine.example|Simone Lafitte, General Manager
Pruitt, Osei & Lang LLP|1700 Lincoln St, 38th Floor|Denver|CO|80203|US|pol-law.example|Katherine Pruitt, Office Administrator; Ben Lang, Partner
Grace Harbor Community Church|880 Harbor Road|Tacoma|WA|98402|US|graceharbor.example|Pastor Neil Abrams, Executive Pastor; Joy Kim, Production Lead
Cascadia Public Broadcasting|401 Mercer St|Seattle|WA|98109|US|cascadiapb.example|Lena Vogt, Chief Engineer; Amir Haddad, Studio Manager
City of Larkspur|100 Civic Plaza|Larkspur|CO|80118|US|larkspur.example|Yolanda Reyes, City Clerk; Peter Struck, IT
Müller & Söhne GmbH|Hafenstraße 12|Hamburg||20457|DE|mueller-soehne.example|Jürgen Müller, Geschäftsführer
東京メディアセンター (Tokyo Media Center)|千代田区丸の内1-1|東京||100-0005|JP|tmc.example|健 山田, 技術部長
Université de l'Estuaire|300 Allée des Ursulines|Rimouski|QC|G5L 3A1|CA|estuaire.example|Éloïse Gagné, Directrice, services audiovisuels
Coastal Health Authority|855 West 12th Ave|Vancouver|BC|V5Z 1M9|CA|coastalhealth.example|Sandeep Gill, Project Manager
"Big Mike" O'Hara's Sports Bar|22 Stadium Pl|Denver|CO|80204|US|bigmikes.example|Mike O'Hara, Owner
Temple Beth Shalom|1190 Hillside Dr|Boulder|CO|80302|US|tbs-boulder.example|Rachel Stein, Administrator
Rainier Data Systems, Inc.|2001 8th Ave|Seattle|WA|98121|US|rainierdata.example|Owen Pratt, Workplace Services; Chloé Martin, Procurement
Willamette Valley School District 12|2450 Lancaster Dr NE|Salem|OR|97305|US|wvsd12.example|Gloria Jensen, Technology Coordinator
Summit Ridge Brewing Co.|510 Foundry Ln|Bend|OR|97701|US|summitridge.example|Kyle Brandt, Taproom Manager
Hollis + Kerr Architects|77 South Jackson St|Seattle|WA|98104|US|holliskerr.example|Ana Kerr, Principal
Metro Transit Authority|12 Union Station|Denver|CO|80202|US|metrotransit.example|Floyd Barnes, Communications Systems
Redwood Federal Credit Union|930 F Street|Eureka|CA|95501|US|redwoodfcu.example|Nadia Petrov, Facilities
Fjordland Seafood AS|Strandgaten 5|Bergen||5013|NO|fjordland.example|Åse Bjørnstad, Kontorleder
Opera Nova / Stage Works 50% Club|1 Theatre Sq|Portland|OR|97201|US|operanova.example|Giulia Conti, Technical Director
Kettle Falls Casino Resort|7 Confederation Blvd|Kettle Falls|WA|99141|US|kettlefalls.example|Roy Seymour, Director of Entertainment
Brightwater Assisted Living|3300 Lakeview Ct|Fort Collins|CO|80525|US|brightwater.example|Marta Nowak, Activities Director
"""


def clients(seed: int, today: datetime, users: tuple[User, ...]) -> tuple[Client, ...]:
    """Return the clients; parents stand before their subclients."""
    built: dict[str, Client] = {}
    contact_id = FIRST_CONTACT
    for place, row in enumerate(ROWS.strip().splitlines()):
        client = _client(
            dice(seed, "client", place),
            row,
            client_id=FIRST_CLIENT + 17 * place,
            contact_id=contact_id,
            today=today,
            users=users,
            built=built,
        )
        built[client.company_name] = client
        contact_id += len(client.contacts)
    return tuple(built.values())


def market(client: Client) -> str:
    """Return the market of a client by its name; the rest are corporations."""
    for name, words in MARKETS.items():
        if any(word in client.company_name for word in words):
            return name
    return "Corporate"


def _client(
    chance: random.Random,
    row: str,
    *,
    client_id: int,
    contact_id: int,
    today: datetime,
    users: tuple[User, ...],
    built: dict[str, Client],
) -> Client:
    name, street, city, state, zipcode, country, domain, people = row.split("|")
    created = moment(chance, today, 1200)
    parent = PARENTS.get(name)
    contacts = tuple(
        _contact(
            chance, person, contact_id + place, domain, created, primary=place == 0 and name != NO_PRIMARY
        )
        for place, person in enumerate(people.split("; "))
    )
    return Client(
        id=client_id,
        user_id=chance.choice(users).id,
        company_name=name,
        website=f"https://www.{domain}",
        phone=_phone(chance),
        description="",
        delinquent=name == DELINQUENT,
        address=Address(street=street, city=city, state=state, zipcode=zipcode, country=country),
        external_ids={"acumatica_id": str(chance.randrange(1000, 9999))} if chance.random() < 0.2 else None,
        parent_id=built[parent].id if parent else None,
        contacts=contacts,
        created_at=created,
        updated_at=max(contact.updated_at for contact in contacts),
    )


def _contact(
    chance: random.Random, person: str, contact_id: int, domain: str, created: datetime, *, primary: bool
) -> Contact:
    name, _, title = person.partition(", ")
    first, _, last = name.rpartition(" ")
    plain = "".join(letter for letter in f"{first}.{last}".lower() if letter.isascii() and letter not in " '")
    mailbox = plain.strip(".") or f"contact{contact_id}"
    return Contact(
        id=contact_id,
        first_name=first,
        last_name=last,
        title=title,
        email_address=f"{mailbox}@{domain}",
        phone_number_1=_phone(chance),
        phone_number_2=_phone(chance) if chance.random() < 0.3 else "",
        description="",
        primary=primary,
        created_at=created,
        updated_at=created,
    )


def _phone(chance: random.Random) -> str:
    return f"({chance.choice((206, 503, 303, 604))}) 555-{chance.randrange(100, 200):04d}"
