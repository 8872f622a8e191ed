"""Physical constants and unit conversions, each with its source."""

GAS_CONSTANT = 8.314462618  # J mol-1 K-1 (CODATA 2018, exact)
GAS_CONSTANT_ATM = 8.205736608e-5  # m3 atm mol-1 K-1 (the same over 101325 J m-3 atm-1)
ZERO_CELSIUS = 273.15  # K
LN10 = 2.302585092994046
SECONDS_PER_DAY = 86400.0
DAYS_PER_YEAR = 365.2425  # mean Gregorian year; one value for every calendar
MM_PER_M = 1000.0
GRAMS_PER_KG = 1000.0
STANDARD_ATMOSPHERE = 101325.0  # Pa
STANDARD_GRAVITY = 9.80665  # m s-2

MOLAR_MASS_C = 12.011  # g mol-1
MOLAR_MASS_CO2 = 44.01
MOLAR_MASS_CACO3 = 100.087
MOLAR_MASS_HCO3 = 61.017
CO2_PER_C = 44.01 / 12.011

# Saturation vapour pressure over water, e = 0.6108 exp(17.27 T/(T + 237.3)) kPa        [FAO-56, Eq. 11]
SATURATION_AT_ZERO = 610.8  # Pa
SATURATION_FACTOR = 17.27
SATURATION_OFFSET = 237.3  # degC
