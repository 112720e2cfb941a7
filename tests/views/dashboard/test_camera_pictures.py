"""A study of the camera's own shape and of others says what each costs."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

import pandas as pd

from dse.chips import load_target
from dse.space import Candidate
from dse.study.settings import plain
from dse.views.dashboard import frames
from dse.views.dashboard.camera_pictures import picture_note
from dse.views.dashboard.payload import payload_json

SQUARE, CAMERA = "P8-a1-256-kpu8", "P5-a1-320x240-kpu8"


def tables_of(record: Any, *names: str) -> frames.StudyTables:
    """The record's, with these designs, the better the later they are named."""
    made = frames.study_tables(record)
    usable = made.designs[made.designs["deployable"] & made.designs["ap"].notna()]
    sizes = [Candidate.parse(name).training.input_size for name in names]
    designs = usable.head(len(names)).assign(
        candidate=list(names),
        input_size=pd.Series(sizes, usable.index[: len(names)], dtype=object),
        latency_ms=7.0,
        ap=[0.1 * place for place in range(len(names))],
    )
    settings = {**made.settings, "target": plain(asdict(load_target("k210-maixpy-full")))}
    return frames.StudyTables(**{**vars(made), "designs": designs, "settings": settings})


def test_the_best_of_each_size_is_compared(record: Any) -> None:
    told = picture_note(tables_of(record, "P5-a1-256-kpu8", SQUARE, CAMERA))
    assert f"nothing is resized for {CAMERA} (7.0 ms)" in told
    assert (
        f"resized for {SQUARE} (7.0 ms, and some 16 for that: 23)" in told
        and "P5-a1-256" not in told
    )


def test_nothing_is_said_of_one_shape_or_of_an_unknown_target(record: Any) -> None:
    assert picture_note(tables_of(record, "P5-a1-224-kpu8", SQUARE)) == ""
    assert picture_note(tables_of(record, CAMERA)) == ""
    assert picture_note(frames.study_tables(record)) == ""


def test_the_page_has_it_among_the_facts(record: Any) -> None:
    tables = tables_of(record, SQUARE, CAMERA)
    (study,) = json.loads(payload_json([tables], {}))["studies"]
    assert dict(study["facts"])["camera"] == picture_note(tables)
