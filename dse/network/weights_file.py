"""Weights in an .npz file, read back; every script and study of ours writes this kind."""

from __future__ import annotations

from pathlib import Path
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from dse.errors import WeightsError

__all__ = ["read_weights"]


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
