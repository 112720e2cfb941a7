"""What an evaluation says: of one class as ever, of several with figures of each."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from dse.cli.entry import main
from dse.designs.evaluating import evaluate_design
from dse.evaluation import Findings
from tests.evaluation.several import found_on, labelled, three_classes


def detector_that_has(
    monkeypatch: pytest.MonkeyPatch, findings: Findings, class_scores: tuple[float, ...] = ()
) -> None:
    score = 0.5 if class_scores else None
    detector = SimpleNamespace(
        name="P5", pictures="synthetic:4", score=score, class_scores=class_scores
    )
    monkeypatch.setattr("dse.designs.finding.find_detector", lambda *_: detector)
    monkeypatch.setattr("dse.designs.evaluating._find", lambda *_: findings)


def test_of_one_class_nothing_is_said_of_classes(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    one = found_on(labelled("a", [0]), classes=[0], names=("face",), wanted=("face",))
    detector_that_has(monkeypatch, one)
    report = evaluate_design("P5", results=tmp_path)
    assert list(report.as_dict()) == [
        "design", "ap", "ap_square", "images", "faces", "seconds", "skipped", "ap_interval",
        "curve", "score", "precision", "recall", "lost_ap", "by_size",
    ]  # fmt: skip
    assert "AP 1.0000" in repr(report) and "mAP" not in repr(report)


def test_things_are_faces_where_they_are(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, called in (("face", "1 faces"), ("cone", "1 objects")):
        one = found_on(labelled("a", [0]), classes=[0], names=(name,), wanted=(name,))
        detector_that_has(monkeypatch, one)
        assert called in repr(evaluate_design("P5", results=tmp_path))
        assert main(["evaluate", "P5", "--results", str(tmp_path)]) == 0
        assert called in capsys.readouterr().out


def test_people_and_programs_are_told_what_ap_was_lost_to(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    detector_that_has(monkeypatch, three_classes())
    told = evaluate_design("P5", results=tmp_path).as_dict()
    assert told["lost_ap"]["classification"] > 0 == told["lost_ap"]["background"]
    assert told["by_size"] == [{"side_from": 0.25, "side_to": 1.0, "objects": 4, "found": 3}]
    assert main(["evaluate", "P5", "--results", str(tmp_path)]) == 0
    printed = capsys.readouterr().out
    assert "AP lost to: classification 0." in printed and "background" not in printed
    assert "1/4 to 1: 3 of 4" in printed


def test_of_several_classes_ap_is_their_mean(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    detector_that_has(monkeypatch, three_classes())
    told = evaluate_design("P5", results=tmp_path).as_dict()
    assert told["map"] == told["ap"] == pytest.approx((2 / 3 + 0.5) / 2)
    assert set(told["classes"]) == set(told["thresholds"]) == {"cat", "dog", "owl"}
    assert {"map_50_95", "confusion", "objects"} <= set(told)
    assert 0 < told["score"] < 1  # one threshold for all


def test_a_file_is_judged_at_the_thresholds_of_its_classes(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    detector_that_has(monkeypatch, three_classes(), (0.9, 0.6, 0.2))
    told = evaluate_design("P5", results=tmp_path).as_dict()
    assert told["thresholds"] == {"cat": 0.9, "dog": 0.6, "owl": 0.2}
    told = evaluate_design("P5", results=tmp_path, score=0.3).as_dict()
    assert set(told["thresholds"].values()) == {0.3}


def test_the_command_prints_a_line_a_class(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    detector_that_has(monkeypatch, three_classes())
    assert main(["evaluate", "P5", "--results", str(tmp_path)]) == 0
    out, err = capsys.readouterr()
    assert out.startswith("mAP 0.5833 (") and "4 objects, 2 pictures" in out
    assert [line.split()[0] for line in out.splitlines()[3:6]] == ["cat", "dog", "owl"]
    assert "no object of owl on these pictures: left out of the mean" in err
    assert main(["evaluate", "P5", "--results", str(tmp_path), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["classes"]["owl"] is None
