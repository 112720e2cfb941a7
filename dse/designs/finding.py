"""From a name to a detector."""

from __future__ import annotations

from pathlib import Path

from dse.designs.detector import Detector, Say
from dse.errors import UsageError

__all__ = ["find_detector"]

BUNDLED = "model.kmodel"


def find_detector(name: str, results: Path, study: str | None, say: Say) -> Detector:
    """The detector that `name` means: a file, a bundle, or a design as of `find_trained`.

    results, study: where trained designs are looked for. say: told what takes time.
    Raises UsageError for a name that means nothing, VerificationFailed for a file that is not
    what its name says, and what `find_trained` raises.
    """
    path = Path(name)
    if path.suffix == ".kmodel" or (path / BUNDLED).is_file():
        from dse.designs.files import KmodelDetector

        return KmodelDetector.read(path / BUNDLED if path.is_dir() else path, say)
    if path.suffix == ".tflite":
        from dse.designs.files import TfliteDetector

        return TfliteDetector(path, say)
    if path.exists():
        what = f"a folder without {BUNDLED}" if path.is_dir() else "no .kmodel or .tflite file"
        raise UsageError(f"{name} is {what}", "name such a file, a bundle, or a design")
    from dse.designs.trained import find_trained
    from dse.designs.trained_detector import TrainedDetector

    return TrainedDetector(find_trained(name, results, study), say)
