"""What the settings take and what they refuse: exact numbers, names, secrets, and the platform around the process."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from cwbridge import errors, settings
from cwbridge.connectors.connectwise.drafts import draft_body
from cwbridge.connectors.connectwise.settings import ConnectWiseSettings
from cwbridge.connectors.jetbuilt.settings import JetbuiltSettings
from cwbridge.connectors.jetbuilt.system import JETBUILT
from cwbridge.settings import sources
from sandbox.world.model import STAGES
from tests.support.configured import configured, loaded
from worker.opportunity.settings import OpportunitySettings
from worker.opportunity.stages import JETBUILT_STAGES
from worker.psa.settings import DefaultFieldsSettings

SECRET = "wrong-secret"
LINKS = {
    "CWBRIDGE_PORT": "tcp://10.3.2.1:8480",
    "CWBRIDGE_PORT_8480_TCP": "tcp://10.3.2.1:8480",
    "CWBRIDGE_PORT_8480_TCP_PROTO": "tcp",
    "CWBRIDGE_PORT_8480_TCP_PORT": "8480",
    "CWBRIDGE_PORT_8480_TCP_ADDR": "10.3.2.1",
    "CWBRIDGE_SERVICE_HOST": "10.3.2.1",
    "CWBRIDGE_SERVICE_PORT": "8480",
    "CWBRIDGE_SERVICE_PORT_METRICS": "8480",
    "CWBRIDGE_REDIS_PORT": "tcp://[fd00::1]:6379",
    "CWBRIDGE_REDIS_PORT_6379_TCP_ADDR": "fd00::1",
    "CWBRIDGE_REDIS_SERVICE_HOST": "fd00::1",
    "CWBRIDGE_REDIS_SERVICE_PORT_REDIS": "6379",
    "CWBRIDGE_WORKER_2_PORT_53_UDP_PROTO": "UDP",
}


@pytest.fixture(autouse=True)
def _no_settings_around(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in [name for name in os.environ if name.startswith("CWBRIDGE_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def secrets(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    directory = tmp_path / "secrets"
    directory.mkdir()
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(directory))
    return directory


def write(text: str) -> None:
    Path("cwbridge.toml").write_text(text, "utf-8")


def refused(*parts: str) -> None:
    with pytest.raises(errors.SettingsError) as caught:
        loaded()
    said = f"{caught.value} -> {caught.value.remedy}"
    assert not [part for part in parts if part not in said], said
    assert SECRET not in said


def test_service_links_of_kubernetes_are_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in LINKS.items():
        monkeypatch.setenv(name, value)
    assert loaded() == configured()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CWBRIDGE_PORT", "8480"),
        ("CWBRIDGE_HTTP_PORT", "8480"),
        ("CWBRIDGE_REDIS_PORT", "6379"),
        ("CWBRIDGE_SERVICE_HOST", "redis.example"),
        ("CWBRIDGE_SERVICE_PORT", "http"),
        ("CWBRIDGE_PORT_8480_TCP_ADDR", "here"),
        ("CWBRIDGE_REDIS_SERVICE", "10.3.2.1"),
        ("CWBRIDGE_REDIS_URL", "redis://10.3.2.1"),
        ("CWBRIDGE_IMPORT", "tcp://10.3.2.1:8480"),
    ],
)
def test_a_typing_mistake_is_no_service_link(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    refused(name, "is not a setting")


def test_secret_files_are_read_and_stripped(secrets: Path) -> None:
    (secrets / "cwbridge_jetbuilt__api_key").write_bytes(b"\xef\xbb\xbf  the-key\r\n")
    (secrets / "CWBRIDGE_CONNECTWISE__COMPANY_ID").write_text("acme\n")
    (secrets / "cwbridge_redis__url").write_text("redis://127.0.0.1/3\n")
    found = loaded()
    key = found.of(JetbuiltSettings).api_key
    assert key is not None
    assert key.get_secret_value() == "the-key"
    assert found.of(ConnectWiseSettings).company_id == "acme"
    assert found.redis.url is not None
    assert found.redis.url.get_secret_value() == "redis://127.0.0.1/3"


def test_the_environment_wins_over_a_secret_file_and_that_over_the_settings_file(
    secrets: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write('namespace = "file"\n[connectwise]\ncompany_id = "file"\n[log]\nlevel = "error"\n')
    (secrets / "cwbridge_namespace").write_text("secret")
    (secrets / "cwbridge_connectwise__company_id").write_text("secret")
    monkeypatch.setenv("CWBRIDGE_NAMESPACE", "environment")
    found = loaded()
    assert (found.namespace, found.of(ConnectWiseSettings).company_id, found.log.level) == (
        "environment",
        "secret",
        "error",
    )


def test_foreign_files_beside_the_secrets_are_not_read(secrets: Path) -> None:
    (secrets / "tls.p12").write_bytes(bytes(range(256)))
    (secrets / "cwbridge.p12").write_bytes(bytes(range(256)))
    (secrets / "backup").write_bytes(b"x" * 20_000_000)
    (secrets / "cwbridge_certificates").mkdir()
    (secrets / "unreadable").symlink_to("/nowhere")
    assert loaded() == configured()


def test_a_secret_file_that_can_be_no_secret_is_named(secrets: Path) -> None:
    path = secrets / "cwbridge_jetbuilt__api_key"
    path.write_bytes(b"\xff\xfe\x00binary")
    refused(str(path), "no text")
    path.write_bytes(b"x" * (sources.MAX_SECRET_BYTES + 1))
    refused(str(path), "larger than 64 KiB")


@pytest.mark.parametrize(
    "name", ["cwbridge_jetbuild__api_key", "cwbridge_redis_url", "cwbridge_jetbuilt__apikey"]
)
def test_a_secret_file_of_an_unknown_name_is_refused(secrets: Path, name: str) -> None:
    (secrets / name).write_text(SECRET)
    refused(name.rpartition("_")[2], "is not a setting")


@pytest.mark.parametrize(
    "variable",
    [
        "CWBRIDGE_JETBUILT__API_KEY",
        "CWBRIDGE_CONNECTWISE__COMPANY_ID",
        "CWBRIDGE_CONNECTWISE__PUBLIC_KEY",
        "CWBRIDGE_CONNECTWISE__PRIVATE_KEY",
        "CWBRIDGE_CONNECTWISE__CLIENT_ID",
    ],
)
@pytest.mark.parametrize(
    "value", [f"{SECRET}\nX-Other: 1", f"{SECRET}\x7f", f"{SECRET}\u2019", f"\u20ac{SECRET}"]
)
def test_a_credential_that_no_header_takes_is_refused(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    monkeypatch.setenv(variable, value)
    refused(variable, "cannot be used", "it holds a")


def test_a_token_that_could_be_guessed_is_refused(monkeypatch: pytest.MonkeyPatch, secrets: Path) -> None:
    monkeypatch.setenv("CWBRIDGE_HTTP__TOKEN", SECRET)
    refused("CWBRIDGE_HTTP__TOKEN", "fewer than 16 characters", "openssl rand -hex 32")
    monkeypatch.delenv("CWBRIDGE_HTTP__TOKEN")
    (secrets / "cwbridge_http__token").write_text("0123456789abcdef\n")
    token = loaded().http.token
    assert token is not None
    assert token.get_secret_value() == "0123456789abcdef"
    assert "0123456789abcdef" not in repr(loaded())


def test_a_credential_in_the_environment_is_stripped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CWBRIDGE_JETBUILT__API_KEY", "the-key\n")
    monkeypatch.setenv("CWBRIDGE_JETBUILT__URL", "https://app.jetbuilt.com/api/\n")
    found = loaded().of(JetbuiltSettings)
    assert found.api_key is not None
    assert (found.api_key.get_secret_value(), found.url) == ("the-key", "https://app.jetbuilt.com/api")


def test_a_credential_of_blanks_alone_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CWBRIDGE_JETBUILT__URL", "https://app.jetbuilt.com/api")
    monkeypatch.setenv("CWBRIDGE_JETBUILT__API_KEY", " \n")
    with pytest.raises(errors.SettingsError, match="CWBRIDGE_JETBUILT__API_KEY is missing"):
        settings.require(loaded().of(JetbuiltSettings), JETBUILT.required)


VALUES = """
listPrice = 12.5
exact = 0.1234567890123456789
quantity = 3
flag = true
day = 2026-11-21
moment = 2026-11-21T22:18:00-07:00
unit = {id = 5}
custom_fields = {Factor = 7.5, "Go live" = 2026-11-21, Rows = [1.5, "a"]}
"""


def test_numbers_and_dates_of_default_fields_are_exact() -> None:
    write(f"[defaults.product]\n{VALUES}")
    values = loaded().of(DefaultFieldsSettings).product
    day = datetime(2026, 11, 21, tzinfo=UTC)
    assert values | {"moment": None} == {
        "listPrice": Decimal("12.5"),
        "exact": Decimal("0.1234567890123456789"),
        "quantity": 3,
        "flag": True,
        "day": day,
        "moment": None,
        "unit": {"id": 5},
        "custom_fields": {"Factor": Decimal("7.5"), "Go live": day, "Rows": [Decimal("1.5"), "a"]},
    }
    sent = draft_body(values)
    assert b'"listPrice":12.5,"exact":0.1234567890123456789' in sent
    assert b'"day":"2026-11-21T00:00:00Z","moment":"2026-11-22T05:18:00Z"' in sent


def test_numbers_of_default_fields_in_the_environment_are_exact(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CWBRIDGE_DEFAULTS__PRODUCT", '{"listPrice": 12.10, "custom_fields": {"Factor": 0.1}}')
    values = loaded().of(DefaultFieldsSettings).product
    assert str(values) == "{'listPrice': Decimal('12.10'), 'custom_fields': {'Factor': Decimal('0.1')}}"


@pytest.mark.parametrize(
    ("value", "key"),
    [
        ("at = 07:30:00", "at"),
        ("at = 2026-11-21T07:30:00", "at"),
        ("amount = inf", "amount"),
        ("custom_fields = {Factor = nan}", "custom_fields.Factor"),
        ("rows = [1.0, 07:30:00]", "rows[1]"),
    ],
)
@pytest.mark.parametrize("kind", ["opportunity", "product", "catalog", "company", "contact"])
def test_a_default_field_that_cannot_be_sent_is_refused_with_its_key(kind: str, value: str, key: str) -> None:
    write(f"[defaults.{kind}]\n{value}\n")
    refused(f"defaults.{kind}", f"{key} = ")


def test_a_number_that_is_none_is_refused_in_the_environment_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CWBRIDGE_DEFAULTS__PRODUCT", '{"listPrice": NaN}')
    refused("CWBRIDGE_DEFAULTS__PRODUCT", "listPrice = nan")


def test_names_of_stages_are_compared_without_case_and_blanks() -> None:
    write(
        '[opportunity]\nskip_stages = ["Icebox", " LOST "]\n'
        '[opportunity.stages]\nContract = {status = "Won"}\nproposal = {probability = 50}\n'
    )
    found = loaded().of(OpportunitySettings)
    assert found.skip_stages == ("icebox", "lost")
    assert {name: (one.status, one.probability) for name, one in found.stages.items()} == {
        "contract": ("Won", None),
        "proposal": (None, 50),
    }


def test_the_stages_that_are_known_are_those_of_jetbuilt() -> None:
    assert set(JETBUILT_STAGES) == set(STAGES)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        (
            '[opportunity]\nskip_stages = ["Iceboks"]\n',
            ("opportunity.skip_stages", "'Iceboks'", "icebox, lost"),
        ),
        ('[opportunity.stages]\nWon = {status = "Won"}\n', ("opportunity.stages", "'Won'", "contract")),
        (
            '[opportunity.stages]\nContract = {status = "Won"}\ncontract = {status = "Open"}\n',
            ("opportunity.stages", "'Contract' and 'contract' are the same name"),
        ),
        (
            '[opportunity.offices]\n"HQ" = {}\n"hq " = {}\n',
            ("opportunity.offices", "'HQ' and 'hq ' are the same name"),
        ),
        ('[catalog.item_types]\nRack = "A"\nRACK = "B"\n', ("catalog.item_types", "are the same name")),
    ],
)
def test_a_name_that_means_nothing_or_two_things_is_refused(text: str, named: tuple[str, ...]) -> None:
    write(text)
    refused(*named)


@pytest.mark.parametrize(
    ("variable", "value", "says"),
    [
        ("CWBRIDGE_OPPORTUNITY__SKIP_STAGES", "icebox", "is written as JSON"),
        ("CWBRIDGE_OPPORTUNITY__SKIP_STAGES", '["Iceboks"]', "'Iceboks' is not a stage"),
        ("CWBRIDGE_DEFAULTS__PRODUCT", '{"listPrice": 1', "is written as JSON"),
        ("CWBRIDGE_OPPORTUNITY__STAGES", '{"Won": {}}', "'Won' is not a stage"),
    ],
)
def test_a_mistake_in_a_list_or_table_is_refused_by_its_variable(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, says: str
) -> None:
    monkeypatch.setenv(variable, value)
    refused(f"{variable} cannot be used", says)


@pytest.mark.parametrize(("text", "expected"), [("probability = 50.0", 50), ("probability = 50", 50)])
def test_a_whole_number_may_be_written_with_a_point(text: str, expected: Any) -> None:
    write(f"[opportunity.stages.contract]\n{text}\n")
    assert loaded().of(OpportunitySettings).stages["contract"].probability == expected
