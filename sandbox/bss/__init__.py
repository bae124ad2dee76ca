"""The stand-in for the REST API, version 3, of interworks.cloud BSS."""
