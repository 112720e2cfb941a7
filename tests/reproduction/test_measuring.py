"""AP of every row comes from the study; three scales are measured once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from dse import evaluation
from dse.evaluation import Evaluation
from dse.reproduction import ReproductionOptions, measuring
from dse.reproduction.measuring import measure_networks
from dse.reproduction.training import train_networks
from tests.search.fake_training import backend, final_ap

Make = Callable[..., ReproductionOptions]


def test_single_scale_is_what_the_study_measured(options: Make, trace: Path) -> None:
    (record,) = train_networks(options(), backend(trace))
    found = measure_networks(record, ("I", "II", "III"), 96, False, print)
    assert len(found) == 8 + 6  # networks in FP32, and the other formats of A98
    for entry in record.entries:
        measure = found[f"{entry.training.id}-FP32"]
        assert measure.ap == pytest.approx(final_ap(entry.training) - 0.01)
        assert measure.ap_square is None and measure.pyramid is None


def test_three_scales_are_kept_in_the_studys_folder(
    options: Make, trace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (record,) = train_networks(options(tables=("II",)), backend(trace))
    sizes: list[int] = []

    def pyramid(predict_at: object, input_size: int, data: object) -> Evaluation:
        sizes.append(input_size)
        return Evaluation(0.25, 0.125, 8, 9, 1.0, 0)

    monkeypatch.setattr(evaluation, "evaluate_pyramid", pyramid)
    monkeypatch.setattr(measuring, "trained_design", lambda *_: SimpleNamespace(predict_at=None))
    said: list[str] = []
    first = measure_networks(record, ("II",), 96, True, said.append)
    assert sizes == [96] * 7 and len(said) == 7
    assert {(one.pyramid, one.pyramid_square) for one in first.values()} == {(0.25, 0.125)}
    assert measure_networks(record, ("II",), 96, True, said.append) == first
    assert len(sizes) == 7
