"""Records every call: metrics, the trail of the job, one debug line; never a header, never a body."""

from __future__ import annotations

import logging
import time
from typing import Any

import structlog
from prometheus_client import Counter, Histogram

from cwbridge import freshness, metrics
from cwbridge.connectors import trail
from cwbridge.connectors.calls import Call, Request

_log = structlog.get_logger(__name__)
_level = logging.getLogger(__name__)


class Meter:
    """Notes the calls of one system; the series it has counted in are kept, because to look one up costs more than to count."""

    def __init__(self, system: str) -> None:
        self._system = system
        self._last_success = metrics.API_LAST_SUCCESS.labels(system)
        self._series: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}

    def note(self, request: Request[Any], call: Call) -> None:
        """Note a call that has just ended, however it ended."""
        seconds = time.perf_counter() - call.started
        self._count(request.method, request.endpoint, call.status // 100, seconds)
        if call.status // 100 == 2:
            self._last_success.set_to_current_time()
            if request.writes:
                freshness.wrote()
        calls = trail.CURRENT.get()
        if calls is not None:
            calls.add(self._record(request, call, seconds))
        if _level.isEnabledFor(logging.DEBUG):
            _log.debug(
                "api_call",
                system=self._system,
                method=request.method,
                endpoint=request.endpoint,
                status=call.status,
                request_id=call.request_id,
                duration_ms=round(seconds * 1000),
                tries=call.number,
            )

    def note_repeat(self, reason: str) -> None:
        """Note that a call of one request is sent again."""
        metrics.API_RETRIES.labels(self._system, reason).inc()

    def note_throttle(self) -> None:
        """Note that the system asked for a pause."""
        metrics.API_THROTTLED.labels(self._system).inc()

    def _count(self, method: str, endpoint: str, hundreds: int, seconds: float) -> None:
        series = self._series.get((method, endpoint, hundreds))
        if series is None:
            status_class = f"{hundreds}xx" if hundreds else "lost"
            series = (
                metrics.API_REQUESTS.labels(self._system, method, endpoint, status_class),
                metrics.API_DURATION.labels(self._system, method, endpoint),
            )
            self._series[method, endpoint, hundreds] = series
        requests, durations = series
        requests.inc()
        durations.observe(seconds)

    def _record(self, request: Request[Any], call: Call, seconds: float) -> trail.CallRecord:
        return trail.CallRecord(
            at_ms=call.at_ms,
            system=self._system,
            method=request.method,
            endpoint=request.endpoint,
            path=request.path,
            status=call.status,
            request_id=call.request_id,
            duration_ms=round(seconds * 1000),
            note=call.note,
            date=call.date,
        )
