"""Broken inputs by the thousand: every reader must read what is sound and refuse the rest by name.

    python -m tests.property.mutations 10000 [SEED]

Prints counts as JSON. A case is one mutated file given to its reader. It ends as "read", "refused" (an InputError) or
in a fault: "traceback" (any other exception), "hang" (over 10 s of CPU time, or a minute on the clock), "crash" (the
process died), "silent" (a value outside its physical bounds, or times out of order, came through). Cases run in
processes of their own, so that a crash of a C library is counted and not the end, and on files of their own: HDF5 may
keep a broken file open for good.
"""

from __future__ import annotations

import collections
import json
import logging
import signal
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path

import netCDF4
import numpy as np

HANG = 10  # s of CPU time: a busy machine is no hang
STILL = 60  # s on the clock, for a reader that waits for something
NASTY_CELLS = (
    "", "NaN", "nan", "inf",
    "-inf", "1e999", "-5", "-0.0001", "1e5", "99999", "12,5", "1.234,5", "1 234", "abc", "0x10",
    "１２",
    "9" * 400, "1e-320", "=1+1", "\x00", '"', "'", "−5", "<0.1", ">5", "-9999", "-999.0", "1e20", "true", "None",
    "2015-02-30", "0001-01-01", "9999-12-31", "31/12/2015", "2015-03-29 02:30", "2015-01-01T00:00:00Z", "\ud7ff", ";;;",
)  # fmt: skip
NASTY_UNITS = (
    "K", "degC", "degF", "mm/day", "", " ", "kg m-2 s-1", "furlong", "1e999 m", "K**999999", "m/s" * 30, "µm", "%",
    "1", "days since", "kg m-2 s-1 /* */", "W m-2", "hPa", "mm", "__import__('os')", "K" * 5000, "10**10**10",
    "m^-1e9", 5, float("nan"), [1, 2], "kelvin", "Celsius", "mol mol-1",
)  # fmt: skip
NASTY_TIME_UNITS = (
    "days since 0000-00-00", "months since 2000-01-01", "days since 2015-01-01 25:00", "fortnights since 2000-01-01",
    "days since", "since", "seconds since 1e9", "days since 99999999-01-01", "days since 2015-01-01 00:00 +99:99", "",
    "hours since 2015-01-01", "years since 2015-01-01", 7, "days since -4712-01-01",
)  # fmt: skip
NASTY_CALENDARS = (
    "360_day",
    "noleap",
    "all_leap",
    "julian",
    "standard",
    "none",
    "",
    "martian",
    5,
    "366_day",
    "tai",
)
NASTY_VALUES = (
    np.nan,
    np.inf,
    -np.inf,
    1e20,
    -1e20,
    1e300,
    -1.0,
    500.0,
    5e4,
    0.0,
    -5e-10,
    1e-300,
    9.96921e36,
)


# ------------------------------------------------------------------------------------------------- text files


def station_text(rng: np.random.Generator) -> bytes:
    """Thirty days of a plain station table."""
    days = np.datetime64("2015-01-01") + np.arange(30)
    rows = [f"{d},{10 + rng.random():.2f},{max(0, rng.normal()):.1f},120,3,900" for d in days]
    return ("date,tas_degC,pr_mm_d,rsds_w_m2,wind_m_s,ps_hpa\n" + "\n".join(rows) + "\n").encode()


def spring_text(rng: np.random.Generator) -> bytes:
    """Thirty rows of a spring table."""
    days = np.datetime64("2015-01-01") + np.arange(30)
    rows = [
        f"{d} 06:00;{rng.random() * 500:.1f};{7 + rng.random():.2f};{40 + rng.random():.1f};9.5" for d in days
    ]
    return ("Datum;Abfluss (L/s);pH;Ca (mg/L);T (°C)\n" + "\n".join(rows) + "\n").encode()


def co2_text(rng: np.random.Generator) -> bytes:
    """A CO2 table by the year, or rows of scenarios."""
    if rng.random() < 0.5:
        return (
            "year,co2\n" + "\n".join(f"{y},{380 + 2 * (y - 2010)}" for y in range(2010, 2021)) + "\n"
        ).encode()
    years = ",".join(map(str, range(2010, 2021)))
    values = ",".join(str(380 + 2 * i) for i in range(11))
    head = f"Model,Scenario,Region,Variable,Unit,{years}\n"
    return (head + f"A,ssp126,World,Atmospheric Concentrations|CO2,ppm,{values}\n").encode()


