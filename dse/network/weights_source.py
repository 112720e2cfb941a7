"""Where starting weights come from: a folder of yours, Keras' ImageNet files, or the package."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from dse.errors import UnknownName, WeightsError

__all__ = ["WEIGHTS", "choose_source"]

WEIGHTS = ("auto", "imagenet", "shipped")
"""What can be asked for."""

IMAGENET_HOST = "storage.googleapis.com"
"""Where `keras.applications` keeps its files."""

CONNECT_SECONDS = 3.0


def choose_source(folder: str | None, wanted: str = "auto") -> str:
    """The source that a study will use: "dir:<folder>", "imagenet" or "shipped".

    folder: --weights-dir; where it is not given, the environment's DSE_WEIGHTS.
    wanted: "auto" tries folder, Keras' download and the package in this order.
    Raises UnknownName for another wish, WeightsError for a folder that is none.
    """
    if wanted not in WEIGHTS:
        raise UnknownName("weights", wanted, WEIGHTS)
    folder = folder or os.environ.get("DSE_WEIGHTS")
    if folder and wanted == "auto":
        if not Path(folder).is_dir():
            raise WeightsError(f"'{folder}' is no folder", "--weights-dir names a folder")
        return f"dir:{Path(folder).resolve()}"
    if wanted == "auto":
        return "imagenet" if _reachable() or _cached() else "shipped"
    return wanted


def _reachable() -> bool:
    import socket

    with (
        contextlib.suppress(OSError),
        socket.create_connection((IMAGENET_HOST, 443), timeout=CONNECT_SECONDS),
    ):
        return True
    return False


def _cached() -> bool:
    """Whether Keras has the files of all widths already."""
    home = Path(os.environ.get("KERAS_HOME", Path.home() / ".keras"))
    stem = "mobilenet_v2_weights_tf_dim_ordering_tf_kernels_{}_224_no_top.h5"
    return all(
        (home / "models" / stem.format(width)).exists() for width in ("0.35", "0.5", "0.75", "1.0")
    )
