"""Make one object right."""
