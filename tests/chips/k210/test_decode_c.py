"""decode.c finds the boxes that Python's decoder finds, whatever the map holds."""

from __future__ import annotations

import importlib
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from dse.detection.detections import Detections
from dse.detection.head import Head
from dse.detection.region_head import RegionHead
from tests.chips.k210.board_tables import (
    CELLS,
    CHANNELS,
    Maps,
    assert_same,
    expected,
    planes,
    random_maps,
    sources,
)

pytestmark = pytest.mark.slow

BENCHMARKS = Path(__file__).parents[3] / "benchmarks"
ODD = [np.nan, np.inf, -np.inf, 3.4e38, -3.4e38, 1.2e-38, -0.0]

Decode = Callable[..., list[Detections]]


@pytest.fixture(scope="module")
def harness() -> Any:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(BENCHMARKS))
        return importlib.import_module("decoder_harness")


@pytest.fixture(scope="module", params=["HOST", "HOST_FAST_MATH", "RISCV"])
def in_c(request: pytest.FixtureRequest, harness: Any, tmp_path_factory: Any) -> Decode:
    """decode.c, compiled with warnings as errors; on this machine with sanitizers that abort."""
    toolchain = getattr(harness, request.param)
    if toolchain.missing:
        pytest.skip(f"{toolchain.missing} is not installed")
    program = harness.build(tmp_path_factory.mktemp("decoder"), toolchain, sources())
    return lambda maps, *picture: harness.decode(program, toolchain, planes(maps), *picture)


@pytest.mark.parametrize("faces", [0.0, 0.02, 0.3, 1.0])
def test_same_boxes(in_c: Decode, faces: float) -> None:
    maps = random_maps(8, 3, faces)
    wanted = expected(maps)
    assert_same(in_c(maps), wanted)
    assert any(map(len, wanted)) == (faces > 0)


def test_same_boxes_on_the_picture(in_c: Decode) -> None:
    maps = random_maps(8, 4, 0.1)
    picture = (0.2, 200, 320)
    assert_same(in_c(maps, picture), [one.on_picture(*picture) for one in expected(maps)])


def test_same_boxes_on_a_canvas_that_is_not_square(harness: Any, tmp_path: Path) -> None:
    if harness.HOST.missing:
        pytest.skip(f"{harness.HOST.missing} is not installed")
    program = harness.build(tmp_path, harness.HOST, sources(size="96x64"))
    maps = random_maps(8, 3, 0.3)
    found = harness.decode(program, harness.HOST, planes(maps))
    assert_same(found, expected(maps, size="96x64"))
    assert max(one.boxes[:, [0, 2]].max() for one in found) == 96
    assert max(one.boxes[:, [1, 3]].max() for one in found) == 64


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@example(0, 0.0, {})
@example(0, 1.0, {})
@example(0, 1.0, dict.fromkeys(range(0, CELLS * CELLS * CHANNELS, 5), np.inf))
@example(0, 1.0, dict.fromkeys(range(CELLS * CELLS * CHANNELS), np.nan))
@given(
    seed=st.integers(0, 999),
    faces=st.sampled_from([0.0, 0.05, 1.0]),
    odd=st.dictionaries(
        st.integers(0, CELLS * CELLS * CHANNELS - 1), st.sampled_from(ODD), max_size=60
    ),
)
def test_same_boxes_in_odd_maps(
    in_c: Decode, seed: int, faces: float, odd: dict[int, float]
) -> None:
    """Sizes stay canonical: so both compute the same overlaps, and none is at the threshold."""
    maps = random_maps(1, seed, faces, sizes=False)
    maps.reshape(-1)[list(odd)] = list(odd.values())
    assert_same(in_c(maps), expected(maps))


def test_every_cell_a_face_of_one_score(in_c: Decode) -> None:
    maps: Maps = np.zeros((1, CELLS, CELLS, CHANNELS), np.float32)
    maps[..., ::5] = 1.0
    (found,) = in_c(maps)
    assert_same([found], expected(maps))
    assert len(found) > 10


