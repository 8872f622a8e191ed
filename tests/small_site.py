"""The site of small files: one tile at the place of the synthetic weather."""

SITE = """
[site]
name = "Puding"
latitude = 26.3
longitude = 105.7
elevation = 1200.0
area_km2 = 20.0
[[site.tiles]]
land_use = "shrub"
area_fraction = 1.0
"""
