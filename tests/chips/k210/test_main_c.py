"""main.c, whole, against a fake board: what reaches the KPU, and what is drawn."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from dse.canvas import InputSize
from dse.chips.k210.calibration.time_log import read_log
from dse.chips.k210.target import K210Target
from dse.detection.head import FACE_HEAD, Head
from tests.chips.k210.board_tables import SIZE, expected, planes, random_maps, sources

pytestmark = pytest.mark.slow

FAKE = Path(__file__).with_name("fake_sdk")
FLAGS = (
    "-std=c99", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-g", "-no-pie", "-fno-pie",
    "-fsanitize=address,undefined", "-fno-sanitize-recover=all",
)  # fmt: skip
WIDTH, HEIGHT = SIZE, SIZE * 3 // 4
RED, PICTURE = 0xF800, 0x1234


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("board"), SIZE)


def build(folder: Path, size: InputSize, head: Head = FACE_HEAD) -> Path:
    """main.c for a network with inputs of that size, beside the fake board."""
    if shutil.which("gcc") is None:
        pytest.skip("gcc is not installed")
    for name, content in sources(size=size, head=head).items():
        (folder / name).write_bytes(content)
    for name in set(re.findall(rb'#include "(\w+\.h)"', sources()["main.c"])):
        if name != b"decode.h":
            (folder / name.decode()).write_text('#include "sdk.h"\n')
    inputs = [str(folder / "main.c"), str(folder / "decode.c"), str(FAKE / "sdk.c")]
    flags = [*FLAGS, f"-DNUMBERS_PER_BOX={head.numbers_per_box}"]
    command = ["gcc", *flags, f"-I{folder}", f"-I{FAKE}", *inputs, "-lm", "-o", str(folder / "run")]
    subprocess.run(command, check=True)
    return folder / "run"


@pytest.fixture
def frame() -> np.ndarray:
    return np.random.default_rng(2).integers(0, 256, (3, HEIGHT, WIDTH), dtype=np.uint8)


def run(program: Path, folder: Path, frame: np.ndarray, output: np.ndarray) -> str:
    (folder / "frame").write_bytes(frame.tobytes())
    (folder / "output").write_bytes(output.tobytes())
    return subprocess.run(
        [str(program)], cwd=folder, check=True, capture_output=True, text=True, timeout=60
    ).stdout


def test_the_network_reads_the_letterboxed_picture(
    program: Path, tmp_path: Path, frame: np.ndarray
) -> None:
    run(program, tmp_path, frame, planes(random_maps(1, 0, 0.0)))
    canvas = np.frombuffer((tmp_path / "canvas").read_bytes(), np.uint8).reshape(3, SIZE, SIZE)
    np.testing.assert_array_equal(canvas[:, :HEIGHT], frame)
    assert (canvas[:, HEIGHT:] == 127).all()


def test_a_canvas_of_the_cameras_shape_is_all_picture(tmp_path: Path, frame: np.ndarray) -> None:
    program = build(tmp_path, f"{WIDTH}x{HEIGHT}")
    run(program, tmp_path, frame, planes(random_maps(1, 0, 0.0)))
    canvas = np.frombuffer((tmp_path / "canvas").read_bytes(), np.uint8)
    np.testing.assert_array_equal(canvas, frame.reshape(-1))


@pytest.mark.parametrize("share", [0.0, 0.005, 1.0])
def test_boxes_are_drawn_where_they_are_found(
    program: Path, tmp_path: Path, frame: np.ndarray, share: float
) -> None:
    maps = random_maps(1, 9, share)
    log = run(program, tmp_path, frame, planes(maps))
    (on_canvas,) = expected(maps)
    faces = on_canvas.on_picture(1.0, HEIGHT, WIDTH)
    assert f"faces={len(faces)}\n" in log
    assert (len(faces) > 0) == (share > 0)
    screen = np.frombuffer((tmp_path / "screen").read_bytes(), np.uint16).reshape(HEIGHT, WIDTH)
    drawn = screen == RED
    assert (screen[~drawn] == PICTURE).all()
    allowed = np.zeros_like(drawn)
    for x0, y0, x1, y1 in faces.boxes:
        left, right = (min(int(x), WIDTH - 1) for x in (x0, x1))
        top, bottom = (min(int(y), HEIGHT - 1) for y in (y0, y1))
        assert drawn[[top, bottom], left : right + 1].all()
        assert drawn[top : bottom + 1, [left, right]].all()
        outline = np.zeros_like(drawn)
        outline[top : bottom + 1, left // 2 * 2 : right // 2 * 2 + 2] = True
        outline[top + 2 : bottom - 1, left // 2 * 2 + 2 : right // 2 * 2] = False
        allowed |= outline
    assert not (drawn & ~allowed).any()


NAMED = Head(((40, 50), (90, 80)), ("cat", "猫", "a rather long name of an animal that fills it"))


def test_what_is_found_is_named(tmp_path: Path, frame: np.ndarray) -> None:
    maps = random_maps(1, 6, 0.15, head=NAMED)
    log = run(build(tmp_path, SIZE, NAMED), tmp_path, frame, planes(maps))
    (on_canvas,) = expected(maps, head=NAMED)
    found = on_canvas.on_picture(1.0, HEIGHT, WIDTH)
    assert set(found.classes) == {0, 1, 2}
    boxes = list(zip(found.boxes, found.scores, found.classes, strict=True))
    named = [(NAMED.classes[label], int(100 * score)) for _, score, label in boxes]
    told = [line for line in log.splitlines() if line.startswith("found ")]
    assert [line.split(", from")[0] for line in told] == [
        f"found {name}, score {percent}%" for name, percent in named
    ]
    texts = [line.split(" ", 3) for line in (tmp_path / "texts").read_text().splitlines()]
    of_first = [(int(x), int(y), text) for shown, x, y, text in texts if shown == "1"]
    assert len(of_first) == len(found)
    for (x, y, text), (name, percent), (box, _, _) in zip(of_first, named, boxes, strict=True):
        letters = "".join("?" if byte > 126 else chr(byte) for byte in name.encode())
        assert f"{letters} {percent}%".startswith(text)
        assert x <= (320 - WIDTH) // 2 + int(box[0]) + 3
        assert y == (240 - HEIGHT) // 2 + int(box[1]) + 3
    file = tmp_path / "board.log"
    file.write_text(log)
    (time,) = read_log(file, K210Target.load("k210")).times
    assert time.name == "P5-a1-64-kpu8"


def test_the_log_says_what_each_part_took(program: Path, tmp_path: Path, frame: np.ndarray) -> None:
    log = run(program, tmp_path, frame, planes(random_maps(1, 0, 0.0)))
    assert log.splitlines() == [
        "network=P5-a1-64-kpu8 runtime=1.9 kpu_mhz=400 cpu_mhz=400 kmodel_sha256=0123abcd",
        "run_ms=1.000 frame_us=4000 camera_us=1000 decode_us=1000 display_us=1000 faces=0",
    ]


def test_the_log_is_one_that_calibration_reads(
    program: Path, tmp_path: Path, frame: np.ndarray
) -> None:
    file = tmp_path / "board.log"
    file.write_text(run(program, tmp_path, frame, planes(random_maps(1, 0, 0.0))))
    (time,) = read_log(file, K210Target.load("k210")).times
    assert (time.name, time.ms) == ("P5-a1-64-kpu8", 1.0)


def test_another_kmodels_output_stops_the_program(
    program: Path, tmp_path: Path, frame: np.ndarray
) -> None:
    (tmp_path / "frame").write_bytes(frame.tobytes())
    (tmp_path / "output").write_bytes(b"too short")
    with subprocess.Popen([str(program)], cwd=tmp_path, stdout=subprocess.PIPE, text=True) as board:
        assert board.stdout is not None
        lines = [board.stdout.readline() for _ in range(2)]
        board.kill()  # it would stand still for ever
    assert "not this detector's" in lines[1]


@pytest.mark.parametrize(
    ("size", "why"),
    [
        (336, "multiple of 32 pixels"),
        (72, "multiple of 32 pixels"),
        ("336x320", "multiple of 32 pixels"),
        ("224x160", "is higher than it"),
    ],
)
def test_a_size_that_the_camera_port_cannot_write_is_no_program(
    tmp_path: Path, size: InputSize, why: str
) -> None:
    if shutil.which("gcc") is None:
        pytest.skip("gcc is not installed")
    text = sources(size=size)["main.c"] + b"\n"
    (tmp_path / "main.c").write_bytes(re.sub(rb'#include "(?!decode)\w+\.h"', b"", text))
    for name in ("decode.h", "detector.h"):
        (tmp_path / name).write_bytes(sources(size=size)[name])
    tried = subprocess.run(
        ["gcc", "-fsyntax-only", str(tmp_path / "main.c")], capture_output=True, text=True
    )
    assert why in tried.stderr
