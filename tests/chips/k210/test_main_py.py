"""main.py finds the boxes that Python's decoder finds, in MicroPython and in CPython.

Once for each firmware, on a fake board that raises where the firmware does.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dse.canvas import InputSize
from dse.chips.k210.calibration.board_run import BoardRun
from dse.chips.k210.calibration.log_prints import read_prints
from dse.chips.k210.target import K210Target
from dse.detection.detections import Detections
from dse.detection.head import FACE_HEAD, Head
from dse.detection.region_head import RegionHead
from dse.errors import InvalidFile
from tests.chips.k210.board_tables import (
    BOX_SCALE,
    SIZE,
    Maps,
    assert_same,
    expected,
    planes,
    random_maps,
    sources,
)

pytestmark = pytest.mark.slow

HERE = Path(__file__).parent
FAKES = ("fake_board.py", "fake_canmv.py", "fake_maixpy.py")
FIRMWARES, LANGUAGES = ("canmv", "maixpy"), ("micropython", "cpython")
DRIVER = (HERE / "drive_main_py.py").read_text()
ODD = [np.nan, np.inf, -np.inf, 3.4e38, -3.4e38, 1e-45, -0.0]

PACKAGE = "node_modules/@micropython/micropython-webassembly-pyscript/micropython.mjs"


def micropython() -> list[str]:
    """The command of MicroPython's own build for WebAssembly. Skips where it is missing."""
    module = Path(os.environ.get("DSE_MICROPYTHON", HERE.parents[2] / PACKAGE))
    if shutil.which("node") is None or not module.is_file():
        pytest.skip("node, or @micropython/micropython-webassembly-pyscript, is not installed")
    return ["node", str(HERE / "run_micropython.mjs"), str(module)]


def odd_maps() -> Maps:
    """Background, a few faces, all faces, one score for all, odd numbers, nothing but NaN."""
    rng = np.random.default_rng(6)
    maps = np.concatenate([random_maps(2, 1, share) for share in (0.0, 0.03, 1.0)] * 2)
    maps[4, ..., ::5] = 1.0
    for odd in maps[6:]:
        numbers = odd.reshape(-1)
        numbers[rng.integers(0, len(numbers), 80)] = rng.choice(ODD, 80)
    maps[11] = np.nan
    return np.concatenate([maps, random_maps(1, 2, 0.01)])


@dataclass(frozen=True)
class Told:
    """What main.py did with `odd_maps`, what it printed, and what it says where memory is small."""

    firmware: str
    faces: list[list[list[float]]]
    log: list[str]
    seen: dict[str, Any]
    heap_refusal: str
    memory_refusal: str


def program(firmware: str, kmodel_version: int = 4, size: InputSize = SIZE) -> str:
    made = sources(program=firmware, kmodel_version=kmodel_version, size=size)
    return made["main.py"].decode()


def drive(
    folder: Path,
    firmware: str,
    text: str,
    *,
    language: str = "cpython",
    kmodel: str = "/sd/model.kmodel",
    kmodel_version: int = 4,
) -> subprocess.CompletedProcess[str]:
    """Runs the program `text` for a firmware in `folder`, under one of two Pythons.

    kmodel: where the SD card has one. kmodel_version: of the file that the firmware loads.
    """
    (folder / "main.py").write_text(text)
    (folder / "maps").write_bytes(planes(odd_maps()).tobytes())
    for name in FAKES:
        (folder / name).write_bytes((HERE / name).read_bytes())
    if language == "cpython":
        command, inside = [sys.executable, "-"], str(folder)
    else:
        command, inside = [*micropython(), str(folder)], "/input"
    settings = {"FOLDER": inside, "FIRMWARE": firmware, "KMODEL": kmodel, "VERSION": kmodel_version}
    script = "".join(f"{name} = {value!r}\n" for name, value in settings.items()) + DRIVER
    return subprocess.run(command, input=script, capture_output=True, text=True)


def tell(folder: Path, firmware: str, text: str, **options: Any) -> Told:
    """What the program `text` did; `options` as of `drive`."""
    run = drive(folder, firmware, text, **options)
    assert run.returncode == 0, run.stderr
    *lines, seen, heap, memory = run.stdout.splitlines()
    maps = len(odd_maps())
    faces = [json.loads(line) for line in lines[:maps]]
    answers = [json.loads(line) for line in (seen, heap, memory)]
    return Told(firmware, faces, lines[maps : maps + 2], *answers)


@pytest.fixture(
    scope="module",
    params=[(firmware, language) for firmware in FIRMWARES for language in LANGUAGES],
    ids="-".join,
)
def told(request: pytest.FixtureRequest, tmp_path_factory: Any) -> Told:
    firmware, language = request.param
    folder = tmp_path_factory.mktemp(firmware)
    told = tell(folder, firmware, program(firmware), language=language)
    assert told.seen["language"] == language
    return told


