from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dse.chips.k210.compiler.network_inputs import BYTES, NetworkInputs
from dse.chips.k210.compiler.trial_inputs import SAMPLES, chosen_samples, noise
from dse.errors import DataError


def test_noise_for_pictures_is_bytes_like_a_photograph_s() -> None:
    samples = noise(NetworkInputs(((1, 48, 64, 3),)))
    (pictures,) = samples.arrays
    assert pictures.shape == (SAMPLES, 48, 64, 3)
    assert pictures.dtype == np.uint8
    assert abs(pictures.mean() - 127) < 5
    assert 45 < pictures.std() < 65
    close = np.abs(np.diff(pictures.astype(float), axis=1)).mean()
    far = np.abs(pictures[:, :24].astype(float) - pictures[:, 24:]).mean()
    assert close < far  # neighbours are alike, as in a picture and unlike in plain noise
    assert "-1 to 1" in samples.words
    assert "0 to 255" in noise(NetworkInputs(((1, 8, 8, 3),), BYTES)).words


def test_noise_for_numbers_is_normal() -> None:
    samples = noise(NetworkInputs(((1, 128, 32), (1, 4))))
    assert [one.shape for one in samples.arrays] == [(SAMPLES, 128, 32), (SAMPLES, 4)]
    assert samples.arrays[0].dtype == np.float32
    assert abs(samples.arrays[0].std() - 1) < 0.05
    assert "normal" in samples.words


def test_given_pictures_are_letterboxed(tmp_path: Path) -> None:
    for number in range(6):
        Image.new("RGB", (40, 20), (40 * number, 0, 0)).save(tmp_path / f"{number}.png")
    (tmp_path / "notes.txt").write_text("no picture")
    samples = chosen_samples(NetworkInputs(((1, 32, 32, 3),)), tmp_path)
    (pictures,) = samples.arrays
    assert pictures.shape == (SAMPLES, 32, 32, 3)
    assert pictures[2, 0, 0].tolist() == [80, 0, 0]
    assert pictures[2, 31, 0].tolist() == [127, 127, 127]
    assert str(tmp_path) in samples.words
    grey = chosen_samples(NetworkInputs(((1, 32, 32, 1),)), tmp_path / "2.png")
    assert grey.arrays[0].shape == (1, 32, 32, 1)
    assert grey.arrays[0][0, 0, 0, 0] == 27


def test_no_pictures_are_an_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no pictures"):
        chosen_samples(NetworkInputs(((1, 32, 32, 3),)), tmp_path)
    with pytest.raises(DataError, match=r"none\.png"):
        chosen_samples(NetworkInputs(((1, 32, 32, 3),)), tmp_path / "none.png")
    with pytest.raises(DataError, match="not pictures in grey or colour"):
        chosen_samples(NetworkInputs(((1, 4),)), tmp_path)
