"""AP of the trained networks: in one scale, as their study has it, and in the paper's three."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, replace

from dse.designs.selection import job_of
from dse.designs.trained import trained_design
from dse.files import write_whole
from dse.reproduction.rows import table_rows
from dse.search import StudyRecord
from dse.space import Candidate

__all__ = ["Measure", "measure_networks"]

CACHE = "pyramid.json"
"""In the study's folder: what was measured already, so that a killed run repeats one network."""

Say = Callable[[str], None]


@dataclass(frozen=True)
class Measure:
    """AP of one design in one study, 0..1. ap_square: against FDDB's square boxes, where there
    are any. pyramid, pyramid_square: in three scales, where they were measured."""

    ap: float
    ap_square: float | None
    pyramid: float | None = None
    pyramid_square: float | None = None


def measure_networks(
    record: StudyRecord, tables: Iterable[str], input_size: int, pyramid: bool, say: Say
) -> dict[str, Measure]:
    """Candidate id -> AP, for every row of `tables` ("I", "II", "III").

    say: told what takes time. Writes pyramid.json into the study's folder.
    """
    rows = {row.id: row for row in record.rows}
    wanted = dict.fromkeys(row.candidate(input_size) for t in tables for row in table_rows(t))
    found: dict[str, Measure] = {}
    for candidate in wanted:
        row = rows[candidate.id]
        square = row.ap_square
        single = Measure(row.ap, None if square != square else square)
        found[candidate.id] = (
            _in_three_scales(record, candidate, single, say) if pyramid else single
        )
    return found


def _in_three_scales(
    record: StudyRecord, candidate: Candidate, single: Measure, say: Say
) -> Measure:
    """`single` with the pyramid's AP, from the study's folder where it lies there."""
    from dse.data import open_data
    from dse.evaluation import evaluate_pyramid

    path = record.path / CACHE
    known = json.loads(path.read_text()) if path.exists() else {}
    if candidate.id not in known:
        say(f"{record.name}: {candidate.id} in three scales")
        data = open_data(job_of(record).eval_data, "eval")
        network = trained_design(record, candidate)
        whole = evaluate_pyramid(network.predict_at, candidate.training.input_size, data)
        known[candidate.id] = asdict(whole)
        write_whole(path, json.dumps(known, indent=1))
    whole_ap, whole_square = (known[candidate.id][name] for name in ("ap", "ap_square"))
    return replace(single, pyramid=whole_ap, pyramid_square=whole_square)
