"""Files that no Vela is asked about."""

from __future__ import annotations

from pathlib import Path

import pytest

from dse.chips import check, chip
from dse.chips.ethos_u import file_pricing
from dse.chips.ethos_u.int8_file import int8_file
from dse.errors import InvalidFile
from dse.network.detector import detector_graph
from dse.space import Training
from tests.chips.ethos_u.installed import grove


@pytest.fixture(autouse=True)
def unasked(monkeypatch: pytest.MonkeyPatch) -> None:
    def reports(*_: object) -> None:
        raise AssertionError("Vela was asked")

    monkeypatch.setattr(file_pricing, "reports", reports)


@pytest.fixture
def content() -> bytes:
    return int8_file(detector_graph(Training.parse("A98-a0.35-96")))


def test_a_damaged_file(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "cut.tflite"
    path.write_bytes(content[:5000])
    with pytest.raises(InvalidFile, match="is damaged"):
        check(path, grove())


def test_a_file_that_vela_made(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "compiled.tflite"
    path.write_bytes(content[:5000] + b"\0ethos-u\0")
    with pytest.raises(InvalidFile, match="Vela has compiled it already") as caught:
        chip("ethos_u").account_file(path, grove())
    assert "int8 file" in caught.value.hint


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(InvalidFile, match=r"missing\.tflite"):
        check(tmp_path / "missing.tflite", grove())


def test_a_sound_one_is_velas_to_answer(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "sound.tflite"
    path.write_bytes(content)
    with pytest.raises(AssertionError, match="Vela was asked"):
        check(path, grove())