def test_other_anchors_decode_too(harness: Any, tmp_path: Path) -> None:
    if harness.HOST.missing:
        pytest.skip(f"{harness.HOST.missing} is not installed")
    head = Head(((40, 50), (90, 80), (200, 220)))
    maps = random_maps(3, 6, 0.1, head=head)
    program = harness.build(tmp_path, harness.HOST, sources(head=head))
    assert_same(harness.decode(program, harness.HOST, planes(maps)), expected(maps, head=head))


SEVERAL = (
    Head(((40, 50), (90, 80), (200, 220)), ("cat", 'a "dog"', "cow")),
    RegionHead(((40, 50), (90, 80), (200, 220), (60, 30), (400, 300)), ("cat", "dog", "cow")),
    RegionHead(((40, 50), (90, 80), (200, 220), (60, 30), (400, 300)), ("cat",)),
)


@pytest.mark.parametrize("toolchain", ["HOST", "HOST_FAST_MATH", "RISCV"])
@pytest.mark.parametrize("head", SEVERAL, ids=["offsets", "region", "region of one"])
def test_several_classes_and_regions_decode_too(
    harness: Any, tmp_path: Path, head: Head, toolchain: str
) -> None:
    chosen = getattr(harness, toolchain)
    if chosen.missing:
        pytest.skip(f"{chosen.missing} is not installed")
    maps = np.concatenate([random_maps(4, 6, share, head=head) for share in (0.0, 0.05, 0.5)])
    maps[-1, 0, 0] = np.nan
    program = harness.build(tmp_path, chosen, sources(head=head), head)
    wanted = expected(maps, head=head)
    assert sum(map(len, wanted)) > 20
    found = harness.decode(program, chosen, planes(maps), labelled=True)
    assert_same(found, wanted)
    picture = (0.2, 200, 320)
    found = harness.decode(program, chosen, planes(maps), picture, labelled=True)
    assert_same(found, [one.on_picture(*picture) for one in wanted])


@pytest.mark.parametrize("head", SEVERAL[:2], ids=["offsets", "region"])
def test_each_class_has_its_own_threshold(harness: Any, tmp_path: Path, head: Head) -> None:
    if harness.HOST.missing:
        pytest.skip(f"{harness.HOST.missing} is not installed")
    own = dict(zip(head.classes, (0.3, 0.9, 0.6), strict=True))
    maps = random_maps(8, 6, 0.3, head=head)
    program = harness.build(tmp_path, harness.HOST, sources(head=head, class_scores=own), head)
    found = harness.decode(program, harness.HOST, planes(maps), labelled=True)
    every = expected(maps, head=head)  # from the lowest on
    wanted = [one.above(list(own.values())) for one in every]
    assert 20 < sum(map(len, wanted)) < sum(map(len, every))
    assert_same(found, wanted)


def test_a_threshold_of_zero_keeps_every_score(harness: Any, tmp_path: Path) -> None:
    if harness.HOST.missing:
        pytest.skip(f"{harness.HOST.missing} is not installed")
    maps = random_maps(1, 5, 0.0)
    program = harness.build(tmp_path, harness.HOST, sources(score=0.0))
    (found,) = harness.decode(program, harness.HOST, planes(maps))
    assert 0 < found.scores.max() < 0.01


def test_the_sdks_own_binary_interface_compiles(harness: Any, tmp_path: Path) -> None:
    """lp64f: doubles in no register. Debian has no library to link it with."""
    if harness.RISCV.missing:
        pytest.skip(f"{harness.RISCV.missing} is not installed")
    for name in ("decode.c", "decode.h", "detector.h"):
        (tmp_path / name).write_bytes(sources()[name])
    abi = ("-march=rv64imafc", "-mabi=lp64f", "-c", str(tmp_path / "decode.c"))
    command = [*harness.RISCV.compiler, *harness.STRICT, *abi, "-o", str(tmp_path / "decode.o")]
    subprocess.run(command, check=True)
