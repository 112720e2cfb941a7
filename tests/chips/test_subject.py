"""What a name on the command line can mean."""

from pathlib import Path

import pytest

from dse.chips import chip
from dse.chips.k210.bundle.flash_package import flash_package
from dse.chips.k210.compiler.tflite import random_tflite
from dse.chips.subject import OwnFile, find, opened, resolve
from dse.errors import InvalidFile, UnknownName, UsageError
from tests.chips.networks import chain, conv


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
    path = tmp_path / "model.pb"
    path.write_bytes(b"frozen")
    with pytest.raises(UsageError, match=r"no kind that can be read here: \.tflite, ") as caught:
        resolve(str(path), "kpu8")
    assert "TensorFlow-Lite" in caught.value.hint


def test_a_chips_own_file_is_its_own_to_price() -> None:
    on = chip("k210")
    own = f"somewhere{on.priced_suffixes[0]}"
    assert find(own, on) == OwnFile(own, Path(own))
    assert find("A98-a0.5-224", on).name == resolve("A98-a0.5-224", on.format).name


def test_what_would_do_is_said(tmp_path: Path) -> None:
    path = tmp_path / "model.pb"
    path.write_bytes(b"frozen")
    with pytest.raises(UsageError, match=r"read here: \.tflite, .*\.kmodel, .*\.kfpkg"):
        find(str(path), chip("k210"))


def test_a_suffix_in_capitals(tmp_path: Path) -> None:
    path = tmp_path / "Model.TFLITE"
    path.write_bytes(random_tflite(chain((16, 16, 3), conv("a", 4)), seed=0))
    assert find(str(path), chip("k210")).name == str(path)
    assert find("FACE.KMODEL", chip("k210")) == OwnFile("FACE.KMODEL", Path("FACE.KMODEL"))


def test_a_package_stands_for_what_is_in_it(tmp_path: Path) -> None:
    path = tmp_path / "board.kfpkg"
    path.write_bytes(flash_package(b"LDMK and so on"))
    inside = f"{path}/model.kmodel"
    assert list(opened(["A98-a0.5-224", str(path)], chip("k210"))) == ["A98-a0.5-224", inside]
    assert find(str(path), chip("k210")) == OwnFile(str(path), Path(inside))
    missing = str(tmp_path / "none.kfpkg")
    assert list(opened([missing], chip("k210"))) == [missing]
