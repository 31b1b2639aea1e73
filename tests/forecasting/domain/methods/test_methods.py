"""What each method says about histories that can be checked in the head, and about the difficult ones."""

from __future__ import annotations

import builtins
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from forecasting.domain.methods import METHODS
from forecasting.domain.methods.base import FloatArray, Forecast, Method, MethodFailed
from forecasting.domain.methods.ensemble import MedianOfFive, closed_days, members_for
from forecasting.domain.methods.profile import Profile
from forecasting.domain.methods.seasonal_naive import AverageDay, LastValue, SeasonalNaive
from forecasting.domain.methods.statistical import LONGEST_HISTORY_DAYS, AutoEts

WEEK = [10.0, 20.0, 30.0, 40.0, 50.0, 5.0, 0.0]


def days(*values: float) -> FloatArray:
    return np.array(values, dtype=np.float64)


def weeks(count: int) -> FloatArray:
    return np.array(WEEK * count)


def noisy(length: int, *, seed: int = 1) -> FloatArray:
    return np.random.default_rng(seed).gamma(4.0, 25.0, length)


@pytest.mark.parametrize(
    ("method", "history", "expected"),
    [
        (SeasonalNaive(), weeks(2), [*WEEK, *WEEK, 10.0]),
        (SeasonalNaive(), days(1, 2, 3), [1, 2, 3] * 5),
        (LastValue(), days(1, 2), [2] * 15),
        (AverageDay(), days(1, 2), [1.5] * 15),
        (Profile(7.0), days(4, 4, 4), [4] * 15),
    ],
)
def test_simple_methods_continue_simple_histories(method: Method, history: FloatArray, expected: list[float]) -> None:
    assert method.forecast(history, 15).daily == pytest.approx(np.array(expected))


def test_a_profile_learns_the_weekdays() -> None:
    expected = Profile(14.0).forecast(weeks(30), 7).daily

    assert expected == pytest.approx(np.array(WEEK), rel=0.1, abs=2.5)


def test_a_profile_follows_the_level_as_fast_as_its_half_life_says() -> None:
    history = np.concatenate([np.full(60, 100.0), np.full(7, 200.0)])

    fast, slow = (Profile(half_life).forecast(history, 1).daily[0] for half_life in (7.0, 14.0))

    assert fast == pytest.approx(150, abs=10)
    assert 100 < slow < fast


def test_a_profile_cuts_bursts() -> None:
    history = np.full(28, 10.0)
    history[-2] = 10_000.0

    assert Profile(7.0).forecast(history, 1).daily[0] < 20


@pytest.mark.parametrize("history", [days(0, 0, 0, 0, 0, 0, 9), np.zeros(30), days(0.0)])
def test_a_profile_is_finite_where_there_is_no_level(history: FloatArray) -> None:
    assert np.isfinite(Profile(7.0).forecast(history, 10).daily).all()


@pytest.mark.parametrize(
    ("length", "names"),
    [
        (1, ["average_day", "profile_7", "profile_14"]),
        (6, ["average_day", "profile_7", "profile_14"]),
        (7, ["last_value", "seasonal_naive", "profile_7", "profile_14", "auto_ets"]),
        (10, ["last_value", "profile_7", "profile_14", "auto_ets"]),
        (13, ["last_value", "profile_7", "profile_14", "auto_ets"]),
        (14, ["last_value", "seasonal_naive", "profile_7", "profile_14", "auto_ets"]),
    ],
)
def test_the_members_change_with_the_length_of_the_history(length: int, names: list[str]) -> None:
    members = members_for(length)

    assert [member.name for member in members] == names
    assert all(member.minimum_days <= length for member in members)


@pytest.mark.parametrize("length", [*range(1, 32), 60, 90, 200])
def test_the_ensemble_answers_every_length_of_history(length: int) -> None:
    forecast = MedianOfFive().forecast(noisy(length), 31)

    assert forecast.left_out == ()
    assert forecast.daily.shape == (31,)
    assert np.isfinite(forecast.daily).all()
    assert (forecast.daily >= 0).all()


