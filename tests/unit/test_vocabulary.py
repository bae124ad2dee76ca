"""One word has one meaning: the words that the project has replaced do not come back."""

from __future__ import annotations

import io
import re
import subprocess
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CODE = ("cwbridge", "worker", "producers", "console")
TEXTS = ("docs", "deploy", "README.md", "CONTRIBUTING.md", "CHANGELOG.md", "sandbox/README.md")

IDENTIFIERS = {
    "want": "enqueue",
    "wants": "enqueue",
    "ticket": "fencing_token",
    "tickets": "fencing_tokens",
    "kills": "crashes",
    "again_lane": "rerun_lane",
    "given_up": "dead_lettered",
    "later": "scheduled",
    "parked": "waiting",
    "parking": "inventory_gate",
    "trouble": "failure",
    "troubles": "failures",
    "problem": "error",
    "problems": "errors",
    "mark": "external_id",
    "marks": "external_ids",
    "habits": "line_policy",
    "finding": "discrepancy",
    "findings": "discrepancies",
    "fixed": "default_fields",
    "fixable": "default_fields",
    "remembered": "cached",
    "Remembered": "CachedValue",
    "Coalescer": "BatchLoader",
    "a_few_at_a_time": "gather_limited",
    "most": "limit or max_...",
    "check_keys": "check_credentials",
    "keys_refused": "credentials_refused",
    "keys_work": "credentials_work",
    "system_stopped": "system_on_hold",
    "full_pass": "full_sync",
    "drain": "shut_down, shutdown_timeout",
    "let_go": "release",
    "anew": "again",
    "stopped_systems": "systems_on_hold",
    "systems_stopped": "systems_on_hold",
    "SystemStopped": "SystemOnHold",
    "SystemHeld": "SystemOnHold",
    "KeysRefused": "AuthenticationRefused",
    "a_person": "operator",
    "API_REPEATED": "API_RETRIES",
    "POLLS": "SCHEDULE_RUNS",
    "POLL_LAST_SUCCESS": "SCHEDULE_LAST_SUCCESS",
    "refused_again": "dead_letter_retry_interval",
    "backoff_most": "backoff_max",
    "most_body_bytes": "max_response_bytes",
    "found_for": "cache_ttl",
    "inventory_probe": "inventory_probe_interval",
    "full_pass_interval": "full_sync_interval",
}
"""Names of variables, functions, fields and settings, with the word to use."""

# The record of ConnectWise that a product item may belong to is called so by its API.
ALLOWED = {("cwbridge/connectors/connectwise/models.py", "ticket")}

PHRASES = {
    r"somebody": "another user, the operator, ...",
    r"whoever": "the actor by name",
    r"of ours": "what is meant: the daemon's, linked",
    r"(?:is|are) no more\b(?! than)": "has ended, does not exist",
    r"given up": "dead",
    r"giv(?:e|es|ing) up\b(?! the)": "dead-letter",
    r"parked?|parking": "waiting",
    r"full pass(?:es)?": "full sync",
    r"the way of a change": "life of a change",
    r"the house": "the package layout",
    r"(?:our|the|its|refused|wrong|these|own) keys (?:work|are refused|were refused)": "credentials",
    r"refused (?:our|its|the) keys": "refused the credentials",
    r"API keys? (?:refused|wrong)": "credentials",
    r"tickets?\b(?! (?:of ConnectWise|system))": "fencing token",
    r"fixed values?": "default fields",
    r"marked opportunit\w+": "opportunities with an external id",
    r"\ba mark\b|\bmarks of\b|\bits mark\b|\bthe mark\b|\bby mark\b|\btheir marks?\b": "external id",
    r"wanted again|is wanted|was wanted|keys? wanted|wanted keys?|marked? as wanted": "enqueued",
    r"works? amid|\bamid\b": "during",
    r"in trouble|the trouble": "failure",
    r"second look(?:s)? (?:anew)": "second look",
    r"remembered for": "cached for",
    r"nobody|everybody|anybody|someone": "the actor by name",
    r"for ever\b": "forever",
    r"anew\b": "again",
    r"ours\b|not ours": "the daemon's, linked",
    r"the bridge|bridges": "the daemon, cwbridge",
    r"(?:is|are|was|were) left alone": "stays as it is",
    r"lets? go\b": "release",
    r"(?:it|this|that) is said\b|(?:is|are) said (?:once|at once)": "reported, logged",
    r"stands? on\b": "needs, uses",
    r"places in use|free places?|places? of (?:a|the) worker": "slots",
    r"(?:a|the) trial\b": "dry run",
    r"stopped systems?": "systems on hold",
    r"what (?:is|was) wanted|wanted counter": "enqueued, desired",
    r"kill(?:s|ed)? (?:its|their) workers?": "crashes",
}
"""Phrases of docstrings, comments, messages, help texts and pages, with what to write instead."""


def files(*places: str, ending: str) -> list[str]:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", *places],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return sorted(name for name in listed.stdout.split() if name.endswith(ending) and (ROOT / name).is_file())


def names(text: str) -> Iterator[tuple[int, str]]:
    """Every identifier with its line."""
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.NAME:
            yield token.start[0], token.string


def prose(text: str) -> Iterator[tuple[int, str]]:
    """Every line of a docstring, comment or message, with its number."""
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type in {tokenize.STRING, tokenize.COMMENT}:
            for offset, line in enumerate(token.string.splitlines()):
                yield token.start[0] + offset, line


def phrases_in(lines: Iterator[tuple[int, str]], name: str) -> list[str]:
    found = []
    for number, line in lines:
        for phrase, instead in PHRASES.items():
            if (match := re.search(rf"\b(?:{phrase})", line, re.IGNORECASE)) is not None:
                found.append(f"{name}:{number}: {match[0]!r} -> {instead}")
    return found


@pytest.mark.parametrize("package", CODE)
def test_identifiers_use_the_words_of_the_field(package: str) -> None:
    found = [
        f"{name}:{line}: {identifier} -> {IDENTIFIERS[identifier]}"
        for name in files(package, ending=".py")
        for line, identifier in names((ROOT / name).read_text("utf-8"))
        if identifier in IDENTIFIERS and (name, identifier) not in ALLOWED
    ]
    assert found == []


@pytest.mark.parametrize("package", CODE)
def test_docstrings_comments_and_messages_are_plain(package: str) -> None:
    found = []
    for name in files(package, ending=".py"):
        found += phrases_in(prose((ROOT / name).read_text("utf-8")), name)
    for name in files(package, ending=".lua"):
        found += phrases_in(enumerate((ROOT / name).read_text("utf-8").splitlines(), start=1), name)
    assert found == []


def test_pages_are_plain() -> None:
    found = []
    for name in [*files(*TEXTS, ending=".md"), *files("deploy", ending="")]:
        found += phrases_in(enumerate((ROOT / name).read_text("utf-8").splitlines(), start=1), name)
    assert found == []


def test_the_vocabulary_is_looked_for() -> None:
    """The search itself finds what it looks for, in each kind of text."""
    text = 'want = 1\n"""What nobody of ours is no more."""\n# parked by somebody\n'
    assert [identifier for _, identifier in names(text) if identifier in IDENTIFIERS] == ["want"]
    assert len(phrases_in(prose(text), "x.py")) == 6
