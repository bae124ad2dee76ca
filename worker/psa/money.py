"""Amounts of money and quantities as ConnectWise can be sent them, and as both sides are compared."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Context, Decimal

_CENT = Decimal("0.01")
_ZERO = Decimal(0)
_DOUBLE = Context(prec=15, rounding=ROUND_HALF_UP)


def cents(amount: Decimal | None) -> Decimal:
    """An amount rounded to cents, half of one away from zero; no amount is 0."""
    return (amount or _ZERO).quantize(_CENT, rounding=ROUND_HALF_UP)


def exact(amount: Decimal | None) -> Decimal:
    """An amount with the fifteen digits a double keeps, ConnectWise's number on the wire, less needless zeros."""
    plain = (amount or _ZERO).normalize(_DOUBLE)
    return plain if plain.as_tuple().exponent <= 0 else plain.quantize(Decimal(1))  # type: ignore[operator]  # never NaN
