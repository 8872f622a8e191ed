"""What simple functions of the file's drivers do on the days of the claim, and what they could do at best.

    python -m experiments.soil_respiration.peers

Soil respiration as a function of one temperature of the file (soil surface, 10 cm, chamber air), with or without the
humidity in the chamber, fitted to the days that the claim fits. Beside the scores of the rest stand

* those of the fits that the fitted days would choose, by their error and by that of left-out sixths of them;
* a ceiling: the same functions, and the best rising function of any form, fitted to the held-out days themselves.

The CO2 in the chamber is no driver: it is the mean over the 90 s in which the flux raises it.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.optimize import isotonic_regression, least_squares
from scipy.stats import spearmanr

from experiments.data import data_folder
from experiments.soil_respiration.run import FITTED, scores

Array = np.ndarray
FLUX, HUMIDITY = "CSR_FLUX_CO2", "CSR_RH"
TEMPERATURES = {"surface": "CSR_T0", "10 cm": "CSR_T10", "air": "CSR_TAIR"}
MIDDLE = 60.0  # % humidity, about its mean
BLOCKS = 6  # of fitted days, each left out once
LARGEST = 50.0  # of a residual, so that a wild start does not overflow
LEAST = 1e-3  # umol m-2 s-1, below which a logarithm is not taken
CLAIMED = (0.89, 0.53, 0.24)  # best simple peers: r, daily and monthly RMSE
SCORES = ["r", "day", "month"]


def lloyd_taylor(activation: Array | float, t: Array) -> Array:
    """exp(E (1/56.02 - 1/(T + 46.02))), 1 at 10 degC (Lloyd & Taylor 1994)."""
    return np.exp(activation * (1.0 / 56.02 - 1.0 / (t + 46.02)))


# name: (function of parameters and temperature in degC, start)
FORMS: dict[str, tuple[Callable[[Array, Array], Array], list[float]]] = {
    "linear": (lambda p, t: p[0] + p[1] * t, [0.0, 0.2]),
    "exponential": (lambda p, t: np.exp(p[0] + p[1] * t), [0.0, 0.1]),
    "Lloyd-Taylor": (lambda p, t: np.exp(p[0]) * lloyd_taylor(308.56, t), [0.5]),
    "Lloyd-Taylor, free": (lambda p, t: np.exp(p[0]) * lloyd_taylor(100.0 * p[1], t), [0.5, 3.0]),
    "logistic": (lambda p, t: np.exp(p[0]) / (1.0 + np.exp(p[1] - p[2] * t)), [1.5, 3.0, 0.3]),
    "exponential of a parabola": (
        lambda p, t: np.exp(p[0] + p[1] * t + 0.01 * p[2] * t * t),
        [0.0, 0.1, 0.0],
    ),
}
# factor for the humidity's distance from its middle, as a share
WET: dict[str, tuple[Callable[[Array, Array], Array], list[float]]] = {
    "none": (lambda q, h: np.ones_like(h), []),
    "linear": (lambda q, h: 1.0 + q[0] * h, [0.0]),
    "exponential": (lambda q, h: np.exp(q[0] * h), [0.0]),
}


def days(folder: Path | None = None) -> pd.DataFrame:
    """Daily means of the file; days without any measurement are NaN."""
    raw = pd.read_csv((folder or data_folder("soil_respiration_laegeren")) / "d20190607_RUEHR.csv.gz")
    stamps = pd.to_datetime(raw["CSR_TIMESTAMP_BEGIN"])
    return raw.set_index(stamps)[[FLUX, HUMIDITY, *TEMPERATURES.values()]].resample("D").mean()


def fit(form: str, wet: str, temperature: str, table: pd.DataFrame, logarithms: bool) -> Array:
    """Parameters with the least squares of the flux, or of its logarithm, on the days of `table`."""
    start = np.array(FORMS[form][1] + WET[wet][1])
    flux = table[FLUX].to_numpy()

    def residuals(parameters: Array) -> Array:
        with np.errstate(over="ignore", invalid="ignore"):
            made = predict(form, wet, temperature, parameters, table)
            apart = np.log(np.maximum(made, LEAST)) - np.log(flux) if logarithms else made - flux
        return np.clip(np.nan_to_num(apart, nan=LARGEST), -LARGEST, LARGEST)

    return least_squares(residuals, start, max_nfev=100).x


def predict(form: str, wet: str, temperature: str, parameters: Array, table: pd.DataFrame) -> Array:
    """Flux of every day, umol m-2 s-1."""
    law, start = FORMS[form]
    share = (table[HUMIDITY].to_numpy() - MIDDLE) / 100.0
    warm = law(parameters[: len(start)], table[TEMPERATURES[temperature]].to_numpy())
    return warm * WET[wet][0](parameters[len(start) :], share)


def left_out(form: str, wet: str, temperature: str, early: pd.DataFrame, logarithms: bool) -> float:
    """Daily RMSE over the fitted days, each sixth of them predicted from the others."""
    block = np.arange(len(early)) * BLOCKS // len(early)
    squares = 0.0
    for one in range(BLOCKS):
        rest, test = early[block != one], early[block == one]
        made = predict(form, wet, temperature, fit(form, wet, temperature, rest, logarithms), test)
        squares += float(((made - test[FLUX]) ** 2).sum())
    return (squares / len(early)) ** 0.5


def parts(table: pd.DataFrame, temperature: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Fitted and held-out days with flux and temperature; 60 % of the days with flux are fitted, in order of date."""
    known = table[FLUX].dropna().index
    split = known[int(FITTED * len(known))]
    usable = table.dropna(subset=[FLUX, TEMPERATURES[temperature]])
    return usable[usable.index < split], usable[usable.index >= split]


