"""cwbridge: the library that every process of the daemon uses."""

__version__ = "0.1.0"
