"""From a name to a detector."""

from __future__ import annotations

from pathlib import Path

from dse.chips.registry import CHIPS, chip, chip_of_file
from dse.detection.detector import Detector, Say
from dse.errors import UsageError

__all__ = ["find_detector"]


def find_detector(name: str, results: Path, study: str | None, say: Say) -> Detector:
    """The detector that `name` means: a file, a bundle, or a design as of `find_trained`.

    results, study: where trained designs are looked for. say: told what takes time.
    Raises UsageError for a name that means nothing, VerificationFailed for a file that is not
    what its name says, and what `find_trained` raises.
    """
    path = Path(name)
    known = chip_of_file(path)
    if known is not None:
        return known.detector(path, say)
    if path.exists():
        suffixes = sorted({suffix for one in CHIPS for suffix in chip(one).file_suffixes})
        what = "no bundle" if path.is_dir() else f"no {' or '.join(suffixes)} file"
        raise UsageError(f"{name} is {what}", "name such a file, a bundle, or a design")
    from dse.designs.trained import find_trained
    from dse.designs.trained_detector import TrainedDetector

    return TrainedDetector(find_trained(name, results, study, say=say), say)
