"""The outside systems: what was asked of each, how it answered, and what the limits allowed."""

from __future__ import annotations

from deploy.grafana.board import Board, Row
from deploy.grafana.expressions import increase, matched, of_daemon, quantile, rate
from deploy.grafana.panels import AMBER, GREEN, NONE_IS_GOOD, RED, Panel

_OF = 'system=~"$system"'
_DOWN = ("CwbridgeSystemUnreachable",)

_WELL = Row(
    "Does each system answer?",
    (
        Panel(
            kind="stat",
            title="Since the last good answer",
            means="Time since any process got a 2xx.",
            queries=(
                (
                    f"time() - max by (system) ({matched('cwbridge_api_last_success_timestamp_seconds', _OF)} > 0)",
                    "{{system}}",
                ),
            ),
            unit="s",
            width=12,
            alerts=_DOWN,
            steps=((None, GREEN), (300, AMBER), (900, RED)),
        ),
        Panel(
            kind="stat",
            title="On hold",
            means="1 while the system is on hold because it refused the credentials.",
            queries=((of_daemon("cwbridge_system_on_hold", "system", _OF), "{{system}}"),),
            unit="none",
            width=12,
            alerts=("CwbridgeSystemOnHold",),
            steps=NONE_IS_GOOD,
        ),
        Panel(
            kind="stack",
            title="Calls by answer",
            means="Calls a second by class of the answer; lost when none came.",
            queries=(
                (
                    rate("cwbridge_api_requests_total", "system, status_class", _OF),
                    "{{system}} {{status_class}}",
                ),
            ),
            unit="reqps",
            width=12,
            alerts=_DOWN,
        ),
        Panel(
            kind="graph",
            title="Calls sent again",
            means="By reason: a read that failed, or a pause that the system asked for.",
            queries=((rate("cwbridge_api_retries_total", "system, reason", _OF), "{{system}} {{reason}}"),),
            unit="reqps",
            width=12,
            alerts=_DOWN,
        ),
    ),
)

_LIMITS = Row(
    "What do the limits allow?",
    (
        Panel(
            kind="graph",
            title="Calls in the window, and allowed",
            means="A throttle lowers what is allowed for some minutes.",
            queries=(
                (of_daemon("cwbridge_limiter_used_calls", "system", _OF), "{{system}} used"),
                (of_daemon("cwbridge_limiter_limit_calls", "system", _OF), "{{system}} allowed"),
            ),
            unit="none",
            width=8,
            alerts=("CwbridgeLimitSaturated",),
        ),
        Panel(
            kind="graph",
            title="Wait for a turn",
            means="95 of 100 calls waited no longer, by lane: people first, then edits, then the backlog.",
            queries=(
                (quantile(0.95, "cwbridge_limiter_wait_seconds", "system, lane", _OF), "{{system}} {{lane}}"),
            ),
            unit="s",
            width=8,
            alerts=("CwbridgeLimitSaturated",),
        ),
        Panel(
            kind="graph",
            title="Throttled calls",
            means="Calls a second that the system refused as too many.",
            queries=((rate("cwbridge_api_throttled_total", "system", _OF), "{{system}}"),),
            unit="reqps",
            width=8,
            alerts=("CwbridgeThrottled",),
        ),
        Panel(
            kind="graph",
            title="Calls under way",
            means="Of all processes.",
            queries=(
                (f"sum by (system) ({matched('cwbridge_limiter_in_flight_requests', _OF)})", "{{system}}"),
            ),
            unit="none",
            width=8,
            alerts=("CwbridgeLimitSaturated",),
        ),
    ),
)

_ENDPOINTS = Row(
    "Which endpoint is slow?",
    (
        Panel(
            kind="graph",
            title="Time of an answer by endpoint",
            means="95 of 100 calls are answered in this time; the ten slowest endpoints.",
            queries=(
                (
                    "topk(10, "
                    + quantile(0.95, "cwbridge_api_request_duration_seconds", "system, method, endpoint", _OF)
                    + ")",
                    "{{system}} {{method}} {{endpoint}}",
                ),
            ),
            unit="s",
            width=12,
            alerts=_DOWN,
        ),
        Panel(
            kind="table",
            title="Calls by endpoint",
            means="In the time shown.",
            queries=((increase("cwbridge_api_requests_total", "system, method, endpoint", _OF), ""),),
            unit="none",
            width=12,
            alerts=("CwbridgeLimitSaturated",),
        ),
    ),
)

SYSTEMS = Board(
    uid="cwbridge-systems",
    title="cwbridge / systems",
    description="What was asked of Jetbuilt, BSS and ConnectWise, how they answered, and what the limits allowed.",
    variables=(("system", "cwbridge_limiter_limit_calls"),),
    rows=(_WELL, _LIMITS, _ENDPOINTS),
)
