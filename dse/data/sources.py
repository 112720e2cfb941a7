"""Data sets by specification: what the package draws, and folders in their several layouts."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Literal

from dse.data import foreign
from dse.data.coco import read_coco
from dse.data.fddb import read_fddb
from dse.data.layouts import LAYOUTS, layout_of
from dse.data.packed import read_packed
from dse.data.pictures import DataSet
from dse.data.specification import DRAWN, DataSpec
from dse.data.voc import read_voc
from dse.data.wider import read_wider
from dse.data.yolo import read_yolo
from dse.errors import UnknownName, UsageError
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
    "coco": read_coco,
    "fddb": read_fddb,
    "packed": read_packed,
    "voc": read_voc,
    "wider": read_wider,
    "yolo": read_yolo,
}


def open_data(spec: str, split: Split, *, limit: int | None = None) -> DataSet:
    """The data set that `spec` names, without decoding its pictures.

    spec: "synthetic", "synthetic:COUNT", "KIND:DIR" or "DIR", whose layout is then found out; with
    "?classes=a,b&merge=new=c,d" behind it for some of its classes (see `Selection`). split:
    "train", "val" (early stopping) or "eval" (the AP that is reported); all have the same
    classes. limit: at most so many pictures, spread evenly over the set. Raises UnknownName for
    an unknown kind, split or class, UsageError for a malformed specification, DataError for a
    folder that cannot be used.
    """
    if split not in SPLITS:
        raise UnknownName("split", split, SPLITS)
    if limit is not None and limit < 1:
        raise UsageError(f"a limit of {limit} pictures leaves none", "give 1 or more")
    wanted = DataSpec.parse(spec)
    data = _drawn(wanted, split) if wanted.kind in DRAWN else _folder(wanted, split)
    source = f"{data.source}?{wanted.selection}" if wanted.selection else data.source
    return replace(spread(wanted.selection.apply(data), limit), source=source)


def _folder(spec: DataSpec, split: str) -> DataSet:
    if not spec.argument:
        has = LAYOUTS[spec.kind].expected if spec.kind in LAYOUTS else "pictures and labels"
        hint = f"'{spec.kind}:DIR', where DIR has {has}"
        raise UsageError(f"'{spec.kind}' needs a folder", hint)
    try:
        folder = Path(os.path.expanduser(spec.argument))
        kind = layout_of(folder) if spec.kind == "auto" else spec.kind
        return READERS[kind](folder, split)
    except OSError as error:  # a folder closed to us, a path too long
        raise file_error(error, done="read") from error


def _drawn(spec: DataSpec, split: str) -> DataSet:
    count = SYNTHETIC_PICTURES
    if spec.argument is not None:
        count = foreign.whole_number(spec.argument) or 0
        if not 0 < count <= MOST_SYNTHETIC_PICTURES:
            told = f"'{foreign.excerpt(spec)}' needs a count of 1 to {MOST_SYNTHETIC_PICTURES}"
            hint = f"such as '{spec.kind}:2000': the number of training pictures"
            raise UsageError(told, hint)
    wanted = count if split == "train" else max(1, count // 5)
    if spec.kind == "synthetic":  # the generators are heavy, and often not wanted
        from dse.data.synthetic import synthetic

        return synthetic(split, wanted)
    from dse.data.synthetic_digits import synthetic_digits

    return synthetic_digits(split, wanted)


def spread(data: DataSet, limit: int | None) -> DataSet:
    """At most `limit` pictures of `data`, at even distances; None: all of them."""
    if limit is None or limit >= len(data):
        return data
    chosen = (index * len(data) // limit for index in range(limit))
    return replace(data, pictures=tuple(data.pictures[index] for index in chosen))
