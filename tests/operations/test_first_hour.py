"""`docs/first-hour.md` typed by a new operator: for each source, and for both, its commands end with the first correct object."""

from __future__ import annotations

import re
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from pathlib import Path

import msgspec
import pytest

from sandbox import credentials
from sandbox.faults import FaultRule
from sandbox.server import Options, Sandbox
from tests.operations.documented_commands import Typed, commands_in, typed
from tests.support import expected
from tests.support.books import Books, emails
from tests.support.jetbuilt import Jetbuilt

pytestmark = pytest.mark.operations

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "first-hour.md"
MAX_SECONDS = 300.0
DOCTOR = "cwbridge doctor"
_CASES_OF = {
    "Jetbuilt": {"jetbuilt", "both"},
    "BSS": {"bss", "both"},
    "Jetbuilt alone": {"jetbuilt"},
    "BSS alone": {"bss"},
    "Both": {"both"},
    "A project of Jetbuilt": {"jetbuilt", "both"},
    "A contact of BSS and its account": {"bss", "both"},
}
"""The cases that a heading belongs to; all other headings belong to each."""
_LASTING = ("cd ", "export ", "unset ")
"""Commands that change the shell itself, so that those after them depend on them."""


class Step(msgspec.Struct, frozen=True):
    """A numbered part of the page with the commands of one case."""

    title: str
    commands: tuple[Typed, ...]


def steps(case: str) -> Iterator[Step]:
    """The steps of the page for one case, in order."""
    for title, text in re.findall(
        r"^## (\d+\. .*?)\n(.*?)(?=^## |\Z)", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL
    ):
        first, *parts = re.split(r"^### ", text, flags=re.MULTILINE)
        found = commands_in(first)
        for part in parts:
            heading, _, body = part.partition("\n")
            if case in _CASES_OF.get(heading, {case}):
                found += commands_in(body)
        if found:
            yield Step(title, tuple(found))


class Operator:
    """Types into one shell with the values of a tenant in place of the page's examples, and measures each step."""

    def __init__(self, home: Path, values: Mapping[str, str]) -> None:
        self.home = home
        self.seconds: dict[str, float] = {}
        self._values = dict(values)
        self._lasting: list[str] = []

    async def follow(self, step: Step) -> None:
        """Type every command of a step."""
        began = time.monotonic()
        for one in step.commands:
            await self.type(one)
        self.seconds[step.title] = time.monotonic() - began

    async def type(self, one: Typed, *, may_fail: bool = False) -> str:
        """Type one command and return what it prints."""
        command = self.here(one.command)
        known = "; ".join((*self._lasting, command)) + (" || true" if may_fail else "")
        told = await typed(
            Typed(known, tuple(map(self.here, one.expected))),
            env={"CWBRIDGE_HTTP__LISTEN": "127.0.0.1:0"},
            cwd=self.home,
        )
        if command.startswith(_LASTING):
            self._lasting.append(command)
        if command == DOCTOR:
            self._choose("jetbuilt/project/97737", re.search(r"jetbuilt/project/\d+", told))
            self._choose("bss/contact/5220", re.search(r"bss/contact/\d+", told))
        return told

    def value(self, example: str) -> str:
        """What stands for an example of the page."""
        return self._values[example]

    def _choose(self, example: str, named: re.Match[str] | None) -> None:
        """Take a key that the doctor names for the example of the page, as a key and as the name of a link."""
        if named is not None:
            self._values[example] = named[0]
            self._values[example.replace("/", ":")] = named[0].replace("/", ":")

    def here(self, text: str) -> str:
        """A text of the page with this tenant's values."""
        for example in sorted(self._values, key=len, reverse=True):
            text = text.replace(example, self._values[example])
        return text


@pytest.fixture
async def box() -> AsyncIterator[Sandbox]:
    """A small tenant of all three systems, with the limits of the vendors."""
    async with Sandbox(Options(projects=3)) as opened:
        yield opened


