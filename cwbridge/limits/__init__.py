"""Shared rate and concurrency limits."""
