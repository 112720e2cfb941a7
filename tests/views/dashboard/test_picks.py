"""The page's first cards follow the rule of `dse export best`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from dse.study.best_design import choose
from dse.study.record import load_study
from dse.views.dashboard.frames import study_tables
from dse.views.dashboard.picks import picks

REFERENCE = Path(__file__).parents[3] / "results" / "reference"


def test_they_are_what_the_command_line_takes() -> None:
    record = load_study(REFERENCE)
    ship, most = picks(study_tables(record))
    by_time, by_size = choose(record), choose(record, "size")
    assert by_time is not None and by_size is not None
    assert (ship.title, ship.candidate) == ("Ship this", by_time.row.id)
    assert (ship.candidate, most.candidate) == (by_size.row.id, by_time.best.id)
    assert ship.rule == "fastest and smallest of 4 whose AP cannot be told from the highest"
    assert ship.words == "the plain network, width 1, 256 pixels"


def test_they_are_deployable(record: Any) -> None:
    tables = study_tables(record)
    designs = tables.designs.set_index("candidate")
    found = {pick.title: designs.loc[pick.candidate] for pick in picks(tables)}
    assert found.keys() <= {"Ship this", "Most accurate", "Smallest"}
    ship = found["Ship this"]
    most, small = (found.get(title, ship) for title in ("Most accurate", "Smallest"))
    assert ship["deployable"] and most["deployable"] and small["deployable"]
    assert ship["latency_ms"] <= most["latency_ms"]
    assert small["kmodel_bytes"] <= most["kmodel_bytes"]


def test_nothing_is_picked_where_nothing_can_be_deployed(record: Any, empty_record: Any) -> None:
    rows = [{**row, "deployable": False} for row in record.rows]
    history = pd.DataFrame(columns=["trial", "elapsed_s", "hypervolume"])
    assert picks(study_tables(type(record)(rows=rows, history=history))) == []
    assert picks(study_tables(empty_record)) == []