@pytest.mark.parametrize("scale", [1e-9, 1e13])
def test_the_ensemble_does_not_mind_the_size_of_the_numbers(scale: float) -> None:
    usual = MedianOfFive().forecast(noisy(60), 10).daily

    assert MedianOfFive().forecast(noisy(60) * scale, 10).daily / scale == pytest.approx(usual, rel=0.02)


def test_two_runs_say_the_same() -> None:
    first, second = (MedianOfFive().forecast(noisy(90), 30).daily.tolist() for _ in range(2))

    assert first == second


@pytest.mark.parametrize("value", [0.0, 42.0])
def test_a_constant_history_goes_on_without_any_model(value: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(AutoEts, "forecast", refuse)

    assert MedianOfFive().forecast(np.full(60, value), 3).daily.tolist() == [value] * 3


def test_weekdays_that_were_closed_three_times_stay_closed() -> None:
    history = noisy(35)
    history[5::7] = 0.0

    daily = MedianOfFive().forecast(history, 14).daily

    assert daily[[5, 12]].tolist() == [0.0, 0.0]
    assert (np.delete(daily, [5, 12]) > 0).all()


@pytest.mark.parametrize("length", [20, 21])
def test_a_weekday_is_closed_after_three_weeks(length: int) -> None:
    assert closed_days(np.zeros(length), 7).tolist() == [length >= 21] * 7


def test_a_member_that_fails_is_left_out_and_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(AutoEts, "forecast", refuse)

    forecast = MedianOfFive().forecast(noisy(30), 5)

    assert forecast.left_out == ("auto_ets",)
    assert np.isfinite(forecast.daily).all()


def test_smoothing_repeats_the_season_and_has_no_trend() -> None:
    rising = noisy(60) + np.arange(60) * 10

    daily = AutoEts().forecast(rising, 28).daily

    assert daily[:7] == pytest.approx(daily[21:])


@pytest.mark.parametrize(
    ("length", "season", "model"),
    [(7, 1, "ZNN"), (13, 1, "ZNN"), (14, 7, "ZNA"), (200, 7, "ZNA")],
)
def test_the_library_is_asked_for_what_it_can_answer(
    length: int, season: int, model: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = answer_instead(monkeypatch, np.ones)

    assert AutoEts().forecast(noisy(length), 3).daily.tolist() == [1, 1, 1]
    assert asked == [{"season_length": season, "model": model, "length": min(length, LONGEST_HISTORY_DAYS), "h": 3}]


@pytest.mark.parametrize("error", [NotImplementedError, IndexError, ValueError, ZeroDivisionError])
def test_an_error_of_the_library_is_a_failed_method(error: type[Exception], monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: int) -> FloatArray:
        raise error

    answer_instead(monkeypatch, fail)

    with pytest.raises(MethodFailed, match="auto_ets"):
        AutoEts().forecast(noisy(30), 3)


def test_an_answer_that_is_no_number_is_a_failed_method(monkeypatch: pytest.MonkeyPatch) -> None:
    answer_instead(monkeypatch, lambda h: np.full(h, np.nan))

    with pytest.raises(MethodFailed):
        AutoEts().forecast(noisy(30), 3)


def test_the_table_names_every_method_once() -> None:
    assert {name: method.name for name, method in METHODS.items()} == {name: name for name in METHODS}
    assert set(METHODS) == {
        "median_of_five",
        "seasonal_naive",
        "last_value",
        "average_day",
        "profile_7",
        "profile_14",
        "auto_ets",
    }


def refuse(self: Method, _: FloatArray, __: int) -> Forecast:
    raise MethodFailed(self.name)


def answer_instead(monkeypatch: pytest.MonkeyPatch, answer: Callable[[int], FloatArray]) -> list[dict[str, object]]:
    """Put a model in the library's place; return what it is asked."""
    asked: list[dict[str, object]] = []

    def model(*, season_length: int, model: str) -> SimpleNamespace:
        def forecast(*, y: FloatArray, h: int) -> dict[str, FloatArray]:
            asked.append({"season_length": season_length, "model": model, "length": len(y), "h": h})
            return {"mean": answer(h)}

        return SimpleNamespace(forecast=forecast)

    imported = builtins.__import__

    def import_in_place(name: str, *args: Any, **kwargs: Any) -> Any:
        return SimpleNamespace(AutoETS=model) if name == "statsforecast.models" else imported(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", import_in_place)
    return asked
