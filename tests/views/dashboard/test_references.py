"""Published marks: only what the sources give, and told apart."""

from __future__ import annotations

from dse.study.columns import study_columns
from dse.views.dashboard.references import references


def test_nothing_claims_an_ap_for_a_chips_file() -> None:
    """No source gives AP and latency for the same file, so no mark has both."""
    marks = references(study_columns())
    assert not [mark for mark in marks if mark.ap is not None and mark.latency_ms is not None]
    assert all(mark.source and mark.note and mark.input for mark in marks)


def test_the_papers_widths_and_the_chips_detectors_are_there() -> None:
    marks = {mark.name: mark for mark in references(study_columns())}
    paper = marks["Paper: A98 alpha 0.5"]
    assert paper.ap == 0.839
    assert paper.file_bytes == 1.60 * 2**20
    assert marks["Ultra-Light slim-320"].latency_ms == 65.6
    assert marks["Ultra-Light slim-320"].file_bytes == 307924
    assert marks["A98 alpha 0.5 on a MAIX Dock"].latency_ms == 1000 / 8


def test_what_finds_other_things_has_no_published_marks() -> None:
    assert references(study_columns(), ("face",)) == references(study_columns()) != []
    assert references(study_columns(), ("ace", "king")) == []
    assert references(study_columns(), ("card",)) == []
