"""The container file without a container engine: what it copies exists, and its build steps make a command that runs, compiler or not."""

from __future__ import annotations

import fnmatch
import os
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

pytestmark = pytest.mark.operations

ROOT = Path(__file__).parents[2]
FILE = ROOT / "deploy" / "container" / "Containerfile"
IGNORED = FILE.with_name(".containerignore")


def instructions() -> list[tuple[str, str]]:
    """Each instruction with its text on one line."""
    lines = re.sub(r"\\\n\s*", " ", re.sub(r"^#.*\n", "", FILE.read_text("utf-8"), flags=re.MULTILINE))
    return [(name, rest) for line in lines.splitlines() if line for name, _, rest in [line.partition(" ")]]


def stages() -> list[list[tuple[str, str]]]:
    found: list[list[tuple[str, str]]] = []
    for one in instructions():
        if one[0] == "FROM":
            found.append([])
        found[-1].append(one)
    return found


def copied() -> list[str]:
    """The sources that the first stage copies from the checkout."""
    return [source for name, rest in stages()[0] if name == "COPY" for source in shlex.split(rest)[:-1]]


def test_everything_that_is_copied_exists_and_is_not_ignored() -> None:
    patterns = [line for line in IGNORED.read_text("utf-8").splitlines() if line and not line.startswith("#")]
    for source in copied():
        assert (ROOT / source).exists(), source
        kept = [not one.startswith("!") for one in patterns if fnmatch.fnmatch(source, one.removeprefix("!"))]
        assert kept[-1] is False, f"{source} is ignored"


def test_the_result_runs_as_no_root_with_a_health_check_and_labels() -> None:
    last = dict(stages()[-1])
    assert last["USER"] == "65532:65532"
    assert "/healthz" in last["HEALTHCHECK"]
    assert "org.opencontainers.image.licenses" in last["LABEL"]
    assert last["ENTRYPOINT"] == '["cwbridge"]'
    names = [name for name, _ in stages()[-1]]
    assert names.index("USER") > max(place for place, name in enumerate(names) if name == "RUN")


def test_the_result_has_only_what_the_first_stage_made() -> None:
    copies = [rest for name, rest in stages()[-1] if name == "COPY"]
    assert copies == ["--from=build /opt/cwbridge /opt/cwbridge"]
    assert not re.search(r"apt-get|gcc|build-essential", FILE.read_text("utf-8"))


def test_the_lock_of_the_result_names_no_tool_of_development() -> None:
    names = set(
        re.findall(r"^([a-z0-9-]+)==", (ROOT / "requirements-runtime.lock").read_text("utf-8"), re.MULTILINE)
    )
    assert {"aiohttp", "arq", "jinja2", "redis"} <= names
    assert not names & {"pytest", "mypy", "ruff", "hypothesis", "hatchling", "pip"}


@pytest.mark.parametrize("lock", ["requirements-runtime.lock", "requirements-build.lock"])
def test_the_locks_agree_with_the_lock_of_development(lock: str) -> None:
    def versions(name: str) -> dict[str, str]:
        return dict(re.findall(r"^([a-z0-9-]+)==([^ \\;]+)", (ROOT / name).read_text("utf-8"), re.MULTILINE))

    everything = versions("requirements.lock")
    assert versions(lock).items() <= everything.items()


@pytest.mark.tens_of_seconds
def test_the_steps_of_the_build_make_a_command_that_runs(tmp_path: Path) -> None:
    source, target = tmp_path / "src", tmp_path / "opt"
    source.mkdir()
    target.mkdir()
    environment = {**os.environ, "CC": "/bin/false", "CXX": "/bin/false"}
    for name, rest in stages()[0]:
        if name == "COPY":
            *sources, place = shlex.split(rest)
            for one in sources:
                into = source / place if place != "./" else source / one
                if (ROOT / one).is_dir():
                    shutil.copytree(ROOT / one, into, ignore=shutil.ignore_patterns("__pycache__"))
                else:
                    shutil.copy(ROOT / one, into)
        elif name == "RUN":
            step = rest.replace("/opt/", f"{target}/")
            step = step.replace("python -m venv", "python3 -m venv")
            done = subprocess.run(  # noqa: S602 - the steps are shell commands of the container file
                step, shell=True, cwd=source, env=environment, capture_output=True, text=True, check=False
            )
            assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    command = target / "cwbridge" / "bin" / "cwbridge"
    said = subprocess.run([command, "--version"], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert said.stdout.startswith("cwbridge ")
    assert not (target / "cwbridge" / "bin" / "pip").exists()
    templates = subprocess.run(
        [command.with_name("python"), "-c", "import console.page, cwbridge.lua; print('ok')"],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )
    assert templates.stdout == "ok\n", templates.stderr
    env = {"CWBRIDGE_REDIS__URL": "unix:///nonexistent/redis.sock"}
    settings = subprocess.run(
        [command, "status"], capture_output=True, text=True, check=False, cwd=tmp_path, env=env
    )
    assert settings.returncode == 2
    assert "Traceback" not in settings.stderr
