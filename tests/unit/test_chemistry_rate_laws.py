"""Rate laws of calcite, dolomite and gypsum: published numbers, signs, limits, thresholds."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from karstsim.chemistry import rate_laws, rates, rates_minerals, rates_natural
from karstsim.chemistry.constants import CONSTANTS_DTYPE, PB82, set_temperature
from karstsim.chemistry.equilibrium import equilibrate_open
from karstsim.chemistry.film import film_alpha
from karstsim.chemistry.rate_laws import RateLaw
from karstsim.chemistry.speciation import SOLUTION_DTYPE, Mode, speciate
from karstsim.core.jit import python_callable

pytestmark = pytest.mark.nojit
RATE, SPECIATE, SET = (python_callable(f) for f in (rate_laws.rate, speciate, set_temperature))
OPEN = python_callable(equilibrate_open)
CALCITE_LAWS = [law for law in RateLaw if 1 <= law <= RateLaw.PALANDRI_KHARAKA]
ZERO_AT_SATURATION = [
    law
    for law in CALCITE_LAWS
    if law not in (RateLaw.PWP_KAUFMANN_DREYBRODT2007, RateLaw.PWP_BUHMANN_DREYBRODT1985)
]


def constants(temperature: float) -> np.record:
    k = np.zeros(1, CONSTANTS_DTYPE)[0]
    SET(k, temperature, PB82)
    return k


K10, K25 = constants(10.0), constants(25.0)


def water(k: np.record, ca: float, pco2: float, mg: float = 0.0, so4: float = 0.0) -> np.record:
    """Open water with the alkalinity of its ions, mol kg-1 and atm."""
    x = np.zeros(1, SOLUTION_DTYPE)[0]
    x.temperature, x.ca, x.mg, x.so4, x.pco2 = k.temperature, ca, mg, so4, pco2
    x.alkalinity = 2.0 * (ca + mg - so4)
    SPECIATE(x, k, int(Mode.ALK_PCO2))
    return x


def rate(x, k, law, threshold=0.0, film=0.3, factor=1.0) -> float:
    return RATE(x, k, int(law), np.zeros(1, SOLUTION_DTYPE)[0], threshold, film, factor)


@settings(max_examples=60, deadline=None)
@given(st.floats(1e-5, 5e-3), st.floats(3e-4, 0.1), st.floats(0.0, 1e-3), st.sampled_from(ZERO_AT_SATURATION))
def test_calcite_laws_have_the_sign_of_undersaturation(ca, pco2, mg, law) -> None:
    x = water(K10, ca, pco2, mg)
    if abs(x.si_calcite) > 1e-6:
        assert rate(x, K10, law) * x.si_calcite < 0.0


@pytest.mark.parametrize("law", CALCITE_LAWS)
def test_zero_at_saturation(law) -> None:
    """|R| < 1e-6 f in a saturated water, but for the two fits of k4, whose zero is displaced: R > 0.01 f."""
    x = np.zeros(1, SOLUTION_DTYPE)[0]
    OPEN(x, K10, 0.0, 1e-2, 0.0)
    forward = python_callable(rates.pwp_forward)(x, K10)
    if law in ZERO_AT_SATURATION:
        assert abs(rate(x, K10, law)) < 1e-6 * forward
    kernels = {
        RateLaw.PWP_KAUFMANN_DREYBRODT2007: rate_laws.kaufmann_dreybrodt_rate,
        RateLaw.PWP_BUHMANN_DREYBRODT1985: rate_laws.buhmann_dreybrodt_rate,
    }
    if law in kernels:
        assert abs(python_callable(kernels[law])(x, K10)) > 0.01 * forward


@settings(max_examples=40, deadline=None)
@given(st.floats(0.02, 0.9), st.floats(1.01, 1.5), st.floats(1e-3, 5e-2), st.sampled_from(CALCITE_LAWS))
def test_calcite_laws_fall_with_calcium(share, more, pco2, law) -> None:
    """At one pCO2 the rate falls as calcium rises, whatever the law."""
    saturated = np.zeros(1, SOLUTION_DTYPE)[0]
    OPEN(saturated, K10, 0.0, pco2, 0.0)
    low, high = share * saturated.ca, share * more * saturated.ca
    assert rate(water(K10, low, pco2), K10, law) > rate(water(K10, high, pco2), K10, law)


def test_the_surface_form_is_phreeqcs_in_calcite_water() -> None:
    """chemistry notes 2: in pure calcite water eq. 25 differs from PHREEQC's form only in the k1 term: 0.5 % of f."""
    forward = python_callable(rates.pwp_forward)
    for pco2 in (1e-3, 1e-2, 5e-2):
        for ca in (1e-4, 4e-4, 8e-4):
            x = water(K10, ca, pco2)
            if x.si_calcite < -0.05:
                gap = rate(x, K10, RateLaw.PWP_SURFACE) - rate(x, K10, RateLaw.PHREEQC)
                assert abs(gap) < 0.02 * forward(x, K10)
                assert rate(x, K10, RateLaw.TST) >= rate(x, K10, RateLaw.PHREEQC)


