"""Pieces of the queries: series of a process are added up, series of the whole daemon are the same from every producer."""

from __future__ import annotations

_OF = 'namespace=~"$namespace"'
RATE = "$__rate_interval"


def matched(name: str, *matchers: str) -> str:
    """A series of the chosen namespace."""
    return f"{name}{{{','.join((_OF, *matchers))}}}"


def of_daemon(name: str, by: str = "", *matchers: str) -> str:
    """A series of the whole daemon: one value for each of the labels `by`."""
    return f"max by ({by}) ({matched(name, *matchers)})" if by else f"max({matched(name, *matchers)})"


def total_of_daemon(name: str, by: str, *matchers: str, over: str = "") -> str:
    """The sum over the labels `by` of a series of the whole daemon, for each of the labels `over`."""
    return f"sum{f' by ({over})' if over else ''} ({of_daemon(name, by, *matchers)})"


def rate(name: str, by: str, *matchers: str, window: str = RATE) -> str:
    """A counter of the processes, a second."""
    return f"sum by ({by}) (rate({matched(name, *matchers)}[{window}]))"


def increase(name: str, by: str, *matchers: str, window: str = "$__range") -> str:
    """A counter of the processes over a time."""
    return f"sum by ({by}) (increase({matched(name, *matchers)}[{window}]))"


def quantile(share: float, name: str, by: str, *matchers: str, window: str = "5m") -> str:
    """A quantile of a histogram of the processes."""
    labels = f"{by}, le" if by else "le"
    return f"histogram_quantile({share}, {rate(f'{name}_bucket', labels, *matchers, window=window)})"


def share(part: str, whole: str) -> str:
    """A part of a whole, where there is a whole."""
    return f"{part} / ({whole} > 0)"


def age(name: str, by: str, *matchers: str) -> str:
    """Seconds since a time stamp of the whole daemon."""
    return f"time() - {of_daemon(name, by, *matchers)}"
