from __future__ import annotations

import json
import re
from pathlib import Path

import jinja2
import numpy as np
import pytest

import dse.chips.k210
from dse.chips.k210.bundle.board_files import NAMES, board_files
from dse.chips.k210.bundle.detector_file import detector_table
from dse.chips.k210.bundle.manifest import to_json
from dse.chips.k210.bundle.rendering import render
from dse.chips.k210.kmodel.kmodel import parse_kmodel
from dse.detection import FACE_HEAD, Head
from dse.detection.decoding import CANDIDATES, MAX_BOXES
from dse.errors import UsageError
from tests.chips.k210.board_tables import BOX_SCALE, SIZE, sources

pytestmark = pytest.mark.slow

TEMPLATES = Path(dse.chips.k210.__file__).parent / "templates"
BUNDLES = Path(__file__).parents[4] / "results" / "reference" / "bundles"


def test_every_template_makes_a_file() -> None:
    assert set(sources()) == set(NAMES)
    assert {path.name for path in TEMPLATES.iterdir()} == {
        f"{name}.j2" for name in (*NAMES, "MODEL_CARD.md")
    }


def test_nothing_of_a_template_is_left() -> None:
    for content in sources().values():
        assert not re.search(rb"\{\{|\}\}|\{%|%\}", content)
        assert content.endswith(b"\n") and not content.endswith(b"\n\n")


def test_a_missing_value_is_an_error() -> None:
    with pytest.raises(jinja2.UndefinedError, match="size"):
        render("detector.h", candidate="X")
    with pytest.raises(KeyError):
        board_files({}, {})


def defined(name: str, text: str) -> float:
    found = re.search(rf"#define {name} (\S+?)f?(?: |$)", text, re.MULTILINE)
    assert found is not None, name
    return float(found[1])


def test_the_header_holds_the_detectors_own_float32_numbers() -> None:
    text = sources()["detector.h"].decode()
    pairs = re.findall(r"\{(\S+)f, (\S+)f\},", text)
    boxes = np.array(pairs, np.float64).astype(np.float32)
    np.testing.assert_array_equal(boxes, FACE_HEAD.sizes(SIZE))
    assert defined("INPUT_SIZE", text) == SIZE
    assert defined("BOX_SCALE", text) == BOX_SCALE
    assert defined("MAX_CANDIDATES", text) == CANDIDATES
    assert defined("MAX_FACES", text) == MAX_BOXES
    assert defined("SCORE_LOGIT", text) == pytest.approx(np.log(0.3 / 0.7), abs=1e-7)


def test_the_guide_has_the_memory_map_and_the_decoding() -> None:
    text = sources()["README.md"].decode()
    for fact in (
        "0x300000 to 0x3003E7", "12,288", "2,048", "4 x 4 cells", "/ 4.0", "nncase 1.9.0",
        "face_detect", "243,072", "t = 0.3",
    ):  # fmt: skip
        assert fact in text


@pytest.mark.parametrize("bundle", sorted(BUNDLES.iterdir()), ids=lambda path: path.name)
def test_the_published_bundles_are_written_the_same(bundle: Path) -> None:
    """Their decoders and detector.json, byte for byte, from their figures and their kmodel."""
    manifest, detector = (
        json.loads((bundle / name).read_text()) for name in ("manifest.json", "detector.json")
    )
    made = board_files(manifest, detector)
    assert [name for name in made if made[name] != (bundle / name).read_bytes()] == []
    headers = parse_kmodel((bundle / "model.kmodel").read_bytes())
    size, scale = detector["input"]["size_pixels"], detector["box_scale"]
    table = detector_table(headers, size, scale, manifest["accuracy"]["score"])
    assert json.loads(to_json(table)) == detector
    is_same = to_json(table) == (bundle / "detector.json").read_bytes()
    assert is_same


def test_other_anchors_are_in_the_decoders() -> None:
    head = Head(((40, 50), (90, 80)))
    header = sources(head=head)["detector.h"].decode()
    assert "#define BOXES_PER_CELL 2\n" in header
    assert len(re.findall(r"\{(\S+)f, (\S+)f\},", header)) == 2


def test_a_head_that_the_board_cannot_decode_is_refused() -> None:
    with pytest.raises(UsageError, match="2 classes"):
        sources(head=Head(FACE_HEAD.anchors, ("cat", "dog")))
