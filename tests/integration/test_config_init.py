"""`cwbridge config init` against the stand-ins: the file loads, the doctor passes with it, and nothing of it is secret or made up."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from cwbridge import settings as settings_module
from sandbox.faults import FaultRule
from tests.support import commands, doctor
from tests.support.bench import Bench

SECRETS = (
    "JETBUILT__API_KEY",
    "CONNECTWISE__PUBLIC_KEY",
    "CONNECTWISE__PRIVATE_KEY",
    "CONNECTWISE__CLIENT_ID",
    "BSS__PASSWORD",
    "BSS__CLIENT_KEY",
    "BSS__CLIENT_SECRET",
    "REDIS__URL",
)


@pytest.fixture
def environment(bench: Bench) -> dict[str, str]:
    """What a new user has set: addresses and credentials, and no other setting."""
    given = doctor.switched_on(bench).environment()
    kept = ("URL", "API_KEY", "COMPANY_ID", "PUBLIC_KEY", "PRIVATE_KEY", "CLIENT_ID", "USERNAME", "PASSWORD")
    return {
        name: value
        for name, value in given.items()
        if name.endswith((*kept, "CLIENT_KEY", "CLIENT_SECRET", "NAMESPACE", "LISTEN"))
    }


def secrets_of(environment: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in environment.items() if name.endswith(SECRETS)}


def written(cwd: Path, name: str = "cwbridge.toml") -> dict[str, Any]:
    return tomllib.loads((cwd / name).read_text("utf-8"))


def text_of(cwd: Path) -> str:
    return (cwd / "cwbridge.toml").read_text("utf-8")


async def test_the_file_holds_no_secret_and_the_doctor_passes_with_it(
    environment: dict[str, str], tmp_path: Path
) -> None:
    made = await commands.run("config", "init", env=environment, cwd=tmp_path)

    assert made.code == 0, made.err
    text = text_of(tmp_path)
    for name, value in secrets_of(environment).items():
        assert value not in text
        assert value not in made.out + made.err
        assert name in text
    assert written(tmp_path)["connectwise"] == {
        "url": environment["CWBRIDGE_CONNECTWISE__URL"],
        "company_id": environment["CWBRIDGE_CONNECTWISE__COMPANY_ID"],
    }
    looked = await commands.run("doctor", "--json", env=secrets_of(environment), cwd=tmp_path)
    assert looked.code == 0, looked.out
    assert looked.json["problems"] == 0
    assert any(check["check"] == "BSS read access" for check in looked.json["checks"])


async def test_what_the_tenant_has_stands_beside_the_settings_that_choose_from_it(
    environment: dict[str, str], tmp_path: Path
) -> None:
    await commands.run("config", "init", env=environment, cwd=tmp_path)

    text = " ".join(line.removeprefix("# ") for line in text_of(tmp_path).splitlines())
    for choices in (
        'ConnectWise has: "Open", "Won", "Lost", "No Decision" finished_status = "CHOOSE"',
        'ConnectWise has: "Active", "Inactive", "Credit Hold" company_status = "Active"',
        'stage: ConnectWise has: "1. Prospect", "2. Qualification"',
        '"proposal" = { status = "CHOOSE", stage = "CHOOSE", probability = "CHOOSE" }',
        '"Reseller" = "CHOOSE"',
    ):
        assert choices in text
    assert written(tmp_path)["billing"]["account_types"] == {"Customer": "Customer", "Prospect": "Prospect"}


@pytest.mark.parametrize(
    ("systems", "tables"),
    [("jetbuilt", {"jetbuilt", "opportunity", "catalog"}), ("bss", {"bss", "billing"})],
)
async def test_only_the_systems_chosen_are_in_the_file(
    environment: dict[str, str], tmp_path: Path, systems: str, tables: set[str]
) -> None:
    await commands.run("config", "init", "--systems", systems, env=environment, cwd=tmp_path)

    found = set(written(tmp_path)) & {"jetbuilt", "opportunity", "catalog", "bss", "billing"}
    assert found == tables


async def test_a_file_that_exists_is_never_overwritten(environment: dict[str, str], tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text("# mine\n")

    refused = await commands.run("config", "init", "--output", "mine.toml", env=environment, cwd=tmp_path)

    assert refused.code == 2
    assert "mine.toml exists and is never overwritten -> Name another file with --output" in refused.err
    assert file.read_text() == "# mine\n"


async def test_with_nothing_set_the_file_is_written_and_says_what_could_not_be_asked(tmp_path: Path) -> None:
    made = await commands.run("config", "init", env={}, cwd=tmp_path)

    assert made.code == 0, made.err
    assert "Not filled in: ConnectWise has no URL." in made.out
    assert "correct this, remove cwbridge.toml and run this command again." in made.out
    assert "CWBRIDGE_JETBUILT__URL" in made.out
    assert "CWBRIDGE_BSS__CLIENT_SECRET" in made.out
    assert "not known: ConnectWise has no URL" in text_of(tmp_path)
    assert (await commands.run("doctor", "--json", env={}, cwd=tmp_path)).code == 2


async def test_with_some_credentials_the_rest_is_filled_in(
    environment: dict[str, str], tmp_path: Path, bench: Bench
) -> None:
    del environment["CWBRIDGE_JETBUILT__API_KEY"]
    bench.box.connectwise_faults.add(
        FaultRule(name="forbidden", action="fail", status=403, path="/sales/stages*")
    )

    made = await commands.run("config", "init", env=environment, cwd=tmp_path)

    assert made.code == 0, made.err
    assert "Not filled in: Jetbuilt cannot be used: CWBRIDGE_JETBUILT__API_KEY is missing." in made.out
    assert "Still to be set: CWBRIDGE_JETBUILT__API_KEY." in made.out


async def test_the_file_that_the_environment_names_is_written(
    environment: dict[str, str], tmp_path: Path
) -> None:
    named = {**environment, "CWBRIDGE_CONFIG": "named.toml"}

    made = await commands.run("config", "init", "--systems", "bss", env=named, cwd=tmp_path)

    assert made.code == 0, made.err
    assert "bss" in written(tmp_path, "named.toml")


async def test_names_of_other_people_stay_within_their_string_and_their_comment(
    environment: dict[str, str], tmp_path: Path, bench: Bench
) -> None:
    hostile = '"]\nnamespace = "evil"\n#\x1b[2J\u202e'
    for table in ("company/companies/types", "company/companies/statuses", "sales/stages"):
        row = bench.books.rows(table)[0]
        bench.box.connectwise_user.edit(table, str(row["id"]), {"name": hostile[:30]})
    bench.box.bss_user.edit("organization/accounttypes", "1", {"name": hostile[:30]})

    made = await commands.run("config", "init", env=environment, cwd=tmp_path)

    assert made.code == 0, made.err
    text = text_of(tmp_path)
    assert "\x1b" not in text + made.out
    assert "\u202e" not in text
    assert written(tmp_path)["namespace"] == environment["CWBRIDGE_NAMESPACE"]
    assert set(written(tmp_path)) <= {"namespace", *settings_module.with_tables().model_fields} | {
        "jetbuilt",
        "connectwise",
        "bss",
        "opportunity",
        "defaults",
        "catalog",
        "billing",
    }