@pytest.mark.parametrize(  # chemistry notes 2: nodes of Palmer's table, k in mg cm L-1 s-1
    ("pco2", "pure", "k", "order", "switch"),
    [
        (1.0, False, (0.07, 0.09, 0.12), 1.5, (0.8, 0.85, 0.9)),
        (0.3, False, (0.03, 0.035, 0.04), 1.6, (0.65, 0.7, 0.8)),
        (0.03, False, (0.009, 0.015, 0.02), 1.7, (0.6, 0.7, 0.8)),
        (0.003, False, (0.006, 0.01, 0.015), 2.2, (0.6, 0.7, 0.8)),
        (1.0, True, (0.11, 0.14, 0.18), 1.5, (0.8, 0.85, 0.9)),
        (0.3, True, (0.044, 0.055, 0.065), 1.6, (0.65, 0.7, 0.8)),
        (0.03, True, (0.014, 0.018, 0.028), 1.7, (0.6, 0.7, 0.8)),
        (0.003, True, (0.01, 0.015, 0.02), 2.2, (0.6, 0.7, 0.8)),
    ],
)
def test_nodes_of_palmers_table(pco2, pure, k, order, switch) -> None:
    coefficients = python_callable(rates_natural.palmer_coefficients)
    for j, temperature in enumerate((5.0, 15.0, 25.0)):
        assert coefficients(temperature, pco2, pure) == pytest.approx((k[j], order, switch[j]))
    assert coefficients(10.0, pco2, pure)[0] == pytest.approx(0.5 * (k[0] + k[1]))
    assert coefficients(0.0, pco2, pure)[0] == pytest.approx(k[0])
    assert coefficients(40.0, pco2, pure)[0] == pytest.approx(k[2])


def test_palmers_wall_retreat() -> None:
    """S = 31.56 k (1 - C/Cs)^n 10/rho mm/yr: 15 degC, 0.03 atm, C = 0.5 Cs, rho 2.7: 31.56 x 0.015 x 0.5^1.7 x 10/2.7
    = 0.540 mm/yr; R mol m-2 s-1 x 100.087 g/mol / 2.7e6 g m-3 x 3.156e7 s x 1000 mm/m is the same.
    """
    palmer = python_callable(rates_natural.palmer_rate)
    expected = 31.56 * 0.015 * 0.5**1.7 * 10.0 / 2.7
    assert expected == pytest.approx(0.540, abs=1e-3)
    got = palmer(15.0, 0.03, 1e-3, 2e-3, False)
    assert got * 100.087 / 2.7e6 * 3.156e7 * 1e3 == pytest.approx(expected, rel=1e-3)
    assert palmer(15.0, 0.03, 3e-3, 2e-3, False) == pytest.approx(-got)  # mirrored
    below, above = (
        palmer(15.0, 0.03, 0.7e-3 * (1 - 1e-9), 1e-3, False),
        palmer(15.0, 0.03, 0.7e-3, 1e-3, False),
    )
    assert below == pytest.approx(above, rel=1e-6)


