"""Describes a system to the platform without importing its client."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

import msgspec

from cwbridge.limits.rate import Rate
from cwbridge.settings.sections import SystemSection

if TYPE_CHECKING:
    from cwbridge.connectors.overlay import Dialect
    from cwbridge.connectors.transport import Limits, OpenTransport
    from cwbridge.settings import Settings


class Checked(Protocol):
    """A client that can prove its credentials."""

    async def check_credentials(self) -> None:
        """Send one harmless read; raises what the system answers when it refuses the credentials."""

    async def about(self) -> str:
        """The version and address of the API in use, in a few words for a person."""


C_co = TypeVar("C_co", bound=Checked, covariant=True)


class OpenClient(Protocol[C_co]):
    """Opens a client under `limits`; `transports` makes its transport, the usual one when it is None."""

    def __call__(
        self, settings: Settings, limits: Limits, transports: OpenTransport | None = None, /
    ) -> AbstractAsyncContextManager[C_co]: ...


class System(msgspec.Struct, Generic[C_co], frozen=True, kw_only=True, eq=False):
    """An outside system: `settings` is its table, `required` are the values it cannot be opened without."""

    name: str
    title: str
    settings: type[SystemSection]
    required: tuple[str, ...]
    open_client: OpenClient[C_co]
    published_rate: Rate | None = None
    """The rate limit that the vendor publishes; None where there is none."""
    dialect: Callable[[], Dialect] | None = None
    """How its lists are asked for and answered, so that writes can be rehearsed; None for a system that is only read."""
