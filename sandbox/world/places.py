"""Countries with their states and currencies, for the accounts of BSS and the set-up tables of ConnectWise."""

from __future__ import annotations

CURRENCIES = {
    "USD": ("US Dollars", "$"),
    "CAD": ("Canadian Dollars", "C$"),
    "EUR": ("Euro", "€"),
    "GBP": ("Pounds", "£"),
    "CHF": ("Swiss Francs", "CHF"),
    "NOK": ("Norwegian Kroner", "kr"),
    "PLN": ("Polish Zloty", "zł"),
    "JPY": ("Japanese Yen", "¥"),
    "AED": ("UAE Dirham", "AED"),
    "INR": ("Indian Rupees", "₹"),
    "BRL": ("Brazilian Real", "R$"),
    "KZT": ("Kazakhstani Tenge", "₸"),
}
"""(name, symbol) by ISO code."""

COUNTRIES = {
    "US": ("United States", "USD", "1"),
    "CA": ("Canada", "CAD", "1"),
    "GB": ("United Kingdom", "GBP", "44"),
    "DE": ("Germany", "EUR", "49"),
    "GR": ("Greece", "EUR", "30"),
    "CH": ("Switzerland", "CHF", "41"),
    "CY": ("Cyprus", "EUR", "357"),
    "FR": ("France", "EUR", "33"),
    "ES": ("Spain", "EUR", "34"),
    "BG": ("Bulgaria", "EUR", "359"),
    "NO": ("Norway", "NOK", "47"),
    "PL": ("Poland", "PLN", "48"),
    "JP": ("Japan", "JPY", "81"),
    "AE": ("United Arab Emirates", "AED", "971"),
    "IN": ("India", "INR", "91"),
    "BR": ("Brazil", "BRL", "55"),
    "KZ": ("Kazakhstan", "KZT", "7"),
}
"""(name, currency, dialling prefix) by ISO code."""

STATES = {
    "US": """
AL Alabama|AK Alaska|AZ Arizona|AR Arkansas|CA California|CO Colorado|CT Connecticut|DE Delaware|FL Florida|GA Georgia
HI Hawaii|ID Idaho|IL Illinois|IN Indiana|IA Iowa|KS Kansas|KY Kentucky|LA Louisiana|ME Maine|MD Maryland
MA Massachusetts|MI Michigan|MN Minnesota|MS Mississippi|MO Missouri|MT Montana|NE Nebraska|NV Nevada|NH New Hampshire
NJ New Jersey|NM New Mexico|NY New York|NC North Carolina|ND North Dakota|OH Ohio|OK Oklahoma|OR Oregon
PA Pennsylvania|RI Rhode Island|SC South Carolina|SD South Dakota|TN Tennessee|TX Texas|UT Utah|VT Vermont
VA Virginia|WA Washington|WV West Virginia|WI Wisconsin|WY Wyoming|DC District of Columbia""",
    "CA": """
AB Alberta|BC British Columbia|MB Manitoba|NB New Brunswick|NL Newfoundland and Labrador|NS Nova Scotia
NT Northwest Territories|NU Nunavut|ON Ontario|PE Prince Edward Island|QC Québec|SK Saskatchewan|YT Yukon""",
    "IN": "KA Karnataka|MH Maharashtra|TN Tamil Nadu",
}
"""Lines and bars separate the states of a country, a blank the code from the name."""


def states() -> list[tuple[str, str, str]]:
    """Return (country, code, name) of every state."""
    return [
        (country, *_split(entry))
        for country, text in STATES.items()
        for line in text.strip().splitlines()
        for entry in line.split("|")
    ]


def _split(entry: str) -> tuple[str, str]:
    code, _, name = entry.partition(" ")
    return code, name
