"""Structured logs: columns on a terminal, one JSON object with the name of its logger per line otherwise.

Events are `noun_verb` in snake case with key-value context. The context of a job (key, fencing token, attempt) is bound
once at its start with `structlog.contextvars`. Values of secret settings are never passed to a logger; as a second safeguard,
values under secret-looking names are replaced.
"""

from __future__ import annotations

import io
import json
import logging
import sys
from typing import Literal, TextIO

import msgspec
import structlog
from structlog.typing import EventDict, ExcInfo, Processor, WrappedLogger

from cwbridge import surrogates
from cwbridge.text import json_shown, shown, shown_lines

_SECRET_NAMES = ("authorization", "password", "secret", "api_key", "private_key", "public_key", "token_value")

Format = Literal["auto", "console", "json"]


def _hide_secrets(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    for name in event:
        if any(secret in name.lower() for secret in _SECRET_NAMES):
            event[name] = "**********"
    return event


# Local variables of a frame may hold credentials, so a trace shows places only.
_traces = structlog.processors.ExceptionRenderer(
    structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
)


def _as_json(value: object, **_options: object) -> str:
    """One line; what is not printable is escaped, because people read logs on terminals."""
    try:
        return json_shown(msgspec.json.encode(value, enc_hook=str).decode())
    except UnicodeEncodeError:
        # msgspec refuses lone surrogates, and a line must not get lost for one.
        return surrogates.replaced(json.dumps(value, default=str).encode()).decode()


def _show_values(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Every value as one line of bounded length that cannot move the cursor of a terminal."""
    for name, value in event.items():
        if name != "exc_info" and not isinstance(value, bool | int | float | None):
            event[name] = shown(value if isinstance(value, str) else repr(value))
    return event


def _plain_trace(stream: TextIO, exc_info: ExcInfo) -> None:
    """A trace in which no message of an exception moves the cursor."""
    trace = io.StringIO()
    structlog.dev.plain_traceback(trace, exc_info)
    stream.write(shown_lines(trace.getvalue()))


def configure(*, level: str = "info", form: Format = "auto", stream: TextIO | None = None) -> None:
    """Send the events of cwbridge and of its libraries through one pipeline to `stream` (standard error by default)."""
    target = stream if stream is not None else sys.stderr
    columns = form == "console" or (form == "auto" and target.isatty())
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _hide_secrets,
    ]
    renderer: list[Processor] = (
        [
            _show_values,
            structlog.dev.ConsoleRenderer(colors=target.isatty(), exception_formatter=_plain_trace),
        ]
        if columns
        else [_traces, structlog.processors.JSONRenderer(serializer=_as_json)]
    )
    handler = logging.StreamHandler(target)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                *([] if columns else [structlog.stdlib.add_logger_name]),
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                *renderer,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    # arq and aiohttp log per job and per connection what cwbridge logs with more context.
    for chatty in ("arq", "aiohttp.access", "asyncio"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
