"""The `cwbridge` command."""
