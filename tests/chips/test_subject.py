"""What a name on the command line can mean."""

from pathlib import Path

import pytest

from dse.chips import chip
from dse.chips.subject import OwnFile, find, resolve
from dse.errors import InvalidFile, UnknownName, UsageError


def test_a_candidate() -> None:
    subject = resolve("A98-a0.5-224-Q8", "kpu8")
    assert (subject.name, subject.format) == ("A98-a0.5-224-Q8", "Q8")
    assert subject.candidate is not None
    assert subject.graph["head"].shape == (14, 14, 125)


def test_a_training_is_meant_for_the_kpu() -> None:
    assert resolve("A98-a0.5-224", "kpu8").name == "A98-a0.5-224-kpu8"


def test_nonsense_says_how_candidates_are_named() -> None:
    with pytest.raises(UsageError) as error:
        resolve("A98", "kpu8")
    assert "A98-a0.5-224-kpu8" in error.value.hint


def test_an_unknown_format() -> None:
    with pytest.raises(UnknownName, match="Did you mean 'kpu8'"):
        resolve("A98-a0.5-224-kpu9", "kpu8")


def test_a_missing_file() -> None:
    with pytest.raises(InvalidFile, match="No such file"):
        resolve("nowhere.tflite", "kpu8")


def test_a_file_of_another_kind(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(b"onnx")
    with pytest.raises(UsageError, match=r"is no \.tflite file"):
        resolve(str(path), "kpu8")


def test_a_chips_own_file_is_its_own_to_price() -> None:
    on = chip("k210")
    own = f"somewhere{on.priced_suffixes[0]}"
    assert find(own, on) == OwnFile(own, Path(own))
    assert find("A98-a0.5-224", on).name == resolve("A98-a0.5-224", on.format).name


def test_what_would_do_is_said(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(b"onnx")
    with pytest.raises(UsageError, match=r"is no \.tflite or \.kmodel"):
        find(str(path), chip("k210"))