def test_high_order_law() -> None:
    """4e-11 (1 - c/c_eq) up to 0.9, 4e-8 (1 - c/c_eq)^4 mol cm-2 s-1 beyond, continuous (chemistry notes 2)."""
    law = python_callable(rates_natural.high_order_rate)
    assert law(0.5, 1.0) == pytest.approx(4e-11 * 1e4 * 0.5)
    assert law(0.95, 1.0) == pytest.approx(4e-8 * 1e4 * 0.05**4)
    assert law(0.9 - 1e-12, 1.0) == pytest.approx(law(0.9 + 1e-12, 1.0), rel=1e-6)
    assert law(1.0, 1.0) == 0.0 and law(1.05, 1.0) == pytest.approx(-law(0.95, 1.0))
    assert law(1.0, 0.0) == 0.0 and math.isnan(law(math.nan, 1.0))


def test_dolomite_constants_are_those_of_both_papers() -> None:
    """chemistry notes 3: Busenberg & Plummer x 10 is -3.19, -5.11, -7.53 at 25 degC: Palandri & Kharaka, disordered."""
    r = rates_minerals
    pairs = ((r.BP1_A, r.BP1_B, 0, -3.19), (r.BP2_A, r.BP2_B, 4, -5.11), (r.BP3_A, r.BP3_B, 2, -7.53))
    for a, b, j, log_k in pairs:
        assert a + b / 298.15 + 1.0 == pytest.approx(log_k, abs=0.01)
        assert r.DOLOMITE_DISORDERED[j] == log_k
        assert -b * math.log(10.0) * 8.314e-3 == pytest.approx(
            r.DOLOMITE_DISORDERED[j + 1], abs=0.6
        )  # kJ mol-1


def test_laboratory_laws_by_hand() -> None:
    """At 25 degC far from equilibrium: k_acid aH^n + k_neutral + k_carbonate aCO2^n."""
    x = water(K25, 1e-6, 1e-2)
    h, co2 = x.g_h * x.m_h, x.g_co2 * x.m_co2
    calcite = 10**-0.30 * h + 10**-5.81 + 10**-3.48 * co2
    assert rate(x, K25, RateLaw.PALANDRI_KHARAKA) == pytest.approx(calcite, rel=1e-4)
    ordered = 10**-3.76 * h**0.5 + 10**-8.60 + 10**-5.37 * co2**0.5
    assert rate(x, K25, RateLaw.DOLOMITE_PALANDRI_KHARAKA) == pytest.approx(ordered, rel=1e-4)
    disordered = 10**-3.19 * h**0.5 + 10**-7.53 + 10**-5.11 * co2**0.5
    assert rate(x, K25, RateLaw.DOLOMITE_PALANDRI_KHARAKA_DISORDERED) == pytest.approx(disordered, rel=1e-4)
    bare = rate(x, K25, RateLaw.DOLOMITE_BUSENBERG_PLUMMER)
    backward = 10.0 ** (1.0 + 3.16 - 2300.0 / 298.15) * x.g_hco3 * x.m_hco3
    assert bare == pytest.approx(disordered - backward, rel=0.02)
    assert rate(x, K25, RateLaw.GYPSUM_PALANDRI_KHARAKA) == pytest.approx(10**-2.79)
    cold = water(K10, 1e-6, 1e-2)
    shift = math.exp(-95.3e3 / 8.314462618 * (1 / 283.15 - 1 / 298.15))
    neutral = rate(cold, K10, RateLaw.DOLOMITE_PALANDRI_KHARAKA) - ordered
    assert neutral < 0.0 and 0.0 < shift < 0.15


def test_the_carbonate_mechanism_is_pwps() -> None:
    """P&K's calcite -3.48 is k2 of PWP x 10 = 10^-3.46 (chemistry notes 2): in activity, not in pressure."""
    _, k2, _ = python_callable(rates.pwp_constants)(25.0)
    assert math.log10(10.0 * k2) == pytest.approx(-3.48, abs=0.02)


