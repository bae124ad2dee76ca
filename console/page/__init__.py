"""The status page on `http.listen` of the producers: read-only, rendered here, usable without JavaScript."""

from console.page.routes import installer

__all__ = ["installer"]
