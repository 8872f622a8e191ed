"""The processes of the karst carbon cycle: one folder per compartment, one file per process.

Units inside: water mm (= kg m-2) and mm d-1, amounts mol m-2 of the compartment's own ground area, concentrations
mol kg-1 (an amount over a volume in mm), temperature degC, CO2 pressure atm, time days. A flux is the amount moved
in one step.
"""
