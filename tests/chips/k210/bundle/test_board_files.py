from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, ClassVar

import jinja2
import numpy as np
import pytest

import dse.chips.k210
from dse.canvas import Canvas
from dse.chips.k210.bundle.board_files import NAMES, board_files
from dse.chips.k210.bundle.detector_file import detector_table
from dse.chips.k210.bundle.manifest import to_json
from dse.chips.k210.bundle.rendering import render
from dse.chips.k210.kmodel.kmodel import parse_kmodel
from dse.chips.k210.target import BOARD_PROGRAMS
from dse.detection import FACE_HEAD, Head, RegionHead
from dse.detection.decoding import CANDIDATES, MAX_BOXES
from dse.errors import UsageError
from tests.chips.k210.board_tables import BOX_SCALE, SIZE, sources

pytestmark = pytest.mark.slow

TEMPLATES = Path(dse.chips.k210.__file__).parent / "bundle" / "templates"
PARTS = ("kmodel_place.py", "network_canmv.py", "network_maixpy.py")
"""Of `main.py`: what its two forms share, and what is another for each firmware."""

BUNDLES = Path(__file__).parents[4] / "results" / "reference" / "bundles"


def test_every_template_makes_a_file() -> None:
    assert set(sources()) == set(NAMES)
    assert {path.name for path in TEMPLATES.iterdir()} == {
        f"{name}.j2" for name in (*NAMES, *PARTS, "MODEL_CARD.md", "main_yolo2.py")
    }


@pytest.mark.parametrize("program", BOARD_PROGRAMS)
def test_nothing_of_a_template_is_left(program: str) -> None:
    for content in sources(program=program).values():
        assert not re.search(rb"\{\{|\}\}|\{%|%\}", content)
        assert content.endswith(b"\n") and not content.endswith(b"\n\n")


def test_a_missing_value_is_an_error() -> None:
    with pytest.raises(jinja2.UndefinedError, match="is_square"):
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
        "face_detect", "263,552", "t = 0.3",
    ):  # fmt: skip
        assert fact in text


@pytest.mark.parametrize("version", [3, 4])
def test_the_memory_map_of_older_versions_has_the_output_in_the_buffer(version: int) -> None:
    text = guide("maixpy", version)
    (row,) = [line for line in text.splitlines() if "the runtime's one buffer" in line]
    assert "| 2,048 |" in row and f"the output ({4 * 2000:,} bytes) lies in it" in row
    assert ("where the CPU takes it first" in row) == (version == 4)
    assert "| 0 |" not in text
    assert "| 12,288 | the canvas that your program hands over" in text


def guide(program: str, kmodel_version: int) -> str:
    return sources(program=program, kmodel_version=kmodel_version)["README.md"].decode()


def test_the_guide_puts_the_program_of_the_firmware_first() -> None:
    c, python = "## The program in C", "## The program in MicroPython"
    assert guide("sdk", 5).index(c) < guide("sdk", 5).index(python)
    for program in ("canmv", "maixpy"):
        text = guide(program, 4)
        assert text.index(python) < text.index(c)


def test_the_guide_says_what_loads_which_version() -> None:
    assert "this is version 5" in guide("sdk", 5)
    for version in (3, 4):
        text = guide("maixpy", version)
        assert f"kmodel version {version})" in text and "this is version" not in text
        assert ("minimum_with_kmodel_v4_support" in text) == (version == 4)
        assert ("version 3 is what all of them load" in text) == (version == 3)


def test_the_sdk_as_it_is_loads_an_older_version() -> None:
    """Its `kpu_load_kmodel` takes 3, 4 and 5; only version 5 needs another runtime than its own."""
    for program, version in (("sdk", 5), ("canmv", 4), ("maixpy", 4), ("maixpy", 3)):
        made = sources(program=program, kmodel_version=version)
        text, is_older = made["README.md"].decode(), version < 5
        assert ("with the SDK as it is" in text) == is_older
        assert ("only the runtime of the same version" in text) != is_older
        assert (b"the runtime of its compiler" in made["main.c"]) != is_older
    assert "The runtime of nncase 0.2 loads it" in guide("canmv", 4)


def test_main_py_says_how_much_memory_it_takes() -> None:
    """A canvas of 64 pixels, 2 bytes and 3 each; 56 bytes a number that is an object."""
    heap = {"sdk": 5 * 64 * 64 + 56 * 2000, "canmv": 5 * 64 * 64 + 56 * 2000}
    heap["maixpy"] = 5 * 64 * 64 + 56 * 16  # the scores of one canonical box
    for program, needed in heap.items():
        text = sources(program=program, kmodel_version=4)["main.py"].decode()
        assert f"HEAP_BYTES = {needed + 128 * 1024} " in text
        assert ("SYSTEM_HEAP_BYTES = " in text) == (program == "maixpy")


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


