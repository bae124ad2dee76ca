"""Answers of BSS become records whatever their style: numbers and ids as texts, days that never shift, moments of a zone."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cwbridge.connectors.bss.reading import BssReader
from cwbridge.connectors.bss.times import ServerTimes

ZONES = ["UTC", "Europe/Athens", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe"]
MOMENTS = st.datetimes(datetime(2000, 1, 1), datetime(2036, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - hypothesis adds the zone
END_OF_SUMMER_TIME = datetime(2026, 10, 25, 1, tzinfo=UTC)
"""In Athens, which has the hour before and the hour after it under the same name."""


class Sample(msgspec.Struct):
    id: int
    amount: Decimal | None = None
    day: date | None = None
    flag: bool | None = None
    code: str | None = None


def read(times: ServerTimes | None = None, **fields: Any) -> Sample:
    reader: BssReader[Sample] = BssReader(Sample, times or ServerTimes())
    return reader(msgspec.json.encode({"id": 1, **fields}))


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"ID": "42"}, {"id": 42}),
        ({"id": 42.0}, {"id": 42}),
        ({"Amount": "0.10"}, {"amount": Decimal("0.10")}),
        ({"amount": " -1e3 "}, {"amount": Decimal("-1e3")}),
        ({"amount": 12}, {"amount": Decimal(12)}),
        ({"FLAG": "True"}, {"flag": True}),
        ({"flag": False}, {"flag": False}),
        ({"code": 433}, {"code": "433"}),
        ({"code": "000433"}, {"code": "000433"}),
        ({"code": ""}, {"code": None}),
        ({"amount": "", "day": "", "flag": ""}, {"amount": None, "day": None, "flag": None}),
        ({"unknown": {"deep": [1]}}, {}),
    ],
)
def test_a_field_is_read_in_every_style(fields: dict[str, Any], expected: dict[str, Any]) -> None:
    body = msgspec.json.encode({**({} if "ID" in fields else {"id": 1}), **fields})
    reader: BssReader[Sample] = BssReader(Sample, ServerTimes())
    assert msgspec.structs.asdict(reader(body)).items() >= expected.items()


def test_amounts_are_exact() -> None:
    reader: BssReader[Sample] = BssReader(Sample, ServerTimes())
    assert reader(b'{"id": 1, "amount": 1234567890123456.01}').amount == Decimal("1234567890123456.01")


@pytest.mark.parametrize(
    "day", ["2026-04-30", "2026-04-30T00:00:00", "2026-04-30T00:00:00+03:00", "2026-04-30T23:59:59.999Z"]
)
@pytest.mark.parametrize("zone", ZONES)
def test_a_date_is_a_day_and_never_shifted(day: str, zone: str) -> None:
    assert read(ServerTimes(ZoneInfo(zone)), day=day).day == date(2026, 4, 30)


@pytest.mark.parametrize(
    "amount",
    ["NaN", "Infinity", "-Infinity", "nan", " NaN ", "inf", "1e400", Decimal("1e400"), "a lot", True],
)
def test_what_is_no_number_is_no_amount(amount: Any) -> None:
    with pytest.raises(msgspec.ValidationError):
        read(amount=amount)


def _as_the_server_reads(literal: str, zone: str, fold: int) -> datetime:
    local = datetime.fromisoformat(literal.removeprefix("datetime'").removesuffix("'"))
    return local.replace(tzinfo=ZoneInfo(zone), fold=fold)


@given(MOMENTS, st.sampled_from(ZONES), st.integers(0, 1))
def test_a_literal_is_never_read_as_a_later_moment(moment: datetime, zone: str, fold: int) -> None:
    understood = _as_the_server_reads(ServerTimes(ZoneInfo(zone)).literal(moment), zone, fold).astimezone(UTC)
    assert timedelta(0) <= moment - understood <= timedelta(hours=2, milliseconds=1)


@pytest.mark.parametrize("fold", [0, 1])
@pytest.mark.parametrize("minutes", range(-150, 151, 30))
def test_a_literal_in_the_hour_that_comes_twice_is_early_in_both_readings(minutes: int, fold: int) -> None:
    moment = END_OF_SUMMER_TIME + timedelta(minutes=minutes)
    literal = ServerTimes(ZoneInfo("Europe/Athens")).literal(moment)
    understood = _as_the_server_reads(literal, "Europe/Athens", fold).astimezone(UTC)
    assert timedelta(0) <= moment - understood <= timedelta(hours=2)


@given(MOMENTS, MOMENTS, st.sampled_from(ZONES), st.integers(0, 1))
def test_without_a_setting_the_shown_offset_serves_all_year(
    moment: datetime, shown: datetime, zone: str, fold: int
) -> None:
    times = ServerTimes()
    assert times.read(shown.astimezone(ZoneInfo(zone)).isoformat()) == shown
    understood = _as_the_server_reads(times.literal(moment), zone, fold).astimezone(UTC)
    assert timedelta(0) <= moment - understood <= timedelta(hours=3)


@given(MOMENTS, st.sampled_from(ZONES))
def test_a_time_without_an_offset_is_read_in_the_zone_of_the_setting(moment: datetime, zone: str) -> None:
    local = moment.astimezone(ZoneInfo(zone))
    times = ServerTimes(ZoneInfo(zone))
    assert times.read(local.replace(tzinfo=None).isoformat()) == local.replace(fold=0).astimezone(UTC)
    assert not times.are_uncertain
