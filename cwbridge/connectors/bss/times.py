"""Moments of BSS: aware UTC in this program, in the server's time zone in `$filter` literals, and with or without an offset in answers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

from cwbridge.connectors.bss import assumptions

_DAYLIGHT_SAVING = timedelta(hours=assumptions.DAYLIGHT_SAVING_HOURS)


class ServerTimes:
    """Reads and writes moments the way one server does; `zone` is the setting, None where the server's times tell their offset."""

    def __init__(self, zone: ZoneInfo | None = None) -> None:
        self._zone = zone
        self._smallest_offset: timedelta | None = None
        self.are_uncertain = False
        """Whether the server shows times without an offset and no setting says in which zone: they are taken for UTC."""

    def read(self, text: str) -> datetime | None:
        """The moment in UTC, None for a time that is not set; raises ValueError for what is no time."""
        moment = datetime.fromisoformat(text)
        if moment.year < assumptions.NO_MOMENT_BEFORE:
            return None
        offset = moment.utcoffset()
        if offset is None:
            self.are_uncertain = self.are_uncertain or self._zone is None
            return moment.replace(tzinfo=self._zone or UTC).astimezone(UTC)
        self._smallest_offset = min(offset, self._smallest_offset or offset)
        return moment.astimezone(UTC)

    def literal(self, moment: datetime) -> str:
        """`datetime'2020-12-25T20:05:08.000'`; the server never reads it as a later moment than `moment`."""
        local = self._earliest(moment, self._zone) if self._zone is not None else self._by_offset(moment)
        return f"datetime'{local:%Y-%m-%dT%H:%M:%S}.{local.microsecond // 1000:03d}'"

    def _by_offset(self, moment: datetime) -> datetime:
        """Without a known zone: by the smallest offset seen, less what daylight saving time may take away from it."""
        if self._smallest_offset is None:
            return moment.astimezone(UTC)
        return moment.astimezone(UTC) + self._smallest_offset - _DAYLIGHT_SAVING

    @staticmethod
    def _earliest(moment: datetime, zone: tzinfo) -> datetime:
        """The local time of `moment`; in the hour that the end of daylight saving time repeats, one that is early in both readings."""
        local = moment.astimezone(zone).replace(tzinfo=None)
        latest = max(local.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
        return local - max(latest - moment, timedelta(0))