def values_of(box: Sandbox) -> dict[str, str]:
    """The values of the stand-ins by the examples of the page."""
    members = box.connectwise.table("system/members")
    return {
        "https://app.jetbuilt.com/api": box.jetbuilt_url,
        "https://api-na.myconnectwise.net": box.connectwise_url,
        "https://bss.eu.interworks.cloud": box.bss_url,
        "yourcompany": credentials.CONNECTWISE_COMPANY_ID,
        "JDoe": next(row["identifier"] for row in members if row["licenseClass"] != "A"),
        "api.user@example.com": credentials.BSS_USERNAME,
        "BSS CLIENT SECRET": credentials.BSS_CLIENT_SECRET,
        "BSS CLIENT KEY": credentials.BSS_CLIENT_KEY,
        "BSS PASSWORD": credentials.BSS_PASSWORD,
        "JETBUILT KEY": credentials.JETBUILT_API_KEY,
        "PUBLIC KEY": credentials.CONNECTWISE_PUBLIC_KEY,
        "PRIVATE KEY": credentials.CONNECTWISE_PRIVATE_KEY,
        "CLIENT ID": credentials.CONNECTWISE_CLIENT_ID,
    }


async def set_up(operator: Operator, case: str, *, until: str = "") -> None:
    """Follow the steps after the installation, up to one whose title begins with `until`."""
    for step in list(steps(case))[1:]:
        if until and step.title.startswith(until):
            return
        await operator.follow(step)


def show(case: str, seconds: Mapping[str, float]) -> None:
    """Print the time of each step."""
    for title, taken in seconds.items():
        print(f"{case}: {title}: {taken:.1f} s")


@pytest.mark.parametrize("case", ["jetbuilt", "bss", "both"])
async def test_the_page_ends_with_the_first_correct_object(box: Sandbox, tmp_path: Path, case: str) -> None:
    operator = Operator(tmp_path, values_of(box))

    await set_up(operator, case)

    show(case, operator.seconds)
    assert sum(operator.seconds.values()) < MAX_SECONDS
    if case != "bss":
        await assert_the_project_is_there(box, operator.value("jetbuilt/project/97737"))
    if case != "jetbuilt":
        assert_the_contact_is_there(box, operator.value("bss/contact/5220"))


async def assert_the_project_is_there(box: Sandbox, key: str) -> None:
    """The opportunity has every line and the total that Jetbuilt's own answers come to.

    A twin with the same data gives them: the limit of the stand-in is for the commands.
    """
    async with (
        Sandbox(msgspec.structs.replace(box.options, limits=False)) as twin,
        Jetbuilt.at(twin.jetbuilt_url) as jetbuilt,
    ):
        wanted = await expected.of_all(jetbuilt)
    (one,) = [found for found in wanted.values() if found.key == key and found.option is None]
    assert one.lines
    Books(box.connectwise).assert_hold(one)


def assert_the_contact_is_there(box: Sandbox, key: str) -> None:
    """One contact has the names and the address of the person in BSS, in the one company that its account became."""
    person = box.bss.rows("contacts")[int(key.rpartition("/")[2])]
    account = box.bss.rows("accounts")[person["accountId"]]
    books = Books(box.connectwise)
    (company,) = [row for row in books.rows("company/companies") if row["name"] == account["name"]]
    (contact,) = [row for row in books.rows("company/contacts") if person["email"] in emails(row)]
    assert (contact["firstName"], contact["lastName"]) == (person["firstName"], person["lastName"])
    assert contact["company"]["id"] == company["id"]


async def test_the_whole_page_from_an_empty_folder(box: Sandbox, tmp_path: Path) -> None:
    operator = Operator(tmp_path, {**values_of(box), "REPOSITORY": str(ROOT)})

    for step in steps("both"):
        await operator.follow(step)

    show("from an empty folder", operator.seconds)
    assert sum(operator.seconds.values()) < MAX_SECONDS
    await assert_the_project_is_there(box, operator.value("jetbuilt/project/97737"))
    assert_the_contact_is_there(box, operator.value("bss/contact/5220"))


