"""Settings that cannot be used: exit code 2 and one line that names the setting and the remedy, never a secret or a trace.

What needs no other system is shown in this process, through the same entry point; the rest with the real command.
"""

from __future__ import annotations

import logging
import socket
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import structlog

from console import app
from sandbox import credentials
from tests.integration.conftest import OpenBench
from tests.support import commands
from tests.support.bench import Bench
from tests.support.until import until

SECRETS = (
    credentials.JETBUILT_API_KEY,
    credentials.CONNECTWISE_PUBLIC_KEY,
    credentials.CONNECTWISE_PRIVATE_KEY,
    credentials.CONNECTWISE_CLIENT_ID,
    "wrong-secret",
)
NOWHERE = "http://127.0.0.1:1"
"""Nothing listens on this port."""
COMPLETE = {
    "CWBRIDGE_JETBUILT__URL": f"{NOWHERE}/api",
    "CWBRIDGE_JETBUILT__API_KEY": credentials.JETBUILT_API_KEY,
    "CWBRIDGE_CONNECTWISE__URL": NOWHERE,
    "CWBRIDGE_CONNECTWISE__COMPANY_ID": credentials.CONNECTWISE_COMPANY_ID,
    "CWBRIDGE_CONNECTWISE__PUBLIC_KEY": credentials.CONNECTWISE_PUBLIC_KEY,
    "CWBRIDGE_CONNECTWISE__PRIVATE_KEY": credentials.CONNECTWISE_PRIVATE_KEY,
    "CWBRIDGE_CONNECTWISE__CLIENT_ID": credentials.CONNECTWISE_CLIENT_ID,
    "CWBRIDGE_REDIS__URL": "redis://127.0.0.1:1/0",
}
Refused = Callable[..., None]


def check(code: int | str | None, out: str, err: str, *, names: str, says: str) -> None:
    """One line, with what is wrong before the arrow and what to do behind it."""
    assert (code, out) == (2, ""), err
    (line,) = err.splitlines()
    complaint, arrow, remedy = line.partition(" -> ")
    assert arrow
    assert len(remedy) > 10
    assert names in complaint
    assert says in line
    assert not [secret for secret in SECRETS if secret in line]


