"""The lines of a journal, looked at before Optuna reads them: which is no record, and why.

A journal may come from anybody, or from a process that was killed while it wrote. Every line is
compared with what Optuna writes for its kind and with what a search notes of a training.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Struct, UnsetType, field

from dse.errors import CorruptJournal, DseError
from dse.files import open_regular, reported, whole_file
from dse.schema import converted, parse_json, shown
from dse.study.settings import Count, Positive

__all__ = ["MEASURES", "broken_tail", "drop_broken_tail", "line_of_trial", "readable_by_optuna"]

LINE_BYTES = 4 << 20
"""A training is a line of 2 KB; one of ten thousand epochs would be 1 MB."""

MEASURES = "kmodel "
"""Key of a study attribute, what was measured of a compiled file: this and the training's id."""

CREATE_TRIAL = 4

State = Literal[0, 1, 2, 3, 4]
Measure = float | None
"""None: not measured, as JSON has no NaN."""


class _Epoch(Struct):
    epoch: Positive
    epochs: Positive
    loss: Measure
    val_ap: Measure
    seconds: Measure


class _Beaten(Struct):
    epoch: Count
    bound: float
    by: str


class _FormatAps(Struct):
    """Of a network, by number format."""

    ap: dict[str, Measure] | None = None
    ap_square: dict[str, Measure] | None = None
    ap_interval: dict[str, Annotated[list[float], Meta(max_length=2)]] | None = None
    ap_by_class: dict[str, dict[str, Measure]] | None = None

    def __post_init__(self) -> None:
        if any(len(ends) == 1 for ends in (self.ap_interval or {}).values()):
            raise ValueError("'ap_interval' must hold two numbers or none")


class _Outcome(_FormatAps):
    """What is noted of a training that ended in any way; a failed one has `error` alone."""

    training_id: str = ""
    epochs: Count | None = None
    seconds: Measure = None
    val_ap: Measure = None
    curve: list[_Epoch] | None = None
    error: str = ""
    warm_from: str = ""
    beaten: _Beaten | None = None


class _Attributes(Struct):
    outcome: _Outcome | UnsetType = UNSET
    elapsed_s: float = 0.0
    driver: str = ""


class _Measures(Struct):
    kmodel_ap: Measure = None
    file_ap_by_class: dict[str, Measure] = field(default_factory=dict)
    formats: _FormatAps | None = None


class _Line(Struct, tag_field="op_code"):
    worker_id: str


class _CreateStudy(_Line, tag=0):
    study_name: str
    directions: list[Literal[1, 2]]


class _DeleteStudy(_Line, tag=1):
    study_id: Count


class _StudyNote(_Line, tag=2):
    study_id: Count
    user_attr: Annotated[dict[str, Any], Meta(min_length=1, max_length=1)]


class _StudySystemNote(_Line, tag=3):
    study_id: Count
    system_attr: Annotated[dict[str, Any], Meta(min_length=1, max_length=1)]


class _CreateTrial(_Line, tag=CREATE_TRIAL):
    study_id: Count
    datetime_start: datetime | None
    datetime_complete: datetime | UnsetType = UNSET
    state: State = 0
    value: Measure = None
    values: list[float] | None = None
    distributions: dict[str, str] = field(default_factory=dict)
    params: dict[str, float] = field(default_factory=dict)
    user_attrs: _Attributes = field(default_factory=_Attributes)
    system_attrs: dict[str, Any] = field(default_factory=dict)
    intermediate_values: dict[str, Measure] = field(default_factory=dict)


class _Parameter(_Line, tag=5):
    trial_id: Count
    param_name: str
    param_value_internal: float
    distribution: str


class _EndTrial(_Line, tag=6):
    trial_id: Count
    state: State
    values: list[float] | None
    datetime_start: datetime | UnsetType = UNSET
    datetime_complete: datetime | UnsetType = UNSET


class _IntermediateValue(_Line, tag=7):
    trial_id: Count
    step: Count
    intermediate_value: Measure


class _Note(_Line, tag=8):
    trial_id: Count
    user_attr: _Attributes


