"""main.py finds the boxes that Python's decoder finds, in MicroPython and in CPython."""

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

from dse.detection.detections import Detections
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
DRIVER = (HERE / "drive_main_py.py").read_text()
ODD = [np.nan, np.inf, -np.inf, 3.4e38, -3.4e38, 1e-45, -0.0]

PACKAGE = "node_modules/@micropython/micropython-webassembly-pyscript/micropython.mjs"


def micropython() -> list[str]:
    """The command of MicroPython's own build for WebAssembly. Skips where it is missing."""
    module = Path(os.environ.get("DSE_MICROPYTHON", HERE.parents[1] / PACKAGE))
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
    """What main.py did with `odd_maps`, what it printed, and what it says of a small heap."""

    faces: list[list[list[float]]]
    log: str
    seen: dict[str, Any]
    refusal: str


@pytest.fixture(scope="module", params=["micropython", "cpython"])
def told(request: pytest.FixtureRequest, tmp_path_factory: Any) -> Told:
    folder = tmp_path_factory.mktemp("canmv")
    (folder / "main.py").write_bytes(sources()["main.py"])
    (folder / "maps").write_bytes(planes(odd_maps()).tobytes())
    (folder / "fake_canmv.py").write_bytes((HERE / "fake_canmv.py").read_bytes())
    if request.param == "cpython":
        command, inside = [sys.executable, "-"], str(folder)
    else:
        command, inside = [*micropython(), str(folder)], "/input"
    script = f"FOLDER = {inside!r}\n{DRIVER}"
    run = subprocess.run(command, input=script, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    *faces, log, seen, refusal = run.stdout.splitlines()
    told = Told([json.loads(line) for line in faces], log, json.loads(seen), json.loads(refusal))
    assert told.seen["language"] == request.param
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
    assert told.seen["loaded"] == [0x300000, 1000]
    faces = expected(odd_maps()[-1:])[0].on_picture(scale, 240, 320)
    drawn = [call[1][0] for call in told.seen["screen"]]
    wanted = [[int(x0), int(y0), int(x1 - x0), int(y1 - y0)] for x0, y0, x1, y1 in faces.boxes]
    assert len(drawn) > 0
    np.testing.assert_allclose(drawn, wanted, atol=1)
    assert told.log.startswith("frame ") and told.log.endswith(f"faces {len(faces)}")


def test_a_small_heap_is_named_with_its_remedy(told: Told) -> None:
    assert "gc_heap_size(" in told.refusal


def test_the_list_of_numbers_is_the_kmodels_own() -> None:
    text = sources()["main.py"].decode()
    assert f"BOX_SCALE = {BOX_SCALE}  #" in text
    assert "f'" not in text and 'f"' not in text  # CanMV's MicroPython has no such strings