@pytest.fixture
def here(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> Iterator[Refused]:
    """The command in this process: `here("sync", names=..., says=..., VARIABLE=value)`; None leaves a variable out."""
    monkeypatch.chdir(tmp_path)
    root = logging.getLogger()
    handlers, level = root.handlers, root.level

    def refused(*arguments: str, names: str, says: str = "", **changed: str | None) -> None:
        for name, value in {**COMPLETE, **changed}.items():
            if value is not None:
                monkeypatch.setenv(name, value)
        monkeypatch.setattr(sys, "argv", ["cwbridge", *arguments])
        with pytest.raises(SystemExit) as ended:
            app.main()
        said = capsys.readouterr()
        check(ended.value.code, said.out, said.err, names=names, says=says)

    yield refused
    structlog.reset_defaults()
    root.handlers = handlers
    root.setLevel(level)


async def refused(*arguments: str, env: dict[str, str], cwd: Path, names: str, says: str = "") -> None:
    """The real command; what a daemon tells of its start is left out by the level of the log."""
    ended = await commands.run(*arguments, env={**env, "CWBRIDGE_LOG__LEVEL": "warning"}, cwd=cwd)
    check(ended.code, ended.out, ended.err, names=names, says=says)


@pytest.mark.parametrize(
    ("text", "names", "says"),
    [
        ('[jetbuilt]\npoll_intervall = "15s"\n', "jetbuilt.poll_intervall", "not a setting"),
        ('[jetbild]\nurl = "https://app.jetbuilt.com/api"\n', "jetbild", "not a setting"),
        ("[queue]\nconcurrency = 1.5\n", "queue.concurrency", "integer"),
        ("jetbuilt: url", "cwbridge.toml", "cannot be read"),
    ],
)
def test_a_mistake_in_the_file_is_refused_by_its_name(
    here: Refused, tmp_path: Path, text: str, names: str, says: str
) -> None:
    (tmp_path / "cwbridge.toml").write_text(text)
    here("sync", names=names, says=says)


def test_a_file_that_was_named_and_is_not_there_is_refused(here: Refused) -> None:
    here("status", CWBRIDGE_CONFIG="gone.toml", names="CWBRIDGE_CONFIG", says="gone.toml")


@pytest.mark.parametrize(
    "variable",
    [
        "CWBRIDGE_JETBUILD__URL",
        "CWBRIDGE_JETBUILT__APIKEY",
        "CWBRIDGE_REDIS_URL",
        "CWBRIDGE_CONNECTWISE__DEFAULT_SALESREP",
    ],
)
def test_an_unknown_variable_is_refused_by_its_name(here: Refused, variable: str) -> None:
    here("status", names=variable, says="not a setting", **{variable: "wrong-secret"})


@pytest.mark.parametrize(
    ("variable", "value", "says"),
    [
        ("CWBRIDGE_JETBUILT__CONCURRENCY", "six", "integer"),
        ("CWBRIDGE_JETBUILT__CONCURRENCY", "0", "greater than or equal to 1"),
        ("CWBRIDGE_JETBUILT__RATE_LIMIT", "fifty", "50/10s"),
        ("CWBRIDGE_CONNECTWISE__RATE_LIMIT", "10/0s", "no length"),
        ("CWBRIDGE_JETBUILT__POLL_INTERVAL", "15", "10s"),
        ("CWBRIDGE_JETBUILT__URL", "app.jetbuilt.com/api", "https://"),
        ("CWBRIDGE_CONNECTWISE__URL", "http://api-na.myconnectwise.net", "https://"),
        ("CWBRIDGE_OPPORTUNITY__LINE_STRATEGY", "rebuild", "recreate"),
        ("CWBRIDGE_OPPORTUNITY__NAME_TEMPLATE", "{customer}", "{custom_id}"),
        ("CWBRIDGE_HTTP__LISTEN", "8480", "HOST:PORT"),
        ("CWBRIDGE_NAMESPACE", "Prod:EU", "pattern"),
        ("CWBRIDGE_REDIS__URL", "localhost:6379", "redis://"),
        ("CWBRIDGE_JETBUILT__API_KEY", "wrong-secret\nX-Other: 1", "line break"),
        ("CWBRIDGE_CONNECTWISE__CLIENT_ID", "wrong-secret\u2019", "no HTTP header takes"),
        ("CWBRIDGE_OPPORTUNITY__SKIP_STAGES", '["Iceboks"]', "icebox"),
        ("CWBRIDGE_DEFAULTS__PRODUCT", '{"listPrice": Infinity}', "listPrice"),
        ("CWBRIDGE_HTTP_PORT", "8480", "not a setting"),
    ],
)
def test_a_value_of_the_wrong_form_is_refused_with_the_right_form(
    here: Refused, variable: str, value: str, says: str
) -> None:
    here("status", names=variable, says=says, **{variable: value})


@pytest.mark.parametrize(
    "variable",
    [
        "CWBRIDGE_JETBUILT__API_KEY",
        "CWBRIDGE_CONNECTWISE__COMPANY_ID",
        "CWBRIDGE_CONNECTWISE__PRIVATE_KEY",
        "CWBRIDGE_CONNECTWISE__CLIENT_ID",
    ],
)
@pytest.mark.parametrize("command", ["sync", "worker", "run"])
def test_a_missing_setting_is_refused_by_its_name(here: Refused, command: str, variable: str) -> None:
    here(command, names=variable, says="missing", **{variable: None})


@pytest.mark.parametrize("system", ["JETBUILT", "CONNECTWISE"])
@pytest.mark.parametrize("command", ["sync", "worker", "run"])
def test_a_system_without_an_address_switches_its_flows_off(here: Refused, command: str, system: str) -> None:
    off = {f"CWBRIDGE_{system}__URL": None}
    here(command, names="no flow is switched on", says=f"CWBRIDGE_{system}__URL", **off)


@pytest.mark.parametrize(
    "arguments",
    [
        ("sync", "97737"),
        ("sync", "jetbuilt/project/0"),
        ("jobs", "show", "jetbuilt/project/x"),
        ("jobs", "requeue", "jetbuilt/project/1", "nonsense"),
    ],
)
def test_a_key_that_is_none_is_refused_with_what_keys_look_like(
    here: Refused, arguments: tuple[str, ...]
) -> None:
    here(*arguments, names=arguments[-1], says="jetbuilt/project/97737")


def test_a_state_directory_that_cannot_be_written_is_refused_by_its_setting(
    here: Refused, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("not a directory")
    here(
        "status",
        names=str(tmp_path / "file"),
        says="CWBRIDGE_STATE_DIR",
        CWBRIDGE_STATE_DIR=str(tmp_path / "file"),
        CWBRIDGE_REDIS__URL=None,
    )


def test_a_secret_file_that_can_be_no_secret_is_refused_by_its_name(here: Refused, tmp_path: Path) -> None:
    path = tmp_path / "cwbridge_jetbuilt__api_key"
    path.write_bytes(b"wrong-secret\xff")
    here("status", names=str(path), says="no text", CREDENTIALS_DIRECTORY=str(tmp_path))


def test_a_default_field_that_cannot_be_sent_is_refused_by_its_key(here: Refused, tmp_path: Path) -> None:
    (tmp_path / "cwbridge.toml").write_text("[defaults.product]\npurchaseTime = 07:30:00\n")
    here("sync", names="purchaseTime", says="defaults.product")


async def test_an_unreachable_redis_is_refused_by_its_setting(tmp_path: Path) -> None:
    await refused("status", env=COMPLETE, cwd=tmp_path, names="CWBRIDGE_REDIS__URL", says="running")


async def test_an_unknown_variable_ends_the_real_command_the_same_way(tmp_path: Path) -> None:
    env = {**COMPLETE, "CWBRIDGE_REDIS_URL": "redis://127.0.0.1/0"}
    await refused("run", env=env, cwd=tmp_path, names="CWBRIDGE_REDIS_URL", says="not a setting")


@pytest.mark.parametrize("command", ["sync", "run"])
async def test_a_refused_jetbuilt_key_is_a_mistake_in_the_settings(
    bench: Bench, tmp_path: Path, command: str
) -> None:
    env = bench.environment(CWBRIDGE_JETBUILT__API_KEY="wrong-secret")
    await refused(command, env=env, cwd=tmp_path, names="CWBRIDGE_JETBUILT__API_KEY", says="refused")
    assert bench.writes == 0


@pytest.mark.parametrize(("command", "answer"), [("sync", "404"), ("run", "401")])
async def test_refused_connectwise_credentials_are_a_mistake_in_the_settings(
    bench: Bench, tmp_path: Path, command: str, answer: str
) -> None:
    bench.box.connectwise.modes.wrong_keys = "401" if answer == "401" else "404"
    env = bench.environment(CWBRIDGE_CONNECTWISE__PRIVATE_KEY="wrong-secret")
    await refused(command, env=env, cwd=tmp_path, names="CWBRIDGE_CONNECTWISE__PRIVATE_KEY")
    assert bench.writes == 0


async def test_an_unknown_company_id_is_a_mistake_in_the_settings(bench: Bench, tmp_path: Path) -> None:
    env = bench.environment(CWBRIDGE_CONNECTWISE__COMPANY_ID="somebody_else")
    await refused("sync", env=env, cwd=tmp_path, names="CWBRIDGE_CONNECTWISE__COMPANY_ID")


@pytest.mark.parametrize("system", ["JETBUILT", "CONNECTWISE"])
async def test_the_address_of_something_else_is_a_mistake_in_the_settings(
    bench: Bench, tmp_path: Path, system: str
) -> None:
    other = bench.box.connectwise_url if system == "JETBUILT" else bench.box.jetbuilt_url
    env = bench.environment(**{f"CWBRIDGE_{system}__URL": other})
    await refused("sync", env=env, cwd=tmp_path, names=f"CWBRIDGE_{system}__URL")


async def test_a_port_in_use_is_refused_by_its_setting(bench: Bench, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        listen = f"127.0.0.1:{taken.getsockname()[1]}"
        env = bench.environment(CWBRIDGE_HTTP__LISTEN=listen)
        await refused("run", env=env, cwd=tmp_path, names="CWBRIDGE_HTTP__LISTEN", says=listen)


async def test_a_system_that_is_only_away_is_no_mistake_in_the_settings(
    open_bench: OpenBench, tmp_path: Path
) -> None:
    """No operator is woken at night because Jetbuilt is down: the daemon starts and waits."""
    bench = await open_bench()
    env = bench.environment(CWBRIDGE_JETBUILT__URL=f"{NOWHERE}/api")
    async with commands.running("run", env=env, cwd=tmp_path) as daemon:
        await until(lambda: daemon.events("worker_started"), what="the worker has started")
        assert daemon.events("system_unreachable")
        daemon.ask_to_stop()
        assert (await daemon.ended()).code == 0
