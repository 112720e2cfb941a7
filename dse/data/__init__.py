"""Pictures with labelled objects, and their readers."""

from __future__ import annotations

from dse.data.letterbox import letterbox
from dse.data.loading import load_all, load_or_none
from dse.data.pictures import DataSet, Picture, Skipped
from dse.data.sources import open_data

__all__ = [
    "DataSet",
    "Picture",
    "Skipped",
    "letterbox",
    "load_all",
    "load_or_none",
    "open_data",
]