def yearly_text(rng: np.random.Generator) -> bytes:
    """Deposition by the year."""
    rows = "\n".join(f"{y},{0.05 + 0.01 * rng.random():.4f}" for y in range(2010, 2021))
    return f"year,soil.dry_sulfur\n{rows}\n".encode()


def rdb_text(rng: np.random.Generator) -> bytes:
    """Thirty days of a gauge in the format of the US Geological Survey."""
    days = np.datetime64("2015-01-01") + np.arange(30)
    rows = [f"USGS\t07055646\t{d}\t{rng.random() * 50:.1f}\tA" for d in days]
    head = (
        "# comment\nagency_cd\tsite_no\tdatetime\t1_00060_00003\t1_00060_00003_cd\n5s\t15s\t20d\t14n\t10s\n"
    )
    return (head + "\n".join(rows) + "\n").encode()


def land_use_text(rng: np.random.Generator) -> bytes:
    """Fractions of two tiles by the year."""
    rows = []
    for year in range(2010, 2021):
        share = round(0.3 + 0.4 * rng.random(), 3)
        rows.append(f"{year},{share},{1.0 - share:.3f}")
    return ("year,cropland,shrub\n" + "\n".join(rows) + "\n").encode()


def run_file_text(rng: np.random.Generator) -> bytes:
    """The run file that `karstsim new site` writes, with weather of the generator."""
    from importlib.resources import files

    return (files("karstsim") / "templates" / "site.toml").read_bytes()


def mutate_text(data: bytes, rng: np.random.Generator) -> bytes:
    """One to three changes of bytes, cells, lines or the encoding."""
    for _ in range(int(rng.integers(1, 4))):
        data = TEXT_CHANGES[int(rng.integers(len(TEXT_CHANGES)))](data, rng)
    return data


def _cells(data: bytes, rng: np.random.Generator) -> bytes:
    text = data.decode("utf-8", errors="replace")
    mark = max(",;\t", key=text.count)
    lines = text.split("\n")
    i = int(rng.integers(len(lines)))
    cells = lines[i].split(mark)
    cells[int(rng.integers(len(cells)))] = NASTY_CELLS[int(rng.integers(len(NASTY_CELLS)))]
    lines[i] = mark.join(cells)
    return "\n".join(lines).encode("utf-8", errors="replace")


def _lines(data: bytes, rng: np.random.Generator) -> bytes:
    lines = data.split(b"\n")
    i, j = (int(k) for k in rng.integers(len(lines), size=2))
    how = int(rng.integers(5))
    if how == 0:
        lines.insert(i, lines[j])
    elif how == 1:
        del lines[i]
    elif how == 2:
        lines[i], lines[j] = lines[j], lines[i]
    elif how == 3:
        lines[i] += b"," * int(rng.integers(1, 9))
    else:
        lines = lines[: i + 1]
    return b"\n".join(lines)


def _bytes(data: bytes, rng: np.random.Generator) -> bytes:
    if not data:
        return data
    i = int(rng.integers(len(data)))
    how = int(rng.integers(3))
    if how == 0:
        return data[:i] + bytes([int(rng.integers(256))]) + data[i + 1 :]
    if how == 1:
        return data[:i] + data[i + int(rng.integers(1, 40)) :]
    return data[:i] + bytes(rng.integers(256, size=int(rng.integers(1, 20)), dtype=np.uint8)) + data[i:]


def _encoding(data: bytes, rng: np.random.Generator) -> bytes:
    how = int(rng.integers(6))
    text = data.decode("utf-8", errors="replace")
    if how == 0:
        return b"\xef\xbb\xbf" + data
    if how == 1:
        return text.encode("utf-16", errors="replace")
    if how == 2:
        return text.replace("\n", "\r\n").encode("utf-8", errors="replace")
    if how == 3:
        return text.replace(",", ";").encode("utf-8", errors="replace")
    if how == 4:
        return text.replace(".", ",").encode("utf-8", errors="replace")
    return text.encode("cp1252", errors="replace")


