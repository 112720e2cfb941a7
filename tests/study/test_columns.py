"""The columns of a study: one description each, and the names that files and JSON promise."""

from __future__ import annotations

from typing import get_args

import pytest

from dse.canvas import Canvas, InputSize
from dse.columns import FIGURES, ChipColumns, Column
from dse.space import AXES as SPACE_AXES
from dse.study.columns import AXES, Place, StudyColumns, study_columns
from tests.study.rows import candidate_row, outcome_row

COLUMNS = study_columns()
FILE_BYTES = Column("file_bytes", "File", int, "bytes")
ARENA_BYTES = Column("arena_bytes", "Arena", int, "bytes", source=FIGURES)


def test_candidates_csv_keeps_the_names_that_it_always_had() -> None:
    assert COLUMNS.names("candidates") == [
        "candidate", "training", "breakpoint", "frozen_until", "width", "input_size", "head",
        "format",
        "parameters", "macs", "kmodel_bytes", "main_memory_bytes", "peak_kpu_bytes", "latency_ms",
        "latency_ms_low", "latency_ms_high", "energy_mj", "deployable", "status", "reason",
        "layer", "message", "needed_bytes", "allowed_bytes",
    ]  # fmt: skip


def test_the_axes_are_those_of_the_space() -> None:
    assert tuple(axis.name for axis in AXES) == SPACE_AXES


@pytest.mark.parametrize("place", get_args(Place))
def test_every_place_shows_some_columns_each_once(place: Place) -> None:
    names = COLUMNS.names(place)
    assert names and len(set(names)) == len(names)
    assert all(
        COLUMNS[name] is column for name, column in zip(names, COLUMNS.at(place), strict=True)
    )


def test_every_column_has_a_heading_and_is_found_in_a_row() -> None:
    row = outcome_row(candidate_row("P5-a1-256-kpu8", size=700), ap=0.5, trial=3)
    shown = {*COLUMNS.at("candidates"), *COLUMNS.at("frame"), *COLUMNS.at("front")}
    for column in shown:
        kind = InputSize if column.kind is Canvas else column.kind
        assert column.title and isinstance(column.of(row), kind | None)
    told = {column.name: column.of(row) for column in shown}
    assert (told["candidate"], told["training"]) == ("P5-a1-256-kpu8", "P5-a1-256")
    assert (told["input_size"], told["kmodel_bytes"], told["trial"]) == (256, 700, 3)


def test_another_chip_brings_columns_of_its_own() -> None:
    chip = ChipColumns(
        costs=(FILE_BYTES, ARENA_BYTES),
        size="file_bytes",
        file_ap=Column("file_ap", "AP of the file", float, "ap"),
        file="file",
        accelerator="array",
        format="int8",
        limits=lambda target: (),
    )
    columns = StudyColumns(chip)
    assert columns.names("axes") == ["latency_ms", "file_bytes", "arena_bytes", "energy_mj"]
    assert "file_ap" in columns.names("front") and columns.size is FILE_BYTES
    assert "kmodel_bytes" not in columns and "arena_bytes" in columns


def test_of_several_classes_ap_is_a_mean_and_the_weakest_is_told() -> None:
    several = study_columns(several=True)
    assert several["ap"].title == several["shown_ap"].title == "mAP"
    assert several.file_ap.title == "kmodel mAP"
    assert several["latency_ms"] is COLUMNS["latency_ms"]
    weakest = ["weakest_class", "weakest_ap"]
    for place in ("front", "frame", "table"):
        more = [name for name in several.names(place) if name not in COLUMNS.names(place)]
        assert more == weakest
    assert several.names("candidates") == COLUMNS.names("candidates")
    row = outcome_row(candidate_row("P5-a1-256-kpu8"), ap_by_class={"cat": 0.7, "dog": 0.6})
    assert [several[name].of(row) for name in weakest] == ["dog", 0.6]
