"""Typed clients over one HTTP transport; no sync logic."""
