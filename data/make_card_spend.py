"""Write the synthetic card spend: nobody's money, but with the shapes that real card data has.

    python data/make_card_spend.py

Daily spend in thousand euros, 8 merchant categories x 3 channels over three years, made from known
parts, so that a forecaster can be held against the truth and not only against one noisy history:

    mean = level * trend * weekly * yearly * payday * holiday * promo
    y    = mean * noise        (an AR(1) in logarithms with a few outliers, mean one)

One series, ``jewellery/south``, is intermittent: on most days nothing is sold, and ``mean`` is the
probability of a sale times the mean sale. Nothing here was fitted to or copied from any person,
bank or merchant; the numbers below were chosen by hand to look like such data. The same script and
numpy version write the same bytes of values.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Array = NDArray[np.float64]

HERE = Path(__file__).parent
SEED = 20261123
DAYS = pd.date_range("2023-01-01", "2025-12-31", freq="D")
T = len(DAYS)
SALE_SHARE = 0.12
"""Share of days with a sale in the intermittent series."""


@dataclass(frozen=True)
class Category:
    """What sets one merchant category apart. Weekly shares run from Monday to Sunday."""

    level: float  # thousand euros a day in the channel "north"
    weekly: tuple[float, ...]
    yearly: tuple[float, float]  # size of the yearly wave, and the month (1-12) of its peak
    payday: float  # extra share of spend on the 25th
    christmas: float  # extra share of spend at the peak before Christmas
    promo: float  # extra share of spend on a promotion day
    noise: float  # standard deviation of the logarithm
    growth: float = 0.03  # a year
    online: float = 0.3  # level of the channel "online" against "north"
    breaks: tuple[tuple[str, str, float], ...] = field(default=())  # day, channel, lasting factor


SHOP = (0.95, 0.93, 0.97, 1.02, 1.25, 1.45, 0.43)
LEISURE = (0.70, 0.72, 0.80, 0.95, 1.30, 1.55, 0.98)
FLAT = (1.03, 1.02, 1.01, 1.01, 1.04, 0.98, 0.91)

CATEGORIES = {
    "groceries": Category(420.0, SHOP, (0.02, 12), 0.06, 0.55, 0.05, 0.05, online=0.12),
    "restaurants": Category(150.0, LEISURE, (0.12, 7), 0.14, 0.20, 0.04, 0.09, online=0.25),
    "fuel": Category(110.0, FLAT, (0.08, 8), 0.05, 0.05, 0.02, 0.06, growth=-0.02, online=0.02),
    "clothing": Category(
        95.0, SHOP, (0.06, 11), 0.18, 0.45, 0.22, 0.11,
        breaks=(("2025-03-03", "north", 0.82), ("2025-03-03", "south", 0.82),
                ("2025-03-03", "online", 1.35)),
    ),
    "electronics": Category(70.0, SHOP, (0.05, 12), 0.12, 0.70, 0.35, 0.13, online=0.9),
    "travel": Category(
        60.0, FLAT, (0.35, 7), 0.10, -0.10, 0.10, 0.14, growth=0.08, online=1.6,
        breaks=(("2024-09-02", "north", 0.65), ("2024-09-02", "south", 0.65),
                ("2024-09-02", "online", 0.75)),
    ),
    "health": Category(45.0, SHOP, (0.05, 2), 0.04, 0.10, 0.03, 0.07, online=0.2),
    "jewellery": Category(12.0, SHOP, (0.04, 12), 0.15, 1.10, 0.15, 0.22, online=0.5),
}  # fmt: skip
CHANNELS = ("north", "south", "online")
SOUTH = 0.6  # level of the channel "south" against "north"

HOLIDAYS = {
    "new year": ("01-01",) * 3,
    "good friday": ("04-07", "03-29", "04-18"),
    "easter monday": ("04-10", "04-01", "04-21"),
    "labour day": ("05-01",) * 3,
    "christmas": ("12-25",) * 3,
    "boxing day": ("12-26",) * 3,
    "black friday": ("11-24", "11-29", "11-28"),
}
"""Month and day in 2023, 2024, 2025."""
BEFORE, AFTER = 3, 1  # days before and after a holiday on which spend is moved


def holiday_table() -> pd.DataFrame:
    """Return the holidays in the columns that Prophet reads."""
    rows = [
        {"holiday": name, "ds": pd.Timestamp(f"{year}-{day}")}
        for name, days in HOLIDAYS.items()
        for year, day in zip((2023, 2024, 2025), days, strict=True)
    ]
    table = pd.DataFrame(rows).sort_values("ds", ignore_index=True)
    return table.assign(lower_window=-BEFORE, upper_window=AFTER)


def holiday_effect(category: Category, channel: str) -> Array:
    """Shops close on the day, their customers come before and after; Black Friday opens wallets."""
    effect = np.ones(T)
    for name, day in holiday_table()[["holiday", "ds"]].itertuples(index=False):
        at = int((day - DAYS[0]).days)
        if name == "black friday":
            multiply(
                effect, at, [1 + 0.2 * category.promo, 1 + 4 * category.promo, 1 + category.promo]
            )
        elif channel == "online":
            multiply(effect, at, [0.97, 0.85, 1.05])
        else:
            multiply(effect, at, [1.18, 0.08 if category.weekly == SHOP else 0.7, 1.06])
    return effect * christmas_effect(category)


def multiply(effect: Array, at: int, factors: list[float]) -> None:
    """Multiply the effect on the day before, the day and the day after by the factors."""
    for day, factor in zip((at - 1, at, at + 1), factors, strict=True):
        if 0 <= day < T:
            effect[day] *= factor


def christmas_effect(category: Category) -> Array:
    """Spend climbs over three weeks to 23 December and falls back at once."""
    days_left = np.array([(pd.Timestamp(f"{d.year}-12-23") - d).days for d in DAYS])
    ramp = np.where((days_left >= 0) & (days_left <= 21), 1.0 - days_left / 22.0, 0.0)
    return 1.0 + category.christmas * ramp


def payday_effect(category: Category) -> Array:
    """Wages come on the 25th (the working day before, if a weekend) and, for some, at month's
    end."""
    effect = np.zeros(T)
    for month in pd.period_range(DAYS[0], DAYS[-1], freq="M"):
        main = working_day_up_to(pd.Timestamp(month.start_time) + pd.Timedelta(days=24))
        last = working_day_up_to(month.end_time.normalize())
        for day, share in ((main, 1.0), (last, 0.4)):
            at = int((day - DAYS[0]).days)
            for lag, fade in enumerate((1.0, 0.7, 0.4, 0.2)):
                if at + lag < T:
                    effect[at + lag] += category.payday * share * fade
    return 1.0 + effect


def working_day_up_to(day: pd.Timestamp) -> pd.Timestamp:
    """Return the day, or the Friday before if it lies on a weekend."""
    return day - pd.Timedelta(days=max(0, day.dayofweek - 4))


def trend_effect(category: Category, channel: str) -> Array:
    """Steady growth (online three times as fast), and lasting steps where something happened."""
    growth = category.growth * (3.0 if channel == "online" and category.growth > 0 else 1.0)
    effect = (1.0 + growth) ** (np.arange(T) / 365.25)
    for day, where, factor in category.breaks:
        if where == channel:
            effect[pd.Timestamp(day) <= DAYS] *= factor
    return effect


def weekly_effect(category: Category, channel: str) -> Array:
    """Shares of the week, mean one; online hardly knows a weekend."""
    shares = np.array(category.weekly)
    if channel == "online":
        shares = 1.0 + 0.25 * (shares - 1.0) + 0.06 * np.array([1, 0, 0, 0, -1, -1, 1])
    return np.asarray((shares / shares.mean())[DAYS.dayofweek.to_numpy()])


def yearly_effect(category: Category) -> Array:
    """One wave a year."""
    size, peak = category.yearly
    angle = 2 * np.pi * (DAYS.dayofyear.to_numpy() - 30.44 * (peak - 0.5)) / 365.25
    return np.asarray(1.0 + size * np.cos(angle))


def promotions(rng: np.random.Generator) -> Array:
    """About nine promotions a year, three to seven days each."""
    promo = np.zeros(T)
    for start in np.flatnonzero(rng.random(T) < 9 / 365):
        promo[start : start + int(rng.integers(3, 8))] = 1.0
    return promo


def noise_factor(rng: np.random.Generator, sd: float) -> Array:
    """AR(1) in logarithms, 0.4 % of the days far out, divided by its expected value."""
    shocks = rng.normal(0.0, sd * np.sqrt(1 - 0.35**2), T)
    log = np.empty(T)
    log[0] = rng.normal(0.0, sd)
    for t in range(1, T):
        log[t] = 0.35 * log[t - 1] + shocks[t]
    far = rng.random(T) < 0.004
    return np.exp(log - sd**2 / 2) * np.where(far, rng.choice([0.6, 1.5], T), 1.0)


def series(name: str, rng: np.random.Generator) -> pd.DataFrame:
    """Return one series with its regressors and all its parts."""
    kind, channel = name.split("/")
    category = CATEGORIES[kind]
    scale = {"north": 1.0, "south": SOUTH, "online": category.online}[channel]
    promo = promotions(rng)
    parts = {
        "trend": category.level * scale * trend_effect(category, channel),
        "weekly": weekly_effect(category, channel),
        "yearly": yearly_effect(category),
        "payday": payday_effect(category),
        "holiday": holiday_effect(category, channel),
        "promo_effect": 1.0 + category.promo * promo,
    }
    mean = np.prod(list(parts.values()), axis=0)
    y = mean * noise_factor(rng, category.noise)
    if name == "jewellery/south":
        sold = rng.random(T) < SALE_SHARE
        y = np.where(sold, y / SALE_SHARE, 0.0)
    columns: dict[str, object] = {
        "unique_id": name,
        "ds": DAYS,
        "y": y.round(2),
        "promo": promo.astype(np.int8),
    }
    # The useless regressor: noise, known ahead, without effect.
    columns["lottery"] = rng.normal(size=T).round(2)
    return pd.DataFrame({**columns, "mean": mean, **parts})


def main() -> None:
    """Write the five files."""
    names = [f"{kind}/{channel}" for kind in CATEGORIES for channel in CHANNELS]
    seeds = np.random.SeedSequence(SEED).spawn(len(names))
    made = zip(names, seeds, strict=True)
    frame = pd.concat([series(n, np.random.default_rng(s)) for n, s in made], ignore_index=True)
    key = ["unique_id", "ds"]
    parts = ["mean", "trend", "weekly", "yearly", "payday", "holiday", "promo_effect"]
    truth = frame[key + parts].astype(dict.fromkeys(parts, "float32"))
    frame[[*key, "y"]].to_parquet(HERE / "card_spend.parquet", index=False)
    frame[[*key, "promo", "lottery"]].to_parquet(HERE / "card_spend_x.parquet", index=False)
    truth.to_parquet(HERE / "card_spend_truth.parquet", index=False)
    holiday_table().to_csv(HERE / "card_spend_holidays.csv", index=False)
    facts = pd.DataFrame({"unique_id": names})
    facts[["category", "channel"]] = facts["unique_id"].str.split("/", expand=True)
    facts["break"] = [breaks_of(name) for name in names]
    facts.to_csv(HERE / "card_spend_series.csv", index=False)


def breaks_of(name: str) -> str:
    """Return the days of the steps in a series' level, as text."""
    kind, channel = name.split("/")
    return " ".join(day for day, where, _ in CATEGORIES[kind].breaks if where == channel)


if __name__ == "__main__":
    main()
