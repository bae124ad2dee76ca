"""interworks.cloud BSS over its public REST API, version 3."""
