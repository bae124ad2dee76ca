"""The tables that every process reads; systems and flows add their own. The text under a setting is its description."""

from __future__ import annotations

from datetime import timedelta
from typing import ClassVar, Literal

import pydantic
from pydantic import Field

from cwbridge.settings.values import (
    AccessToken,
    Duration,
    HttpUrl,
    Listen,
    RateSetting,
    Secret,
)


class Section(pydantic.BaseModel):
    """A table of the settings file: frozen, unknown names are refused."""

    model_config = pydantic.ConfigDict(
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,
        validate_default=True,
        # Only the tables together are validated, in each process once.
        defer_build=True,
    )

    table: ClassVar[str]
    """Its name in the file and in the environment."""


class RedisSettings(Section):
    table: ClassVar[str] = "redis"

    url: Secret | None = None
    """`redis://`, `rediss://`, `unix://` or, for several machines, `redis+sentinel://` (docs/redis.md); unset: an embedded server, for one machine."""


class SystemSection(Section):
    """The table of an outside system; without a URL the system is switched off."""

    url: HttpUrl | None
    rate_limit: RateSetting
    concurrency: int

    @property
    def switched_on(self) -> bool:
        return self.url is not None


class QueueSettings(Section):
    table: ClassVar[str] = "queue"

    concurrency: int = Field(default=8, ge=1, le=128)
    """Slots of a worker: jobs it runs at once. Of four or more, the backlog leaves two free, and edits leave one to people."""
    debounce: Duration = timedelta(seconds=1)
    """How long a changed object waits before its run, so that a burst of saves is one run."""
    lease_duration: Duration = timedelta(seconds=15)
    """After how long without a heartbeat another worker takes over a job."""
    max_attempts: int = Field(default=8, ge=1, le=100)
    """Runs that may fail before a job is dead-lettered."""
    backoff_base: Duration = timedelta(seconds=5)
    """Longest delay after the first failed run; it doubles with each further one."""
    backoff_max: Duration = timedelta(minutes=15)
    """Longest delay between failed runs."""
    max_crashes: int = Field(default=3, ge=1, le=20)
    """Workers that may crash during a job before it is dead-lettered."""
    dead_letter_retry_interval: Duration = Field(default=timedelta(days=1), ge=timedelta(seconds=1))
    """How often a schedule requeues dead jobs; bugs and jobs that crashed their workers stay dead."""
    shutdown_timeout: Duration = timedelta(seconds=25)
    """How long running jobs may go on after SIGTERM."""


class HttpSettings(Section):
    table: ClassVar[str] = "http"

    listen: Listen = "127.0.0.1:8480"
    """HOST:PORT of metrics, probes and, for producers, the status page; port 0 takes any free port."""
    token: AccessToken | None = None
    """What the status page demands, 16 characters or more; producers need it when `listen` is not a loopback address. Secret."""
    timeout: Duration = timedelta(seconds=60)
    """How long a call may take."""
    max_response_bytes: int = Field(default=32 * 1024 * 1024, ge=1024)
    """Largest answer that is read, in bytes."""


class LogSettings(Section):
    table: ClassVar[str] = "log"

    level: Literal["debug", "info", "warning", "error"] = "info"
    """How much is logged."""
    format: Literal["auto", "console", "json"] = "auto"
    """Columns on a terminal and JSON lines otherwise, or always one of them."""