class _SystemNote(_Line, tag=9):
    trial_id: Count
    system_attr: Annotated[dict[str, Any], Meta(min_length=1, max_length=1)]


class _Discard(_Line, tag=10):
    """Nothing that Optuna looks at."""


_ANY: Any = (
    _CreateStudy | _DeleteStudy | _StudyNote | _StudySystemNote | _CreateTrial | _Parameter
    | _EndTrial | _IntermediateValue | _Note | _SystemNote | _Discard
)  # fmt: skip


def broken_tail(path: Path) -> int | None:
    """Where a last line that was cut short begins, bytes; None when all lines are whole.

    Raises CorruptJournal, with the line's number, for any other line that is no record, and
    FileError where the file cannot be read.
    """
    if not path.exists():
        return None
    start, cut = 0, 0
    for number, line in _lines(path):
        if cut:
            raise _corrupt(path, cut, "not a record of a journal")
        try:
            _check(line)
        except json.JSONDecodeError:
            cut = number
        except ValueError as error:
            raise _corrupt(path, number, f"not a record of a journal: {error}") from None
        else:
            start += len(line)
    return start if cut else None


def drop_broken_tail(path: Path) -> Path | None:
    """Cuts a last line that is not whole; returns the copy of the file kept beside it.

    Only for the process that holds the study's lock. Raises CorruptJournal as `broken_tail`.
    """
    start = broken_tail(path)
    if start is None:
        return None
    kept = path.with_name(f"{path.name}.broken")
    with open_regular(path) as whole, whole_file(kept) as copy:
        shutil.copyfileobj(whole, copy)
    with reported(path, "mended"), open(path, "rb+") as file:
        file.truncate(start)
    return kept


@contextmanager
def readable_by_optuna(path: Path) -> Iterator[None]:
    """Turns what Optuna raises inside the block about the journal `path`, whose lines are records
    one by one, into a CorruptJournal: together they may be none."""
    try:
        yield
    except (DseError, OSError):
        raise
    except Exception as error:  # whatever a record made its code do
        from dse.study.optuna_storage import fails_to_replay

        number = _first(path, fails_to_replay())
        if number is None:
            raise
        why = f"a record that Optuna cannot read: {type(error).__name__}"
        raise _corrupt(path, number, why) from error


def line_of_trial(path: Path, trial: int, why: str) -> CorruptJournal:
    """The error that trial number `trial` is wrong, with the line that made it."""
    begun = -1

    def makes_it(record: dict[str, Any]) -> bool:
        nonlocal begun
        begun += int(record["op_code"] == CREATE_TRIAL)
        return begun == trial

    return _corrupt(path, _first(path, makes_it) or 1, why)


def _check(line: bytes) -> None:
    """Raises ValueError for what is no record: json.JSONDecodeError for what may have been cut."""
    if not line.endswith(b"\n"):
        raise json.JSONDecodeError("no end of line", "", 0)
    record = converted(parse_json(line), _ANY)
    if isinstance(record, _StudyNote):
        for key, value in record.user_attr.items():
            if key.startswith(MEASURES):
                converted(value, _Measures)


def _lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """Numbered lines of the file. Raises CorruptJournal for one that is too long to be ours."""
    with open_regular(path) as file, reported(path, "read"):
        number = 0
        while line := file.readline(LINE_BYTES + 1):
            number += 1
            if len(line) > LINE_BYTES:
                raise _corrupt(path, number, f"longer than {LINE_BYTES >> 20} MiB")
            yield number, line


def _first(path: Path, wanted: Callable[[dict[str, Any]], bool]) -> int | None:
    """Number of the first line whose record is `wanted`."""
    for number, line in _lines(path):
        try:
            if wanted(json.loads(line)):
                return number
        except ValueError:
            return None  # the tail
    return None


def _corrupt(path: Path, number: int, why: str) -> CorruptJournal:
    return CorruptJournal(
        f"{path}:{number}: {shown(why, 200)}",
        f"restore the file from a copy, or delete line {number} "
        "(what it recorded is then done again)",
    )
