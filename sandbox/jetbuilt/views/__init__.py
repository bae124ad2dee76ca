"""The handlers, one file per noun."""