Fault = Callable[[Sandbox, Path], None]


def secret(name: str) -> Fault:
    """A secret file with a wrong value."""
    return lambda _box, folder: _write(folder / "secrets" / f"cwbridge_{name}", "wrong")


def setting(name: str, value: str) -> Fault:
    """A wrong value in the settings file."""

    def change(_box: Sandbox, folder: Path) -> None:
        file = folder / "cwbridge.toml"
        text, count = re.subn(
            rf"^{name} = .*$", f"{name} = {value}", file.read_text("utf-8"), flags=re.MULTILINE
        )
        assert count == 1
        _write(file, text)

    return change


def forbidden(method: str, path: str) -> Fault:
    """A right that the role lacks."""
    rule = FaultRule(name="forbidden", action="fail", status=403, method=method, path=path)
    return lambda box, _folder: box.connectwise_faults.add(rule)


def auditing(box: Sandbox, _folder: Path) -> None:
    """The inventory is being counted."""
    box.connectwise.modes.inventory_auditing = "all"


def no_row(_box: Sandbox, folder: Path) -> None:
    """No type of account has a row."""
    file = folder / "cwbridge.toml"
    text = file.read_text("utf-8")
    kept, rows, rest = re.split(
        r"(?<=^\[billing\.account_types\]\n)|(?=^# BSS currency)", text, flags=re.MULTILINE
    )
    assert rows
    _write(file, kept + rest)


def _write(file: Path, text: str) -> None:
    file.write_text(text, "utf-8")


DOCTOR, PROJECT, CONTACT = (
    "cwbridge doctor",
    "cwbridge sync jetbuilt/project/97737",
    "cwbridge sync bss/contact/5220",
)
FAULTS: dict[str, tuple[Fault, str]] = {
    "problem settings no flow": (lambda _box, folder: (folder / "cwbridge.toml").unlink(), DOCTOR),
    "problem ConnectWise ConnectWise refused": (secret("connectwise__private_key"), DOCTOR),
    "problem Jetbuilt Jetbuilt refused": (secret("jetbuilt__api_key"), DOCTOR),
    "problem ConnectWise read access": (forbidden("GET", "/sales/opportunities/statuses"), DOCTOR),
    "problem ConnectWise member": (setting("default_sales_rep", '"JDo"'), DOCTOR),
    "warning BSS account types": (lambda _box, _folder: None, DOCTOR),
    "ConnectWise does not let": (forbidden("POST", "/sales/opportunities"), PROJECT),
    "ConnectWise takes no product lines": (auditing, PROJECT),
    "[billing.account_types] has no row": (no_row, CONTACT),
}
"""How each fault of the page is made, by the beginning of what it says, and the command that shows it."""


def symptoms() -> list[str]:
    """What the page says that an operator may see."""
    return re.findall(r"^\| `(.+?)` \|", PAGE.read_text("utf-8"), re.MULTILINE)


def test_every_fault_of_the_page_is_tried() -> None:
    assert [one for one in symptoms() if not one.startswith(tuple(FAULTS))] == []
    assert len(symptoms()) == len(FAULTS)


@pytest.mark.parametrize("beginning", FAULTS)
async def test_a_fault_shows_itself_as_the_page_says(box: Sandbox, tmp_path: Path, beginning: str) -> None:
    (symptom,) = (one for one in symptoms() if one.startswith(beginning))
    make, command = FAULTS[beginning]
    operator = Operator(tmp_path, values_of(box))
    await set_up(operator, "both", until="5.")
    make(box, tmp_path / "sync")

    told = " ".join((await operator.type(Typed(command, ()), may_fail=True)).split())

    words = ".*".join(map(re.escape, operator.here(symptom).split("...")))
    assert re.search(words, told), told