def test_dolomite_starts_at_a_third_to_a_sixtieth_of_calcite() -> None:
    """design notes 4.3: 1/3 to 1/60. In water without minerals, 10 and 25 degC, 10^-3.4 to 10^-1 atm: ordered dolomite
    1/8 to 1/44; disordered 1/2.3 to 1/9, faster than a third only at 25 degC below 10^-2 atm.
    """
    for k in (K10, K25):
        for pco2 in (10**-3.4, 10**-2.5, 1e-2, 1e-1):
            x = water(k, 1e-6, pco2)
            calcite = rate(x, k, RateLaw.PHREEQC)
            ordered = calcite / rate(x, k, RateLaw.DOLOMITE_PALANDRI_KHARAKA)
            disordered = calcite / rate(x, k, RateLaw.DOLOMITE_PALANDRI_KHARAKA_DISORDERED)
            assert 8.0 < ordered < 44.0 and 2.2 < disordered < 9.0
            assert disordered > 3.0 or (k is K25 and pco2 < 1e-2)


@pytest.mark.parametrize("ratio", [0.5, 2.0])
def test_dolomite_and_gypsum_stop_at_their_own_saturation(ratio) -> None:
    """Ordered dolomite turns at SI = 0, disordered at SI = +0.55 (25 degC), gypsum at its own SI = 0."""
    for ca in np.linspace(2e-4, 6e-3, 30):
        x = water(K25, ca, 1e-2, ratio * ca)
        assert rate(x, K25, RateLaw.DOLOMITE_PALANDRI_KHARAKA) * x.si_dolomite < 0.0
        disordered = rate(x, K25, RateLaw.DOLOMITE_PALANDRI_KHARAKA_DISORDERED)
        if abs(x.si_dolomite - 0.55) > 0.02:
            assert (disordered > 0.0) == (x.si_dolomite < 0.55)
        g = water(K25, 10.0 * ca, 1e-2, so4=9.9 * ca)
        assert rate(g, K25, RateLaw.GYPSUM_PALANDRI_KHARAKA) * g.si_gypsum < 0.0


@pytest.mark.parametrize("law", CALCITE_LAWS)
def test_threshold(law) -> None:
    """SI 0.31-0.32: nothing below the threshold, all well above it, continuous between; dissolution never cares."""
    x = water(K10, 2.6e-3, 1e-2)
    si = x.si_calcite
    free = rate(x, K10, law)
    assert si > 0.1 and free < 0.0
    assert rate(x, K10, law, si + 0.001) == 0.0
    assert rate(x, K10, law, si - 0.02) == free
    assert rate(x, K10, law, si - 0.005) == pytest.approx(0.5 * free, rel=1e-6)
    low = water(K10, 1e-4, 1e-2)
    assert rate(low, K10, law, 0.3) == rate(low, K10, law) > 0.0


def test_the_threshold_of_disordered_dolomite_counts_its_own_saturation() -> None:
    """Its zero lies at SI +0.55 of the ordered one (25 degC): with 0.3 nothing precipitates up to 0.85."""
    law = RateLaw.DOLOMITE_PALANDRI_KHARAKA_DISORDERED
    for ca in np.linspace(8e-4, 6e-3, 60):
        x = water(K25, ca, 1e-2, ca)
        if x.si_dolomite > 0.58:
            assert rate(x, K25, law) < 0.0
            assert (rate(x, K25, law, 0.3) < 0.0) == (x.si_dolomite > 0.85) or abs(
                x.si_dolomite - 0.85
            ) < 0.02


def test_film_law_is_alpha_times_the_gap() -> None:
    x, saturated = water(K10, 1e-3, 1e-2), np.zeros(1, SOLUTION_DTYPE)[0]
    OPEN(saturated, K10, 0.0, 1e-2, 0.0)
    alpha = python_callable(film_alpha)(10.0, 0.3, x.pco2, 2.0)
    assert rate(x, K10, RateLaw.FILM, factor=2.0) == pytest.approx(
        alpha * 1e3 * (saturated.ca - 1e-3), rel=1e-9
    )
    assert rate(x, K10, RateLaw.FILM) < rate(x, K10, RateLaw.PHREEQC)


def test_no_law_no_rate_and_nan_stays() -> None:
    x = water(K10, 1e-3, 1e-2)
    assert rate(x, K10, RateLaw.NONE) == 0.0
    for law in list(RateLaw)[1:]:
        y = x.copy()
        for name in ("ca", "dic", "pco2", "si_calcite", "si_dolomite", "si_gypsum", "m_h", "m_hco3"):
            setattr(y, name, math.nan)
        assert math.isnan(rate(y, K10, law))
