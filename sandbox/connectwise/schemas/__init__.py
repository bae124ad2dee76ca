"""The field tables of the modules, one line per field."""