def test_the_cameras_own_shape_takes_no_canvas_of_the_heap() -> None:
    for program, listed in (("sdk", 2000), ("canmv", 2000), ("maixpy", 16)):
        made = sources(program=program, size="320x240", kmodel_version=4)
        assert f"HEAP_BYTES = {56 * listed + 128 * 1024} " in made["main.py"].decode()
        assert "nothing is scaled" in made["README.md"].decode()
    wide = sources(program="maixpy", size="96x64", kmodel_version=4)
    assert (
        f"HEAP_BYTES = {(2 * 96 + 3 * 128) * 64 + 56 * 16 + 128 * 1024} "
        in wide["main.py"].decode()
    )


def test_the_guide_says_whose_picture_main_c_cannot_take() -> None:
    """4 : 3 and as wide as the network's, it must not be higher."""
    for size, told in ((64, False), ("320x240", False), ("224x160", True)):
        canvas, text = Canvas.of(size), sources(size=size)["README.md"].decode()
        assert ("does not compile for this network" in text) == told
        assert f"{canvas.width} x {canvas.height} pixels, uint8" in text


def test_other_anchors_are_in_the_decoders() -> None:
    head = Head(((40, 50), (90, 80)))
    header = sources(head=head)["detector.h"].decode()
    assert "#define BOXES_PER_CELL 2\n" in header
    assert len(re.findall(r"\{(\S+)f, (\S+)f\},", header)) == 2


def test_a_head_that_the_board_cannot_decode_is_refused() -> None:
    class Other(Head):
        kind: ClassVar[str] = "other"

    with pytest.raises(UsageError, match="head 'other'"):
        sources(head=Other(FACE_HEAD.anchors))


HEADS = (
    Head(((40, 50), (90, 80)), ("cat", 'a "dog"')),
    RegionHead(((40, 50), (90, 80), (200, 220), (60, 30), (400, 300)), ("cat", "dog")),
)


@pytest.mark.parametrize("program", BOARD_PROGRAMS)
@pytest.mark.parametrize("head", HEADS, ids=["offsets", "region"])
def test_programs_know_the_names_of_their_classes(program: str, head: Head) -> None:
    made = sources(program=program, head=head)
    namespace: dict[str, Any] = {"__name__": "read"}
    exec(made["main.py"].decode(), namespace)
    assert tuple(namespace["CLASSES"]) == head.classes
    header = made["detector.h"].decode()
    assert "#define CLASS_COUNT 2\n" in header and '    "cat",\n' in header
    for content in made.values():
        assert not re.search(rb"\{\{|\}\}|\{%|%\}", content)
        assert b"\n\n\n\n" not in content


@pytest.mark.parametrize("program", BOARD_PROGRAMS)
@pytest.mark.parametrize("head", HEADS, ids=["offsets", "region"])
def test_programs_and_guide_have_the_thresholds_of_the_classes(program: str, head: Head) -> None:
    own = dict(zip(head.classes, (0.4, 0.2), strict=True))
    made = sources(program=program, head=head, class_scores=own)
    namespace: dict[str, Any] = {"__name__": "read"}
    exec(made["main.py"].decode(), namespace)
    assert namespace["THRESHOLDS"] == [0.4, 0.2]
    assert namespace.get("THRESHOLD", 0.2) == 0.2
    assert (
        "CLASS_THRESHOLDS[CLASS_COUNT] = {\n    0.4f,\n    0.2f,\n}" in made["detector.h"].decode()
    )
    assert f"{head.classes[0]} 0.4, {head.classes[1]} 0.2\n" in made["README.md"].decode()
    for content in made.values():
        assert not re.search(rb"\{\{|\}\}|\{%|%\}", content)
        assert b"\n\n\n\n" not in content


@pytest.mark.parametrize(
    ("name", "called", "things"),
    [("face", "a face detector", "faces"), ("cone", "a detector of cone", "objects")],
)
def test_other_things_are_not_called_faces(name: str, called: str, things: str) -> None:
    made = sources(head=RegionHead(HEADS[1].anchors, (name,)))
    told = {
        "README.md": (called, f"src/{things}"),
        "main.c": (f"{things} in the camera", f"finds the {things}"),
        "main.py": (f"{things} in the camera", f"the {things} that"),
        "decode.h": (f"the {things} that", f"turns {things} of"),
    }
    for file, words in told.items():
        text = made[file].decode().lower()
        assert all(one in text for one in words), file


def test_the_firmwares_own_decoder_gets_the_anchors_in_cells() -> None:
    for program in ("maixpy", "canmv"):
        text = sources(program=program, head=HEADS[1])["main.py"].decode()
        namespace: dict[str, Any] = {"__name__": "read"}
        exec(text, namespace)
        cells = np.array(HEADS[1].anchors).ravel() / 500 * 4
        np.testing.assert_allclose(namespace["ANCHORS"], cells, rtol=1e-6)
        assert "init_yolo2(" in text and "def candidates" not in text
