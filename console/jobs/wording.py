"""Words for the state of a job."""

from __future__ import annotations

from console import output
from cwbridge.queue.job import Job


def state(job: Job) -> str:
    """The state in a few words; for a running job also that it will be held."""
    if job.state == "running" and job.held:
        return "running, held after this run"
    return job.state


def hold(job: Job) -> tuple[str, str] | None:
    """Since when a job is held, and the command that releases it."""
    if not job.held:
        return None
    since = f"held since {output.moment(job.held_since_ms)}" if job.held_since_ms else "held after this run"
    return since, f"cwbridge jobs release {job.key}"