TEXT_CHANGES = (_cells, _cells, _lines, _bytes, _encoding)


# -------------------------------------------------------------------------------------------------- netCDF files

FIELDS = {"tas": (288.0, "K"), "pr": (2e-5, "kg m-2 s-1"), "rsds": (120.0, "W m-2"), "sfcWind": (3.0, "m s-1"),
          "ps": (9e4, "Pa")}  # fmt: skip


def write_netcdf(path: Path, rng: np.random.Generator, sound: bool) -> None:
    """A small CMIP-like file; unless sound, one thing in it is wrong."""
    wrong = "" if sound else WRONGS[int(rng.integers(len(WRONGS)))]
    pick = lambda options: options[int(rng.integers(len(options)))]  # noqa: E731
    victim = pick(list(FIELDS))
    with netCDF4.Dataset(path, "w", format=pick(["NETCDF4", "NETCDF3_CLASSIC", "NETCDF4_CLASSIC"])) as nc:
        for dim, size in (("time", 30), ("lat", 3), ("lon", 2), ("bnds", 2)):
            nc.createDimension(dim, size)
        time = nc.createVariable("time", "f8", ("time",))
        days = np.arange(30.0) + 0.5
        if wrong == "time values":
            at = int(rng.integers(30))
            days[at] = pick([np.nan, 1e300, -1e300, days[at - 1], 400.0, -5.0, 1e15])
        time[:] = days[::-1] if wrong == "time order" else days
        _set(time, "units", pick(NASTY_TIME_UNITS) if wrong == "time units" else "days since 2015-01-01")
        _set(time, "calendar", pick(NASTY_CALENDARS) if wrong == "calendar" else "noleap")
        if wrong == "bounds":
            time.bounds = "time_bnds"
            bounds = nc.createVariable("time_bnds", "f8", ("time", "bnds"))
            bounds[:] = rng.normal(0.0, pick([1.0, 1e3, 1e300]), (30, 2))
        for name, values in (("lat", [25.0, 27.0, 29.0]), ("lon", [104.0, 106.0])):
            axis = nc.createVariable(name, "f8", (name,))
            axis[:] = np.array(values) * (pick([np.nan, 0.0, -1.0, 1e9, 4.0]) if wrong == name else 1.0)
            axis.units = "degrees_north" if name == "lat" else "degrees_east"
        for name, (value, units) in FIELDS.items():
            own = name == victim
            if own and wrong == "absent":
                continue
            kind = pick(["f4", "f8", "i2", "S1", "i4"]) if own and wrong == "type" else "f4"
            dims = pick(
                [("lat", "time", "lon"), ("time",), ("lat", "lon"), ("lon", "lat", "time"), ("bnds", "time")]
            )
            var = nc.createVariable(name, kind, dims if own and wrong == "dims" else ("time", "lat", "lon"))
            if own and wrong == "packing":
                _set(var, pick(["scale_factor", "add_offset"]), pick([0.0, np.nan, 1e300, -1.0, "x"]))
            if kind != "S1":
                data = np.full(var.shape, value)
                if own and wrong == "value":
                    data.flat[int(rng.integers(data.size))] = pick(NASTY_VALUES)
                var.set_auto_maskandscale(False)
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    var[:] = data.astype(kind)
            if not (own and wrong == "no units"):
                _set(var, "units", pick(NASTY_UNITS) if own and wrong == "units" else units)
            if own and wrong == "attributes":
                _set(
                    var,
                    pick(ATTRIBUTES),
                    pick(["lat lon", "nothing", 5, [1.0, 2.0], name, "air_temperature", np.nan]),
                )


ATTRIBUTES = ("coordinates", "bounds", "grid_mapping", "standard_name", "cell_methods", "missing_value")
WRONGS = ("time values", "time order", "time units", "calendar", "bounds", "lat", "lon", "absent", "type", "dims",
          "packing", "value", "value", "value", "no units", "units", "units", "attributes")  # fmt: skip


def _set(var: netCDF4.Variable, name: str, value: object) -> None:
    var.setncattr(name, value)


# ------------------------------------------------------------------------------------------------------ readers


