"""Folder, download, package: in this order, and never a long wait."""

from __future__ import annotations

from pathlib import Path

import pytest

from dse.errors import UnknownName, WeightsError
from dse.network import weights_source
from dse.network.weights_source import choose_source


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("DSE_WEIGHTS", raising=False)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.setattr(weights_source, "IMAGENET_HOST", "host.invalid")


def test_a_folder_comes_first(offline: None, tmp_path: Path) -> None:
    assert choose_source(str(tmp_path)) == f"dir:{tmp_path}"


def test_the_environment_names_a_folder(
    offline: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DSE_WEIGHTS", str(tmp_path))
    assert choose_source(None) == f"dir:{tmp_path}"
    assert choose_source(None, "shipped") == "shipped"


def test_without_internet_the_package_serves(offline: None) -> None:
    assert choose_source(None) == "shipped"


def test_files_that_keras_has_already_need_no_internet(offline: None, tmp_path: Path) -> None:
    models = tmp_path / "keras" / "models"
    models.mkdir(parents=True)
    for width in ("0.35", "0.5", "0.75", "1.0"):
        stem = f"mobilenet_v2_weights_tf_dim_ordering_tf_kernels_{width}_224_no_top.h5"
        (models / stem).touch()
    assert choose_source(None) == "imagenet"


def test_a_folder_that_is_none_is_refused(offline: None, tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="no folder"):
        choose_source(str(tmp_path / "missing"))


def test_an_unknown_wish_gets_a_suggestion(offline: None) -> None:
    with pytest.raises(UnknownName, match="Did you mean 'imagenet'"):
        choose_source(None, "imagnet")
