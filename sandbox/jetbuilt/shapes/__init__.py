"""The documented JSON of every noun, field by field."""
