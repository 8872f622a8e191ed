"""Waters of which only a reading is known, in lanes: drips of caves, the spring.

A compartment loads such waters into the lanes of `lane_dissolution`, asks for what it wants of each and solves:

    empty(w, count); load(w, lane, water, ..) of each water; prepare(w, ..)
    close(w, lane), beside_gas(w, lane, ..) or saturated_beside_gas(w, lane, ..) of those that take part; solve(w, ..)
    of every sound lane: released(w, lane), show(w, lane, x)

What a lane reads is shown in the record of one water, so that probes and isotopes are those of the scalar kernels.
"""

import math

from karstsim.chemistry import lane_medium as at
from karstsim.chemistry import lane_store as ls
from karstsim.chemistry.medium import saturation_index
from karstsim.core.constants import LN10
from karstsim.core.jit import kernel
from karstsim.processes import lane_dissolution as lanes
from karstsim.processes.dissolution import PURE_CALCITE

CUBE = 3.0
IONIC_OF_CALCITE = 3.0  # mol of ionic strength that a mole of calcite makes with CO2: Ca2+ and two HCO3-


@kernel
def load(w, lane, water, temperature, ph, ionic_strength, pco2):
    """A water into a lane, with the pH, ionic strength and CO2 pressure (atm) of its last reading; without one, odd."""
    if not (ph > 0.0 and ionic_strength > 0.0 and pco2 > 0.0):
        w[lanes.ODD + lane] = 1.0
        return
    lanes.load_totals(w, lane, water, temperature)
    w[lanes.MG_FRACTION + lane] = PURE_CALCITE
    w[at.H + lane] = -LN10 * ph
    w[at.IONIC + lane] = ionic_strength
    w[at.PCO2 + lane] = pco2
    w[at.FREE_SO4 + lane] = w[at.SO4 + lane]


@kernel
def close(w, lane):
    """Ask for the water as it is."""
    w[at.ACTIVE + lane], w[ls.ROCK + lane] = 1.0, 0.0
    w[ls.LINE + lane], w[ls.GAS + lane], w[ls.TARGET + lane] = 1.0, 0.0, w[at.DIC + lane]


@kernel
def beside_gas(w, lane, pressure, slope):
    """Ask for the water beside a gas of `pressure` (atm), which rises by `slope` (atm kg mol-1) per CO2 released.

    The lane has been solved before. At one bicarbonate its H+ goes with the CO2 pressure: the search begins there.
    """
    w[at.H + lane] *= pressure / w[ls.OUT_PCO2 + lane]
    w[at.ACTIVE + lane], w[ls.ROCK + lane] = 1.0, 0.0
    w[ls.LINE + lane], w[ls.GAS + lane] = slope, 1.0
    w[ls.TARGET + lane] = pressure + slope * w[at.DIC + lane]


@kernel
def expected_omega(w, lane, pressure):
    """Omega of calcite in a lane's water, solved before, once it stands under a CO2 pressure: it goes with CO3.

    So with one over the pressure, as long as the bicarbonate is the same.
    """
    return w[ls.OUT_OMEGA + lane] * w[ls.OUT_PCO2 + lane] / pressure


@kernel
def saturated_beside_gas(w, lane, pressure, slope):
    """As `beside_gas`, with the calcite that saturates the water: returns a first guess of it, taken out at once.

    At one pressure Omega goes with Ca hco3^2, and with the alkalinity for bicarbonate with u of calcite less
    (1 - u/Ca) (1 - 2 u/Alk)^2 = 1/Omega: as one cube, and no more than where calcium alone had to bring Omega down,
    which a water full of magnesium comes near to. mol kg-1
    """
    omega = expected_omega(w, lane, pressure)
    guess = 0.0
    if omega > 1.0:
        ca, alkalinity = w[ls.CA_0 + lane], w[at.ALK + lane]
        guess = CUBE / (1.0 / ca + 4.0 / alkalinity) * -math.expm1(-math.log(omega) / CUBE)
        guess = min(guess, ca * (1.0 - 1.0 / omega))
    lose(w, lane, guess)
    beside_gas(w, lane, pressure, slope)
    w[ls.ROCK + lane] = 1.0
    return guess


@kernel
def solve(w, constant_set, count):
    """Solve the lanes that have been asked for something, with all readings; those that resist are odd."""
    with_carbon = count > 0
    lanes.solve(w, constant_set, count, with_carbon)


@kernel
def lose(w, lane, calcite):
    """Take `calcite` (mol kg-1) out of a lane's water, and make a first guess of what is left at one CO2 pressure.

    Its bicarbonate goes with its alkalinity, and a mole of calcite is three of ionic strength.
    """
    alkalinity = w[at.ALK + lane] - 2.0 * calcite
    left = alkalinity / w[at.ALK + lane]
    w[at.DIC + lane] -= calcite
    w[ls.CA_0 + lane] -= calcite
    w[at.ALK + lane] = alkalinity
    if left > 0.0:
        w[at.HCO3 + lane] *= left
        w[at.H + lane] /= left
        w[at.IONIC + lane] -= IONIC_OF_CALCITE * calcite


@kernel
def released(w, lane):
    """CO2 that the water has given off to the gas beside it, mol kg-1; its DIC is less by that."""
    gas = w[at.DIC + lane] - w[ls.OUT_DIC + lane]
    w[at.DIC + lane] = w[ls.OUT_DIC + lane]
    return gas


@kernel
def calcite_index(w, lane):
    """Saturation index of calcite after the lane's last solve."""
    solubility = w[at.CALCITE + lane]
    return saturation_index(w[ls.OUT_OMEGA + lane] * solubility, solubility)


@kernel
def dolomite_index(w, lane):
    """Saturation index of dolomite; the activity coefficients are those of the solved water (`lane_medium.refresh`)."""
    iap = w[ls.OUT_OMEGA + lane] * w[at.CALCITE + lane]
    a_ca = w[at.G_CA + lane] * w[at.CA + lane] / w[ls.OUT_CA + lane]
    a_mg = w[at.G_MG + lane] * w[at.MG + lane] / w[ls.OUT_MG + lane]
    a_co3 = iap / a_ca if a_ca > 0.0 else 0.0
    return saturation_index(iap * a_mg * a_co3, w[at.DOLOMITE + lane])


@kernel
def show(w, lane, x):
    """A lane's water after its last solve in the record `x`, as probes and isotopes read it."""
    x.temperature = w[at.TEMPERATURE + lane]
    x.ca, x.mg, x.na, x.k = w[at.CA + lane], w[at.MG + lane], w[at.NA + lane], w[at.K + lane]
    x.cl, x.so4, x.no3 = w[at.CL + lane], w[at.SO4 + lane], w[at.NO3 + lane]
    x.dic, x.alkalinity = w[ls.OUT_DIC + lane], w[at.ALK + lane]
    x.ph = -math.log10(w[at.H + lane])
    x.ionic_strength = w[at.IONIC + lane]
    x.pco2 = w[ls.OUT_PCO2 + lane]
    x.si_calcite = calcite_index(w, lane)
    lanes.show_carbon(
        x, w[ls.OUT_CO2 + lane], w[ls.OUT_DIMER + lane], w[ls.OUT_HCO3 + lane], w[ls.OUT_CO3 + lane]
    )
