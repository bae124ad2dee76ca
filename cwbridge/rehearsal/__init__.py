"""Rehearses a run: the same code as a worker's, with reads that are real and writes that stay in this process."""

from cwbridge.rehearsal.rehearsal import Rehearsal, rehearse

__all__ = ["Rehearsal", "rehearse"]
