"""What projects, rooms and systems are called: per client, the projects it might order."""

from __future__ import annotations

PROJECTS = """
Northgate University|Lecture Hall 3 refresh|Kane Hall 120/130/210 lecture capture|Library active learning classrooms
Northgate University - School of Medicine|Simulation center, phase II|Anatomy theater displays
Northgate University Athletics|Stadium press box & club level A/V|Weight room sound
St. Brendan's Hospital & Research Center|OR 4-7 integration|Auditorium "Founders" upgrade|Patient way-finding displays
The Alder & Vine Hotel|Ballroom A/B/C divisible sound|Rooftop bar background music
Pruitt, Osei & Lang LLP|38th floor conference center|Mock courtroom
Grace Harbor Community Church|Sanctuary line array and LED wall|Youth building streaming
Cascadia Public Broadcasting|Studio B control room|Newsroom monitor wall
City of Larkspur|Council chambers & overflow room|Emergency operations center
Müller & Söhne GmbH|Besprechungsräume EG – Erneuerung|Größter Saal: Lichtband
東京メディアセンター (Tokyo Media Center)|本社 会議室 更新 (HQ meeting rooms)|Showroom
Université de l'Estuaire|Amphithéâtre 200 – mise à niveau|Salle du conseil
Coastal Health Authority|Boardroom 3A and huddle rooms|Telehealth carts (12)
"Big Mike" O'Hara's Sports Bar|More TVs!!! 🏈📺|Patio speakers
Temple Beth Shalom|Sanctuary speech reinforcement|Social hall projection
Rainier Data Systems, Inc.|Teams Rooms rollout, floors 4-9|All-hands space|Executive briefing center
Willamette Valley School District 12|Classroom audio, 3 schools|Gymnasium PA replacement
Summit Ridge Brewing Co.|Taproom A/V|Event barn
Hollis + Kerr Architects|Studio presentation wall|Materials library display
Metro Transit Authority|Dispatch video wall|Platform 1-6 paging (pilot)
Redwood Federal Credit Union|Branch digital signage, 100% refresh|Community room
Fjordland Seafood AS|Møterom Bergen|Control room Ålesund
Opera Nova / Stage Works 50% Club|Surtitles and stage relay|Rehearsal hall
Kettle Falls Casino Resort|Showroom sound & video|Sportsbook wall
Brightwater Assisted Living|Chapel hearing loop|Activity rooms 1-4
"""

ROOMS = (
    "Main Room",
    "Lecture Hall",
    "Boardroom",
    "Huddle",
    "Control Room",
    "Lobby",
    "Equipment Closet",
    "Conference 2A",
    "Überlauf / Overflow",
    'Room "B"',
)
SYSTEMS = ("Audio", "Video", "Control", "Conferencing", "Infrastructure")
TAGS = ("Floor 1", "Floor 2", "Long lead", "Existing conduit")
PHASES = ("Rough-in", "Trim", "Commissioning")
SUBCONTRACTORS = (
    ("Bright Electric LLC", "Electrical rough-in", "120 V circuits and conduit by others"),
    ("Harlan Rigging", "Ceiling rigging", "Certified rigging with engineer's letter"),
    ("Pacific Millwork", "Credenza modification", "Cut-outs and ventilation"),
)
LABOR_TYPES = (
    ("Project Management", "management", "76.0", "125.0", 8),
    ("Senior Engineer", "engineering", "82.5", "150.0", 12),
    ("Programming", "programming", "95.0", "175.0", 10),
    ("Pre-Wire", "install", "48.0", "95.0", 0),
    ("Installation", "install", "54.25", "112.5", 6),
    ("Commissioning", "commissioning", "70.0", "165.0", 4),
)
PREWIRE, INSTALLATION = 3, 4


def project_names() -> list[tuple[str, str]]:
    """Return (client, project name): the first project of each client, then the second ones, and so on."""
    rows = [row.split("|") for row in PROJECTS.strip().splitlines()]
    longest = max(len(row) for row in rows)
    return [(row[0], row[place]) for place in range(1, longest) for row in rows if place < len(row)]