def read_netcdf(path: Path) -> None:
    """A point of the file as forcing; then every value is within its bounds."""
    from karstsim.forcing import open_forcing

    check_forcing(open_forcing(path, lon=105.7, lat=26.6, co2=400.0))


def read_cells(path: Path) -> None:
    """All cells of the file."""
    from karstsim.forcing import open_forcing

    check_forcing(open_forcing(path, cells=True, co2=400.0))


def read_station(path: Path) -> None:
    """The table as forcing."""
    from karstsim.forcing import open_forcing

    check_forcing(open_forcing(path, co2=400.0))


def read_spring(path: Path) -> None:
    """The table of a spring."""
    from karstsim.analysis import quality_report, read_spring_table
    from karstsim.analysis.spring_columns import LIMITS

    ds = read_spring_table(path)
    quality_report(ds)
    for name in map(str, ds.data_vars):
        values = ds[name].values
        low, high = LIMITS[name]
        silent(((values < low) | (values > high) | np.isinf(values)).any(), name)
    silent((np.diff(ds.time.values) <= np.timedelta64(0)).any(), "time")


def read_co2_file(path: Path) -> None:
    """The CO2 of 2015 and 2016."""
    from karstsim.forcing.co2 import co2_series

    times = np.arange(
        np.datetime64("2015-01-01", "ns"), np.datetime64("2017-01-01", "ns"), np.timedelta64(30, "D")
    )
    values = co2_series(str(path), times)
    silent(not ((values >= 100.0) & (values <= 10000.0)).all(), "co2")


def read_yearly_file(path: Path) -> None:
    """Deposition."""
    from karstsim.forcing.yearly import read_yearly

    for name, (years, values) in read_yearly(path).items():
        silent(not np.isfinite(values).all() or (np.diff(years) <= 0).any(), name)


def read_land_use_file(path: Path) -> None:
    """Areas of the tiles."""
    from karstsim.forcing.land_use import read_land_use

    years, fractions = read_land_use(path)
    table = np.array(list(fractions.values()))
    silent(
        not ((table >= 0.0) & (table <= 1.0)).all() or np.abs(table.sum(axis=0) - 1.0).max() > 1e-9,
        "fractions",
    )
    silent((np.diff(years) <= 0).any(), "years")


def read_run_file(path: Path) -> None:
    """A run file; numbers stay within the bounds that the readers promise."""
    from karstsim.config import load_config

    config = load_config(path)
    site = config.site
    silent(not (-90.0 <= site.latitude <= 90.0 and -180.0 <= site.longitude <= 360.0), "place")
    silent(not -500.0 <= site.elevation <= 9000.0, "elevation")
    silent(not 0 <= config.run.spinup_years <= 10_000, "spin-up")


def check_forcing(ds: object) -> None:
    """Every value within the bounds of its variable, whatever the reader thinks; stamps rise by one step."""
    bounds = {"tas": (183.15, 333.15), "pr": (0.0, 2000.0 / 86400.0), "rsds": (0.0, 1500.0), "sfcWind": (0.0, 75.0),
              "ps": (4e4, 1.1e5), "co2": (100.0, 1e4)}  # fmt: skip
    for name, (low, high) in bounds.items():
        values = ds[name].values  # type: ignore[index]
        silent(not ((values >= low) & (values <= high)).all(), name)
    steps = np.diff(ds["time"].values)  # type: ignore[index]
    silent((steps != steps[0]).any() or steps[0] <= steps[0] * 0, "time")


class SilentError(Exception):
    """Something wrong came through."""


def silent(wrong: object, what: str) -> None:
    """Raise where `wrong` holds."""
    if wrong:
        raise SilentError(what)


def _text_case(make: Callable[..., bytes], name: str, read: Callable[[Path], None]) -> Callable[..., None]:
    def case(folder: Path, rng: np.random.Generator) -> None:
        path = folder / f"{rng.integers(2**62)}{name}"
        path.write_bytes(mutate_text(make(rng), rng))
        read(path)

    return case


def _wrong_file(folder: Path, rng: np.random.Generator) -> None:
    path = folder / f"{rng.integers(2**62)}.nc"
    write_netcdf(path, rng, sound=False)
    (read_cells if rng.random() < 0.3 else read_netcdf)(path)