def test_same_boxes(told: Told) -> None:
    rows = [np.array(faces, np.float32).reshape(-1, 5) for faces in told.faces]
    found = [Detections(row[:, :4], row[:, 4]) for row in rows]
    wanted = expected(odd_maps())
    assert_same(found, wanted)
    assert min(map(len, wanted)) == 0 and max(map(len, wanted)) > 20


def test_the_loop_reads_a_letterboxed_picture_and_draws_its_boxes(told: Told) -> None:
    scale = SIZE / 320
    grey, picture = told.seen["canvas"][:2]
    assert grey == ["rectangle", [0, 0, SIZE, SIZE], [127, 127, 127], True]
    assert picture == ["image", [320, 240], 0, 0, scale, scale]
    faces = expected(odd_maps()[-1:])[0].on_picture(scale, 240, 320)
    drawn = [call[1][0] for call in told.seen["screen"]]
    wanted = [[int(x0), int(y0), int(x1 - x0), int(y1 - y0)] for x0, y0, x1, y1 in faces.boxes]
    assert len(drawn) > 0
    np.testing.assert_allclose(drawn, wanted, atol=1)
    assert told.log[-1].endswith(f" faces={len(faces)}")


@pytest.mark.parametrize("firmware", FIRMWARES)
def test_a_picture_that_fits_as_it_is_goes_to_the_network_as_the_camera_gave_it(
    tmp_path: Path, firmware: str
) -> None:
    text = program(firmware, size="320x240")
    assert "scale" not in text.split("def main")[1] and "EMPTY" not in text
    told = tell(tmp_path, firmware, text)
    rows = [np.array(faces, np.float32).reshape(-1, 5) for faces in told.faces]
    wanted = expected(odd_maps(), size="320x240")
    assert_same([Detections(row[:, :4], row[:, 4]) for row in rows], wanted)
    assert told.seen["canvas"] == told.seen["screen"]  # it is the camera's picture
    drawn = [call[1][0] for call in told.seen["screen"]]
    boxes = [[int(x0), int(y0), int(x1 - x0), int(y1 - y0)] for x0, y0, x1, y1 in wanted[-1].boxes]
    np.testing.assert_allclose(drawn, boxes, atol=1)
    assert "gc_heap_size(" in told.heap_refusal


def test_another_shape_gets_the_largest_picture_that_fits(tmp_path: Path) -> None:
    for size, scale in (("96x64", 64 / 240), ("64x96", 64 / 320)):
        told = tell(tmp_path, "maixpy", program("maixpy", size=size))
        width, height = map(int, size.split("x"))
        grey, picture = told.seen["canvas"][:2]
        assert grey == ["rectangle", [0, 0, width, height], [127, 127, 127], True]
        assert picture == ["image", [320, 240], 0, 0, scale, scale]
        rows = [np.array(faces, np.float32).reshape(-1, 5) for faces in told.faces]
        wanted = expected(odd_maps(), size=size)
        assert_same([Detections(row[:, :4], row[:, 4]) for row in rows], wanted)


def test_the_kmodel_comes_from_flash_and_is_given_back(told: Told) -> None:
    at = {"canmv": [0x300000, 1000], "maixpy": 0x300000}
    assert told.seen["loaded"] == at[told.firmware]
    assert told.seen["closed"] == 1  # the display ended the program by an exception


@pytest.mark.parametrize("firmware", FIRMWARES)
def test_a_kmodel_on_the_card_goes_before_the_one_in_flash(tmp_path: Path, firmware: str) -> None:
    place = str(tmp_path / "model.kmodel")
    Path(place).write_bytes(b"")
    told = tell(tmp_path, firmware, program(firmware), kmodel=place)
    assert told.seen["loaded"] == {"canmv": [place, 0], "maixpy": place}[firmware]


def test_a_small_memory_is_named_with_its_remedy(told: Told) -> None:
    assert "gc_heap_size(" in told.heap_refusal
    assert ("smaller build" in told.memory_refusal) == (told.firmware == "maixpy")


def test_dse_calibrate_reads_the_log(told: Told, tmp_path: Path) -> None:
    """With CanMV's time, which includes a list, nothing is fitted; MaixPy runs another runtime than
    the constants are of, and its log is refused with the reason."""
    run = BoardRun.begin(tmp_path / "board.log", K210Target.load())
    settings, times = (line.replace("=0.000", "=0.001") for line in told.log)
    assert settings.startswith("network=P5-a1-64-kpu8 ")
    if told.firmware == "maixpy":
        with pytest.raises(InvalidFile, match=r"predicted for runtime 1\.x, not 0\.2"):
            read_prints(run, enumerate([settings, times], 1))
        settings = settings.replace("runtime=0.2", "runtime=1.9")
    read = read_prints(run, enumerate([settings, times], 1))
    assert len(read.times) == (told.firmware == "maixpy")
    for time in read.times:
        assert (time.kpu_clock_hz, time.cpu_clock_hz) == (398_000_000, 403_000_000)


