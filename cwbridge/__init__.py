"""cwbridge: what every process of the bridge stands on."""

__version__ = "0.1.0"
