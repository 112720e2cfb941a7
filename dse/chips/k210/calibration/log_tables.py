"""Logs of one measurement a line: CSV with a header, or JSON objects.

Both have the same keys. A line with `ops` is an operation, with the columns of
`constraints/k210_times.csv`; a line with `network` is a whole network.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from pathlib import Path

from dse.chips.k210.calibration.board_run import SETTINGS, BoardRun, milliseconds, whole_number
from dse.chips.k210.calibration.measurement import Measured, Measurement
from dse.chips.k210.target import K210Target
from dse.errors import InvalidFile
from dse.files import printable, read_text
from dse.schema import parse_json, shown

__all__ = ["LOG_BYTES", "csv_rows", "is_header", "json_row", "measured_row", "read_measurements"]

Row = Mapping[str, str]

LOG_BYTES = 64 << 20
"""A picture of a network with a hundred operations prints 4 KB: ten thousand of them."""

SIZES = ("height", "width", "input_channels", "output_channels")
USUAL = {"kernel": "1", "weight_bits": "8"}
EXCESS = "fields without a name"
COLUMNS = (*SETTINGS, "ops", *SIZES, *USUAL, "ms", "fitted", "source")


def read_measurements(path: Path) -> tuple[Measurement, ...]:
    """The operations in a CSV file such as `constraints/k210_times.csv`. Raises InvalidFile."""
    run = BoardRun.begin(path, K210Target.load("k210"))
    rows = csv_rows(path, read_text(path, LOG_BYTES))
    times = [measured_row(run, row, line) for line, row in rows]
    return tuple(one for one in times if isinstance(one, Measurement))


def is_header(line: str) -> bool:
    """`line` names the columns of a CSV log."""
    names = [name.strip() for name in line.split(",")]
    return "ms" in names and ("ops" in names or "network" in names)


def csv_rows(path: Path, text: str) -> Iterator[tuple[int, Row]]:
    """(line, {column: text}) of a CSV file, without empty fields. Raises InvalidFile."""
    lines = ["" if line.startswith("#") else line for line in text.split("\n")]
    above = next((index for index, line in enumerate(lines) if line.strip()), 0)
    reader = csv.DictReader(lines[above:], restkey=EXCESS, restval="", strict=True)
    try:
        for row in reader:
            line = above + reader.line_num
            if EXCESS in row:
                raise InvalidFile(path, "more fields than the header names", line)
            fields = {name.strip(): value.strip() for name, value in row.items()}
            yield line, {name: value for name, value in fields.items() if value}
    except csv.Error as error:
        raise InvalidFile(path, f"no CSV: {error}", above + reader.reader.line_num) from None


def json_row(path: Path, text: str, line: int) -> Row:
    """{key: text} of a line that is one JSON object. Raises InvalidFile."""
    try:
        row = parse_json(text)
    except ValueError:
        row = None
    if not isinstance(row, dict):
        raise InvalidFile(path, "no JSON object", line, "write one object a line")
    for key, value in row.items():
        if not isinstance(value, (str, int, float)) or isinstance(value, bool):
            raise InvalidFile(path, f"'{shown(key)}' is neither text nor a number", line)
    return {key: str(value).strip() for key, value in row.items()}


def measured_row(run: BoardRun, row: Row, line: int) -> Measured:
    """The measurement of one line of a log that `run` began. Raises InvalidFile."""
    unknown = [name for name in row if name not in COLUMNS]
    if unknown:
        hint = f"columns: {', '.join(COLUMNS)}"
        raise InvalidFile(run.path, f"unknown column '{shown(unknown[0])}'", line, hint)
    if ("network" in row) == ("ops" in row):
        raise InvalidFile(run.path, "a line needs 'network' or 'ops', and not both", line)
    run = run.changed(row, line)
    ms = milliseconds(run.path, row.get("ms", ""), line)
    return run.whole(ms, line) if "network" in row else _operation(run, row, ms, line)


def _operation(run: BoardRun, row: Row, ms: float, line: int) -> Measurement:
    row = {**USUAL, "fitted": "yes", "source": f"{run.path.name}:{line}", **row}
    if row["fitted"] not in ("yes", "no"):
        raise InvalidFile(run.path, f"'fitted' is yes or no, not '{shown(row['fitted'])}'", line)
    missing = [name for name in SIZES if name not in row]
    if missing:
        raise InvalidFile(run.path, f"'{missing[0]}' is missing", line)
    one = Measurement(
        ops=tuple(printable(row["ops"]).split("+")),
        **{name: whole_number(run.path, row[name], line) for name in (*SIZES, *USUAL)},
        kpu_clock_hz=run.kpu_clock_hz,
        cpu_clock_hz=run.cpu_clock_hz,
        ms=ms,
        runtime=run.runtime,
        fitted=row["fitted"] == "yes",
        source=printable(row["source"]),
    )
    if one.fitted and not one.modelled:
        hint = "fitted=no keeps it for comparison"
        raise InvalidFile(run.path, f"no rule covers '{shown(row['ops'])}'", line, hint)
    return one
