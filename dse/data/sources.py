"""Data sets by specification: `synthetic`, `wider:DIR`, `fddb:DIR`, `yolo:DIR`, `voc:DIR`."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Literal

from dse.data import foreign
from dse.data.fddb import read_fddb
from dse.data.layouts import LAYOUTS
from dse.data.packed import read_packed
from dse.data.pictures import DataSet
from dse.data.voc import read_voc
from dse.data.wider import read_wider
from dse.data.yolo import read_yolo
from dse.errors import DataError, UnknownName, UsageError
from dse.files import file_error

__all__ = ["SPLITS", "SYNTHETIC_PICTURES", "open_data", "spread"]

Split = Literal["train", "val", "eval"]
SPLITS = ("train", "val", "eval")

SYNTHETIC_PICTURES = 800
"""Training pictures of `synthetic` without a count; `val` and `eval` have a fifth each."""

MOST_SYNTHETIC_PICTURES = 50_000
"""For training. On a laptop's core so many take four minutes to lay out, which is done when the
set is opened, and three hours to draw."""

READERS: dict[str, Callable[[Path, str], DataSet]] = {
    "fddb": read_fddb,
    "packed": read_packed,
    "voc": read_voc,
    "wider": read_wider,
    "yolo": read_yolo,
}


def open_data(spec: str, split: Split, *, limit: int | None = None) -> DataSet:
    """The data set that `spec` names, without decoding its pictures.

    spec: "synthetic", "synthetic:COUNT" or "KIND:DIR". split: "train", "val" (early
    stopping) or "eval" (the AP that is reported). limit: at most so many pictures, spread
    evenly over the set. Raises UnknownName for an unknown kind or split, UsageError for a
    malformed specification, DataError for a folder that cannot be used.
    """
    if split not in SPLITS:
        raise UnknownName("split", split, SPLITS)
    if limit is not None and limit < 1:
        raise UsageError(f"a limit of {limit} pictures leaves none", "give 1 or more")
    kind, _, argument = spec.partition(":")
    if kind not in {"synthetic", *READERS}:
        raise UnknownName("kind of data", kind, ["synthetic", *(f"{name}:DIR" for name in LAYOUTS)])
    data = _synthetic(spec, split) if kind == "synthetic" else _folder(kind, argument, split)
    return spread(data, limit)


def _folder(kind: str, argument: str, split: str) -> DataSet:
    if not argument:
        has = LAYOUTS[kind].expected if kind in LAYOUTS else "a packed data set"
        hint = f"'{kind}:DIR', where DIR has {has}"
        raise UsageError(f"'{kind}' needs a folder", hint)
    try:
        return READERS[kind](Path(os.path.expanduser(argument)), split)
    except OSError as error:  # a folder closed to us, a path too long
        raise file_error(error, done="read") from error
    except RecursionError as error:
        raise DataError(
            f"{foreign.excerpt(argument)}: folders a thousand deep in one another",
            "no data set is that deep: is it the right folder?",
        ) from error


def _synthetic(spec: str, split: str) -> DataSet:
    _, colon, argument = spec.partition(":")
    count = SYNTHETIC_PICTURES
    if colon:
        count = foreign.whole_number(argument) or 0
        if not 0 < count <= MOST_SYNTHETIC_PICTURES:
            told = f"'{foreign.excerpt(spec)}' needs a count of 1 to {MOST_SYNTHETIC_PICTURES}"
            hint = "such as 'synthetic:2000': the number of training pictures"
            raise UsageError(told, hint)
    from dse.data.synthetic import synthetic  # the generator is heavy, and often not wanted

    data: DataSet = synthetic(split, count if split == "train" else max(1, count // 5))
    return data


def spread(data: DataSet, limit: int | None) -> DataSet:
    """At most `limit` pictures of `data`, at even distances; None: all of them."""
    if limit is None or limit >= len(data):
        return data
    chosen = (index * len(data) // limit for index in range(limit))
    return replace(data, pictures=tuple(data.pictures[index] for index in chosen))
