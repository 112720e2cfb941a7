"""main.py of a region head: the firmware decodes, the program shows; on fake boards, in CPython."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from dse.chips.k210.bundle.detector_file import NO_SCORES
from dse.detection.region_head import RegionHead
from tests.chips.k210.board_tables import sources

pytestmark = pytest.mark.slow

HERE = Path(__file__).parent
HEAD = RegionHead(((40, 50), (90, 80), (200, 220), (60, 30), (400, 300)), ("cat", "dog"))
FOUND = [[8, 16, 10, 12, 1, 0.75], [0, 0, 64, 48, 0, 0.5]]
"""x, y, width, height in pixels of a canvas of 64, class, probability."""

DRIVER = """
import json, sys, time
sys.path.append(FOLDER)
from fake_board import Shown
from fake_maixpy import MaixPy
from fake_canmv import CanMV

if not hasattr(time, "ticks_us"):
    time.ticks_us, time.ticks_diff = lambda: 0, lambda a, b: a - b
program = {"__name__": "main"}
exec(open(FOLDER + "/main.py").read(), program)
program["FRAMES_PER_LINE"] = 1
kind = MaixPy if FIRMWARE == "maixpy" else CanMV
board = kind([0.0] * (35 * program["ROWS"] * program["COLUMNS"]), (program["SIZE"],) * 2, 1 << 30)
board.found, board.version = FOUND, VERSION
try:
    program["main"]()
except Shown:
    pass
print(json.dumps({"yolo2": board.yolo2, "screen": board.lcd.shown.calls, "closed": board.closed}))
"""


def drive(folder: Path, firmware: str, text: str, version: int = 4) -> Any:
    (folder / "main.py").write_text(text)
    for name in ("fake_board.py", "fake_canmv.py", "fake_maixpy.py"):
        (folder / name).write_bytes((HERE / name).read_bytes())
    known = {"FOLDER": str(folder), "FIRMWARE": firmware, "VERSION": version, "FOUND": FOUND}
    script = "".join(f"{name} = {value!r}\n" for name, value in known.items()) + DRIVER
    return subprocess.run([sys.executable, "-"], input=script, capture_output=True, text=True)


def program(firmware: str, version: int = 4, class_scores: Mapping[str, float] = NO_SCORES) -> str:
    made = sources(program=firmware, kmodel_version=version, head=HEAD, class_scores=class_scores)
    return made["main.py"].decode()


@pytest.mark.parametrize(("firmware", "version"), [("maixpy", 3), ("maixpy", 4), ("canmv", 4)])
def test_what_the_firmware_finds_is_drawn_with_its_name(
    tmp_path: Path, firmware: str, version: int
) -> None:
    run = drive(tmp_path, firmware, program(firmware, version), version)
    assert run.returncode == 0, run.stderr
    told = json.loads(run.stdout.splitlines()[-1])
    assert told["closed"] == 1
    threshold, limit, count, anchors = told["yolo2"]
    assert (threshold, limit, count) == (0.3, 0.4, 5)
    assert anchors == pytest.approx([side / 500 * 4 for size in HEAD.anchors for side in size])
    boxes = [call[1] for call in told["screen"] if call[0] == "rectangle"]
    assert boxes == [[40, 80, 50, 60], [0, 0, 320, 240]]  # five pixels of the frame to one
    texts = [call[1] for call in told["screen"] if call[0] == "text"]
    assert texts == ["dog 0.75", "cat 0.50"]


@pytest.mark.parametrize("firmware", ["maixpy", "canmv"])
def test_the_firmware_has_the_lowest_threshold_and_each_class_its_own(
    tmp_path: Path, firmware: str
) -> None:
    text = program(firmware, class_scores={"cat": 0.6, "dog": 0.25})
    run = drive(tmp_path, firmware, text)
    assert run.returncode == 0, run.stderr
    told = json.loads(run.stdout.splitlines()[-1])
    assert told["yolo2"][0] == 0.25
    texts = [call[1] for call in told["screen"] if call[0] == "text"]
    assert texts == ["dog 0.75"]  # the cat's 0.50 is not enough for a cat


SET_OUTPUTS = "KPU.set_outputs(self.task, 0, COLUMNS, ROWS, CHANNELS)"


@pytest.mark.parametrize(
    ("firmware", "change", "words"),
    [
        (
            "maixpy",
            ("not KPU.set_outputs(self.task, 0, COLUMNS, ROWS, CHANNELS)", "False"),
            "shape",
        ),
        ("maixpy", ("IOU_THRESHOLD, 5, ANCHORS", "IOU_THRESHOLD, 5, ANCHORS[1:]"), "anchor"),
        ("maixpy", ("canvas.pix_to_ai()", "pass"), "check img format err"),
        ("maixpy", ("        KPU.init_yolo2(", "        print("), "init_yolo2"),
        ("canmv", ("self.kpu.run_with_output(canvas)", "pass"), "no output"),
        ("canmv", ("self.kpu.init_yolo2(ANCHORS, ", "dict(ANCHORS=ANCHORS, "), "init_yolo2"),
    ],
)
def test_a_program_that_misuses_the_firmware_fails_on_the_fake_board(
    tmp_path: Path, firmware: str, change: tuple[str, str], words: str
) -> None:
    text = program(firmware)
    assert change[0] in text
    run = drive(tmp_path, firmware, text.replace(*change))
    assert run.returncode != 0 and words in run.stderr
