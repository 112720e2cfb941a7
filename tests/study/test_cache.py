"""What a cache holds is told and freed; what is somebody else's stays, and what a search uses."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from dse.data.pictures import DataSet, Picture
from dse.data.rendered import rendered_once
from dse.errors import StudyError
from dse.study.cache import cache_in_use, cached, empty, folder_bytes

FEATURES = "features/0123456789abcdef0123"


def _file(path: Path, size: int) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(bytes(size))
    return path


def _sizes(cache: Path) -> dict[str, int]:
    return {part.name: part.size_bytes for part in cached(cache)}


def test_what_is_there_is_told_and_freed(tmp_path: Path) -> None:
    _file(tmp_path / FEATURES / "block.npy", 1000)
    _file(tmp_path / FEATURES / "lock", 0)
    _file(tmp_path / "scenes" / "00ff-12345678" / "a.png", 20)
    _file(tmp_path / "features" / ".dse-7-abc" / "old" / "block.npy", 5)  # of a killed removal
    assert _sizes(tmp_path) == {"features": 1005, "scenes": 20}
    assert sum(part.size_bytes for part in empty(tmp_path)) == 1025
    assert _sizes(tmp_path) == {"features": 0, "scenes": 0}
    assert not any((tmp_path / "features").iterdir())


def test_what_others_keep_there_stays(tmp_path: Path) -> None:
    elsewhere = _file(tmp_path / "other" / "mine.txt", 3)
    cache = tmp_path / "cache"
    kept = _file(cache / "features" / "my-notes" / "a.txt", 3), _file(cache / "a.txt", 3)
    (cache / "features" / "0123456789abcdef0123").symlink_to(elsewhere.parent)
    empty(cache)
    assert all(path.exists() for path in (*kept, elsewhere))


def test_drawn_scenes_are_found(tmp_path: Path) -> None:
    box = np.array([[1, 1, 5, 5]], np.float32)
    drawn = DataSet("one", (Picture("one", box, lambda: np.zeros((8, 8, 3), np.uint8)),))
    rendered_once(drawn, tmp_path).pictures[0].load()
    assert _sizes(tmp_path)["scenes"] == folder_bytes(tmp_path) > 0


def test_a_cache_in_use_is_left_alone(tmp_path: Path) -> None:
    kept = _file(tmp_path / FEATURES / "block.npy", 1000)
    with cache_in_use(tmp_path), pytest.raises(StudyError, match="a search that runs now"):
        empty(tmp_path)
    assert kept.exists()
    empty(tmp_path)
    assert not kept.exists()


def test_a_cache_that_cannot_be_made_stops_nobody(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with cache_in_use(tmp_path / "file" / "cache"):
        pass
    assert empty(tmp_path / "none")[0].folders == ()
    assert not (tmp_path / "none").exists()


@pytest.mark.slow
def test_features_are_found(patterns: DataSet, tmp_path: Path) -> None:
    from dse.network.detector import detector_graph, frozen_layers
    from dse.network.keras_model import boundary, build, get_weights
    from dse.space import Training
    from dse.training.features import frozen_features
    from dse.training.views import ViewSet

    training = Training("A", 98, 0.35, 96)
    graph = detector_graph(training)
    edge = boundary(graph, frozen_layers(graph, training))
    frozen_features(graph, edge, get_weights(build(graph)), ViewSet(patterns, 96, 1, 0), tmp_path)
    assert _sizes(tmp_path)["features"] == folder_bytes(tmp_path) > 0
