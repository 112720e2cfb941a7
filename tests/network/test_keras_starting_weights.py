"""Starting weights fit their networks, and a damaged file is named."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from dse.errors import WeightsError
from dse.network import keras_starting_weights as starting
from dse.network.detector import detector_graph
from dse.network.families import BREAKPOINTS
from dse.network.keras_model import build, get_weights, set_weights
from dse.network.mobilenetv2 import backbone_graph
from dse.space import Training

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("width", BREAKPOINTS["A"].family.widths)
def test_the_package_ships_a_backbone_for_every_width(width: float) -> None:
    loaded = starting.load_starting_weights("shipped", width)
    model = build(backbone_graph(width, 96, 96))
    set_weights(model, loaded.weights)
    assert all(np.isfinite(value).all() for value in loaded.weights.values())
    assert model.count_params() == sum(value.size for value in loaded.weights.values())


@pytest.mark.parametrize("width", BREAKPOINTS["P"].family.widths)
def test_the_package_ships_a_plain_detector_for_every_width(width: float) -> None:
    graph = detector_graph(Training("P", 5, width, 96))
    loaded = starting.load_starting_weights("imagenet", width, "P")
    assert sum(value.size for value in loaded.weights.values()) == graph.parameters
    set_weights(build(graph), loaded.weights)


def test_what_ships_is_small() -> None:
    assert sum(file.stat().st_size for file in starting.SHIPPED.glob("*.npz")) < 16e6


def test_narrowing_keeps_the_strongest_channels() -> None:
    wide = get_weights(build(backbone_graph(1.0, 96, 96)))
    strong = np.zeros(32, np.float32)
    strong[[3, 8, 9, 15, 16, 20, 21, 30, *range(22, 30), 4, 5, 6, 7, 10, 11, 12, 13]] = 1
    wide["Conv1/kernel"] = wide["Conv1/kernel"] * (0.01 + strong)
    narrowed = starting.narrow(wide, 0.75)
    model = build(backbone_graph(0.75, 96, 96))
    set_weights(model, narrowed)
    kept = narrowed["Conv1/kernel"]
    expected = wide["Conv1/kernel"][..., np.flatnonzero(strong)]
    np.testing.assert_array_equal(kept, expected)


def test_a_folder_without_the_file_says_what_to_name(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"mobilenet_v2_0\.5") as caught:
        starting.load_starting_weights(f"dir:{tmp_path}", 0.5)
    assert caught.value.hint


def test_a_truncated_file_of_the_users_is_named(tmp_path: Path) -> None:
    (tmp_path / "mobilenet_v2_0.35_notop.weights.h5").write_bytes(b"\x89HDF\r\n\x1a\n broken")
    with pytest.raises(WeightsError, match=r"mobilenet_v2_0\.35"):
        starting.load_starting_weights(f"dir:{tmp_path}", 0.35)


def test_a_truncated_file_of_the_package_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = starting.shipped_file(0.35, "mobilenetv2_face").read_bytes()
    broken = tmp_path / "half.npz"
    broken.write_bytes(content[: len(content) // 2])
    monkeypatch.setattr(starting, "shipped_file", lambda width, stem: broken)
    with pytest.raises(WeightsError, match="damaged"):
        starting.load_starting_weights("shipped", 0.35)