def compare(table: pd.DataFrame) -> pd.DataFrame:
    """Every form, temperature, use of humidity and loss: errors on fitted and left-out days, scores of the rest."""
    rows = []
    for temperature, form, wet, logarithms in itertools.product(TEMPERATURES, FORMS, WET, (False, True)):
        early, late = parts(table, temperature)
        chosen = form, wet, temperature
        parameters = fit(*chosen, early, logarithms)
        fitted = scores(predict(*chosen, parameters, early), early[FLUX])[1]
        blocks = left_out(*chosen, early, logarithms)
        rows.append(
            (*chosen, logarithms, fitted, blocks, *scores(predict(*chosen, parameters, late), late[FLUX]))
        )
    return pd.DataFrame(
        rows, columns=["form", "humidity", "temperature", "logarithms", "fitted", "blocks", *SCORES]
    )


def ceiling(table: pd.DataFrame) -> pd.DataFrame:
    """r, daily and monthly RMSE of functions of one temperature that were fitted to the held-out days themselves."""
    rows = []
    for temperature, form in itertools.product(TEMPERATURES, FORMS):
        _, late = parts(table, temperature)
        parameters = fit(form, "none", temperature, late, False)
        made = predict(form, "none", temperature, parameters, late)
        rows.append((form, temperature, *scores(made, late[FLUX])))
    for temperature, column in TEMPERATURES.items():
        late = parts(table, temperature)[1].sort_values(column)
        made = pd.Series(isotonic_regression(late[FLUX].to_numpy()).x, late.index).sort_index()
        rows.append(("any that rises", temperature, *scores(made.to_numpy(), late[FLUX].sort_index())))
    return pd.DataFrame(rows, columns=["form", "temperature", *SCORES])


def nearest(found: pd.DataFrame) -> pd.Series:
    """The fit whose three scores are nearest to the claim's peers, by the largest of the differences."""
    return found.loc[(found[SCORES] - CLAIMED).abs().max(axis=1).idxmin()]


def main() -> None:
    table = days()
    found = compare(table)
    print(found.sort_values("day").round(3).to_string(index=False))
    print("\nnearest to the claim's peers", nearest(found).to_dict(), sep="\n")
    for rule in ("fitted", "blocks"):
        print(f"\nleast error, {rule}", found.loc[found[rule].idxmin()].to_dict(), sep="\n")
        print(f"rank correlation with the held-out daily error {spearmanr(found[rule], found['day'])[0]:.2f}")
    print(
        "\nfitted to the held-out days themselves", ceiling(table).round(3).to_string(index=False), sep="\n"
    )


if __name__ == "__main__":
    main()
