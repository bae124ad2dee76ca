"""The lower half of the overview: the money, what was done today, and the processes themselves."""

from __future__ import annotations

from deploy.grafana.board import Row
from deploy.grafana.expressions import increase, matched, of_daemon, quantile, rate
from deploy.grafana.panels import Panel

MONEY = Row(
    "Is the money the same on both sides?",
    (
        Panel(
            kind="graph",
            title="Money that differs now",
            means="Sum of the differences without sign, by currency, in units of the currency.",
            queries=((of_daemon("cwbridge_mismatch_amount", "flow, currency"), "{{flow}} {{currency}}"),),
            unit="none",
            width=12,
            alerts=("CwbridgeMoneyMismatch",),
        ),
        Panel(
            kind="graph",
            title="Differences that runs found",
            means="By kind: subtotal, tax, amount, total, or a line that ConnectWise does not take. In the hour before.",
            queries=(
                (increase("cwbridge_discrepancies_total", "flow, kind", window="1h"), "{{flow}} {{kind}}"),
            ),
            unit="none",
            width=12,
            alerts=("CwbridgeMoneyMismatch",),
        ),
    ),
)

TODAY = Row(
    "What did it do today?",
    (
        Panel(
            kind="table",
            title="Records written in a day",
            means="Records created, updated, deleted or reactivated in the last 24 hours; the first of a kind after a start is not counted.",
            queries=((increase("cwbridge_objects_total", "flow, object, action", window="24h"), ""),),
            unit="none",
            width=12,
            alerts=(),
        ),
        Panel(
            kind="graph",
            title="Jobs enqueued by schedule",
            means="Keys a second that polls and full syncs enqueued.",
            queries=((rate("cwbridge_jobs_enqueued_total", "schedule"), "{{schedule}}"),),
            unit="ops",
            width=6,
            alerts=("CwbridgePollStale",),
        ),
        Panel(
            kind="graph",
            title="Requeues",
            means="Jobs that a person or the daily retry put back, since Redis was new.",
            queries=((of_daemon("cwbridge_requeues_total", "flow, by"), "{{flow}} by {{by}}"),),
            unit="none",
            width=6,
            alerts=("CwbridgeDeadLetters",),
        ),
    ),
)

MACHINE = Row(
    "Are the processes and Redis well?",
    (
        Panel(
            kind="graph",
            title="Redis",
            means="1 when Redis answered the last command of every process; 1 when it keeps its data.",
            queries=(
                (f"min({matched('cwbridge_redis_up')})", "answers"),
                (f"min({matched('cwbridge_redis_durable')})", "durable"),
            ),
            unit="none",
            width=6,
            alerts=("CwbridgeRedisDown", "CwbridgeRedisNotDurable"),
        ),
        Panel(
            kind="graph",
            title="Time of a Redis command",
            means="99 of 100 commands are answered in this time.",
            queries=((quantile(0.99, "cwbridge_redis_command_duration_seconds", ""), "99 %"),),
            unit="s",
            width=6,
            alerts=("CwbridgeRedisDown",),
        ),
        Panel(
            kind="graph",
            title="Lateness of the event loop",
            means="99 of 100 times it woke up no later than this; above a second a process does too much.",
            queries=((quantile(0.99, "cwbridge_event_loop_lag_seconds", "instance"), "{{instance}}"),),
            unit="s",
            width=6,
            alerts=("CwbridgeDown",),
        ),
        Panel(
            kind="table",
            title="Versions",
            means="Processes by version.",
            queries=((f"count by (version) ({matched('cwbridge_build_info')})", ""),),
            unit="none",
            width=6,
            alerts=("CwbridgeDown",),
        ),
    ),
)
