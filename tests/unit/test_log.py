"""Every line of the log is one JSON object that names its logger and shows no secret."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
import structlog

from cwbridge import log


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    stream = io.StringIO()
    log.configure(form="json", stream=stream)
    yield stream
    structlog.reset_defaults()
    root.handlers = handlers
    root.setLevel(level)


def read(stream: io.StringIO) -> list[dict[str, Any]]:
    return [msgspec.json.decode(line) for line in stream.getvalue().splitlines()]


def test_the_logger_is_named_in_every_line(lines: io.StringIO) -> None:
    structlog.get_logger().info("job_started", key="jetbuilt/project/7")
    structlog.get_logger("worker.opportunity").info("opportunity_synced", opportunity_id=5)
    logging.getLogger("some.package").warning("It says %s", "so")
    own, named, library = read(lines)
    assert (own["logger"], own["event"], own["key"]) == (__name__, "job_started", "jetbuilt/project/7")
    assert (named["logger"], named["opportunity_id"]) == ("worker.opportunity", 5)
    assert (library["logger"], library["event"]) == ("some.package", "It says so")


def test_a_trace_names_the_logger_and_shows_no_local_variable(lines: io.StringIO) -> None:
    hidden = "wrong-secret"
    try:
        int("no number")
    except ValueError:
        structlog.get_logger().exception("job_failed", api_key=hidden)
    (line,) = read(lines)
    assert line["logger"] == __name__
    assert line["exception"][0]["exc_type"] == "ValueError"
    assert hidden not in lines.getvalue()