def test_the_list_of_numbers_is_the_kmodels_own() -> None:
    for firmware in FIRMWARES:
        text = program(firmware)
        assert f"BOX_SCALE = {BOX_SCALE}  #" in text
        assert "f'" not in text and 'f"' not in text  # their MicroPython has no such strings


RUN = "output = network.run(canvas)"
SET_OUTPUTS = f"not KPU.set_outputs(self.task, 0, COLUMNS, ROWS, {FACE_HEAD.channels})"
NO_PIXELS = ("canvas.pix_to_ai()", "pass")
NO_CAMERA = ("sensor.run(1)", "pass")


@pytest.mark.parametrize(
    ("firmware", "change", "words"),
    [
        ("maixpy", (SET_OUTPUTS, "False"), "sipeed_kpu_get_outputs_shape err"),
        ("maixpy", ("COLUMNS, ROWS, ", "COLUMNS, ROWS - 1, "), "not this detector's"),
        ("maixpy", (RUN, f"network.close(); {RUN}"), "a kmodel after deinit"),
        ("maixpy", (RUN, f"{RUN}; network.free()"), "memory was given back"),
        ("maixpy", NO_PIXELS, "check img format err"),
        ("maixpy", ("(size=(SIZE, SIZE))", "(size=(SIZE, 240))"), "check img format err"),
        ("maixpy", NO_CAMERA, "no sensor"),
        ("canmv", ("self.kpu.load_kmodel(place, KMODEL_BYTES)", "pass"), "maybe dirty"),
        ("canmv", ("(place, KMODEL_BYTES)", "(place)"), "size error"),
        ("canmv", (RUN, f"network.close(); {RUN}"), "maybe dirty"),
        ("canmv", NO_PIXELS, "use pix_to_ai()"),
        ("canmv", NO_CAMERA, "no sensor"),
        ("canmv", ("lcd.init()", "pass"), "before lcd.init"),
    ],
)
def test_a_program_that_misuses_the_firmware_fails_on_the_fake_board(
    tmp_path: Path, firmware: str, change: tuple[str, str], words: str
) -> None:
    text = program(firmware)
    assert change[0] in text
    run = drive(tmp_path, firmware, text.replace(*change))
    assert run.returncode != 0 and words in run.stderr


def test_the_shape_of_the_output_is_told_for_version_4_alone(tmp_path: Path) -> None:
    assert "set_outputs" not in program("maixpy", 3)
    told = tell(tmp_path, "maixpy", program("maixpy", 3), kmodel_version=3)
    assert len(told.seen["screen"]) > 0
    run = drive(tmp_path, "maixpy", program("maixpy", 3), kmodel_version=4)
    assert "sipeed_kpu_get_outputs_shape err" in run.stderr
    run = drive(tmp_path, "maixpy", program("maixpy", 4), kmodel_version=3)
    assert "not this detector's" in run.stderr
    run = drive(tmp_path, "maixpy", program("maixpy"), kmodel_version=5)
    assert "only support kmodel V3/V4" in run.stderr


SEVERAL = (
    Head(((40, 50), (90, 80), (200, 220)), ("cat", "dog", "cow")),
    RegionHead(((40, 50), (90, 80), (200, 220), (60, 30), (400, 300)), ("cat", "dog", "cow")),
)


@pytest.mark.parametrize("own", [(), (0.3, 0.9, 0.6)], ids=["one threshold", "own thresholds"])
@pytest.mark.parametrize("head", SEVERAL, ids=["offsets", "region"])
def test_several_classes_decode_in_python_too(head: Head, own: tuple[float, ...]) -> None:
    """Of the standalone SDK's bundle: a firmware that decodes regions itself has its own."""
    namespace: dict[str, Any] = {"__name__": "read"}
    class_scores = dict(zip(head.classes, own, strict=False))
    exec(sources(head=head, class_scores=class_scores)["main.py"].decode(), namespace)
    maps = np.concatenate([random_maps(2, 6, share, head=head) for share in (0.0, 0.05, 0.5)])
    rows = [namespace["decode"](list(map(float, one.ravel()))) for one in planes(maps)]
    found = [
        Detections(
            np.array([face[:4] for face in faces], np.float32).reshape(-1, 4),
            np.array([face[4] for face in faces], np.float32),
            np.array([face[5] for face in faces], np.int32),
        )
        for faces in rows
    ]
    wanted = every = expected(maps, head=head)
    if own:
        wanted = [one.above(own) for one in every]
        assert sum(map(len, wanted)) < sum(map(len, every))
    assert sum(map(len, wanted)) > 20
    assert_same(found, wanted)
    picture = namespace["on_picture"](rows[-1], 0.2, 320, 200)
    assert len(picture) == len(wanted[-1].on_picture(0.2, 200, 320))
