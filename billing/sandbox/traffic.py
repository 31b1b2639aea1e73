"""Whole numbers of tokens per series and hour: a pure function of the epoch and the hour.

Each series follows one client of the trace. The 14 days of the trace repeat; hour 0 is midnight of a Tuesday in the
local time of the series' region. On top lie the series' weekend factor, growth of 40 % in 120 days, a slow wave of
5 % (period 31 days, phase by position in the table), a ten-day ramp after a launch, and one anomaly.

Caching: of the prompt tokens of an hour `cache_read * r / (r + 40)` are read from the cache, where r is the number of
requests (a busy hour finds more of its prefix cached), and `cache_write` are written to it; `one_hour` of the written
ones live for an hour, which the bill tells apart and CloudWatch does not.
"""

from __future__ import annotations

import gzip
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from billing.sandbox.prices import DATA, list_rate, read_rows

TILE_HOURS: Final = 336
GROWTH_PER_DAY: Final = 0.40 / 120
DAYS_PER_MONTH: Final = 30.4
BUSY_REQUESTS: Final = 40.0
LOCAL_OFFSET: Final[Mapping[str, int]] = {"us-east-1": -5, "eu-central-1": 1, "ap-northeast-1": 9}
A_TUESDAY: Final = date(2024, 1, 2).toordinal()
SATURDAY: Final = 5
ANOMALY_DAY: Final = 100
ANOMALY_HOURS: Final = range(2, 9)
ANOMALY_FACTOR: Final = 3.0
VISIBLE_CLASSES: Final = ("input", "output", "cache_read", "cache_write")
COUNTS: Final = ("invocations", "client_errors", "server_errors", "throttles")

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    name: str
    position: int
    account: str
    region: str
    endpoint: str
    model: str
    routing: str
    team: str
    client: str
    usd_per_month: float
    cache_read: float
    cache_write: float
    one_hour: float
    from_day: int
    to_day: int | None
    weekend: float
    tier: str  # as it is billed

    @property
    def anomalous(self) -> bool:
        return self.model.startswith("llama") and self.region == "ap-northeast-1"

    @property
    def deleted_day(self) -> int | None:
        """The day after the epoch on which the application inference profile is deleted."""
        return self.to_day if self.team else None


def _series(position: int, row: Mapping[str, str]) -> Series:
    return Series(
        name=row["series"],
        position=position,
        account=row["account"],
        region=row["region"],
        endpoint=row["endpoint"],
        model=row["model"],
        routing=row["routing"],
        team=row["team"],
        client=row["client"],
        usd_per_month=float(row["usd_per_month"]),
        cache_read=float(row["cache_read"]),
        cache_write=float(row["cache_write"]),
        one_hour=float(row["one_hour"]),
        from_day=int(row["from_day"]),
        to_day=int(row["to_day"]) if row["to_day"] else None,
        weekend=float(row["weekend"]),
        tier="batch" if row["endpoint"] == "batch" else "standard",
    )


@cache
def all_series() -> tuple[Series, ...]:
    return tuple(_series(position, row) for position, row in enumerate(read_rows("series.csv")))


@cache
def _trace() -> Mapping[str, Floats]:
    """Requests, input and output tokens of every client over the hours of the tile."""
    clients: dict[str, Floats] = {}
    with gzip.open(DATA / "trace.csv.gz", "rt", encoding="utf-8") as file:
        next(file)
        for line in file:
            client, hour, *numbers = line.rstrip("\n").split(",")
            tile = clients.setdefault(client, np.zeros((3, TILE_HOURS)))
            tile[:, int(hour)] = [float(number) for number in numbers]
    return clients


def _tile_cost(series: Series, tile: Floats) -> float:
    """USD of one day of the tile at list prices, caching ignored (a size, not a price)."""
    rates = [
        float(
            list_rate(
                model=series.model, region=series.region, routing=series.routing, tier=series.tier, token_class=name
            )
        )
        for name in ("input", "output")
    ]
    return float(tile[1].sum() * rates[0] + tile[2].sum() * rates[1]) / 1e6 / 14


def _shape(series: Series, epoch: date, hours: int) -> tuple[Ints, Floats]:
    """For every hour: its place in the tile, and the factor that the day brings."""
    index = np.arange(hours)
    local = index + LOCAL_OFFSET[series.region] + (epoch.toordinal() - A_TUESDAY) * 24
    day = index / 24
    weekday = (local // 24 + 1) % 7  # 0 = Monday
    factor = (1 + GROWTH_PER_DAY * day) * (1 + 0.05 * np.sin(2 * np.pi * day / 31 + series.position))
    factor = factor * np.where(weekday >= SATURDAY, series.weekend, 1.0)
    if series.from_day:
        factor = factor * np.clip((day - series.from_day) / 10, 0.0, 1.0)
    if series.to_day is not None:
        factor = factor * (day < series.to_day)
    return local % TILE_HOURS, factor


def _anomaly(series: Series, hours: int) -> Floats:
    factor = np.ones(hours)
    if series.anomalous:
        start = ANOMALY_DAY * 24
        factor[start + ANOMALY_HOURS.start : start + ANOMALY_HOURS.stop] = ANOMALY_FACTOR
    return factor


def hourly_tokens(series: Series, epoch: date, hours: int) -> dict[str, Ints]:
    """Tokens and counts of the first `hours` hours after the epoch."""
    tile = _trace()[series.client]
    place, factor = _shape(series, epoch, hours)
    spike = _anomaly(series, hours)
    scale = series.usd_per_month / DAYS_PER_MONTH / _tile_cost(series, tile)
    requests, prompt, answer = (tile[row][place] * factor * spike * scale for row in range(3))
    invocations = np.rint(requests).astype(np.int64)
    invocations[(invocations == 0) & (np.rint(prompt) > 0)] = 1
    return _split(series, invocations, prompt, answer) | _failures(invocations, spike)


def _split(series: Series, invocations: Ints, prompt: Floats, answer: Floats) -> dict[str, Ints]:
    total = np.rint(prompt).astype(np.int64)
    busy = invocations / (invocations + BUSY_REQUESTS)
    read = np.floor(total * series.cache_read * busy).astype(np.int64)
    write = np.floor(total * series.cache_write).astype(np.int64)
    one_hour = np.floor(write * series.one_hour).astype(np.int64)
    return {
        "invocations": invocations,
        "input": total - read - write,
        "output": np.rint(answer).astype(np.int64),
        "cache_read": read,
        "cache_write": write,
        "cache_write_5m": write - one_hour,
        "cache_write_1h": one_hour,
    }


def _failures(invocations: Ints, spike: Floats) -> dict[str, Ints]:
    return {
        "client_errors": invocations // 250,
        "server_errors": invocations // 1500,
        "throttles": np.where(spike > 1, invocations // 5, invocations // 2000),
    }
