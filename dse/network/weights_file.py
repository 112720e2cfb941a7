"""Weights in an .npz file; every script and study of ours writes this kind."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from dse.errors import WeightsError
from dse.files import whole_file

__all__ = ["read_weights", "write_weights"]


def read_weights(path: Path, hint: str) -> dict[str, NDArray[np.float32]]:
    """Arrays by name, in float32 whatever the file's precision.

    hint: what to do about a bad file. Raises WeightsError where it is missing or damaged.
    """
    try:
        with np.load(path) as stored:
            return {name: stored[name].astype(np.float32) for name in stored.files}
    except FileNotFoundError as error:
        raise WeightsError(f"there is no file {path}", hint) from error
    except (BadZipFile, ValueError, EOFError, KeyError, OSError, AttributeError) as error:
        raise WeightsError(f"{path} is damaged: {error}", hint) from error


def write_weights(path: Path, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Writes `arrays` so that a kill, or a power cut, leaves the old file or the new one.

    What a disk that filled up took of the new one is given back. Raises FileError.
    """
    with whole_file(path) as file:
        np.savez(file, allow_pickle=False, **arrays)