def _broken_bytes(folder: Path, rng: np.random.Generator) -> None:
    path = folder / f"{rng.integers(2**62)}.nc"
    write_netcdf(path, rng, sound=True)
    data = path.read_bytes()
    for _ in range(int(rng.integers(1, 6))):
        data = _bytes(data, rng)
    path.write_bytes(data)
    read_netcdf(path)


CASES = {
    "netcdf, one thing wrong": _wrong_file,
    "netcdf, bytes": _broken_bytes,
    "station table": _text_case(station_text, ".csv", read_station),
    "spring table": _text_case(spring_text, ".csv", read_spring),
    "co2 table": _text_case(co2_text, ".csv", read_co2_file),
    "yearly table": _text_case(yearly_text, ".csv", read_yearly_file),
    "USGS gauge": _text_case(rdb_text, ".rdb", read_spring),
    "land use table": _text_case(land_use_text, ".csv", read_land_use_file),
    "run file": _text_case(run_file_text, ".toml", read_run_file),
}
WEIGHTS = (3, 2, 2, 2, 1, 1, 1, 1, 1)


def kind_of(number: int) -> str:
    """The kind of a case by its number."""
    order = [name for name, weight in zip(CASES, WEIGHTS, strict=True) for _ in range(weight)]
    return order[number % len(order)]


def outcome(number: int, seed: int, folder: Path) -> str:
    """How a case ends."""
    from karstsim.core.errors import InputError

    rng = np.random.default_rng([seed, number])
    signal.setitimer(signal.ITIMER_PROF, HANG)
    signal.alarm(STILL)
    try:
        CASES[kind_of(number)](folder, rng)
    except InputError as error:
        return (
            "refused"
            if error.where and error.what and error.mend
            else "traceback: refusal without place or mend"
        )
    except SilentError as error:
        return f"silent: {error}"
    except TimeoutError:
        return "hang"
    except Exception as error:
        import traceback

        where = traceback.extract_tb(error.__traceback__)[-1]
        return f"traceback: {type(error).__name__} {str(error)[:80]!r} at {Path(where.filename).name}:{where.lineno}"
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.alarm(0)
    return "read"


def _worker(first: int, last: int, seed: int) -> None:
    logging.disable()
    warnings.simplefilter("ignore")

    def stop(*_: object) -> None:
        raise TimeoutError

    signal.signal(signal.SIGPROF, stop)
    signal.signal(signal.SIGALRM, stop)
    with tempfile.TemporaryDirectory() as folder:
        write_netcdf(Path(folder) / "a.nc", np.random.default_rng(0), sound=True)
        read_netcdf(
            Path(folder) / "a.nc"
        )  # imports before the clock runs: a busy machine takes seconds for them
        for make, read in (
            (station_text, read_station),
            (spring_text, read_spring),
            (co2_text, read_co2_file),
            (land_use_text, read_land_use_file),
        ):
            (Path(folder) / "a.csv").write_bytes(make(np.random.default_rng(0)))
            read(Path(folder) / "a.csv")
        for number in range(first, last):
            print(number, flush=True)
            print(outcome(number, seed, Path(folder)).replace("\n", " "), flush=True)
            for left in Path(folder).iterdir():
                left.unlink()


def run(count: int, seed: int = 1, batch: int = 500) -> dict[str, collections.Counter]:
    """Outcomes by kind of case."""
    found: dict[str, collections.Counter] = {name: collections.Counter() for name in CASES}
    at = 0
    while at < count:
        command = [
            sys.executable,
            "-m",
            "tests.property.mutations",
            "--worker",
            *map(str, (at, min(at + batch, count), seed)),
        ]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        lines = done.stdout.split("\n")
        last = at - 1
        for number, how in zip(lines[0::2], lines[1::2], strict=False):
            if not number.strip():
                continue
            last = int(number)
            if how:
                found[kind_of(last)][how] += 1
            else:
                break
        if done.returncode != 0:
            found[kind_of(last)][f"crash: case {last}, exit {done.returncode} {done.stderr[-200:]}"] += 1
        at = last + 1
    return found


def main() -> None:
    """Run and print."""
    if sys.argv[1] == "--worker":
        _worker(*map(int, sys.argv[2:5]))
        return
    found = run(int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 1)
    print(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
