"""What the designs of a study find on a few of its evaluation pictures, small enough for the page.

The pictures are part of the file then: whoever gets the page gets them too.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from dse.data.rendered import open_rendered
from dse.designs.selection import job_of
from dse.designs.trained import trained_design
from dse.designs.trained_detector import TrainedDetector
from dse.detection.average_precision import operating_point
from dse.errors import CompilerError, WeightsError
from dse.evaluation import Finding, find_faces
from dse.space import Candidate
from dse.views.contact_sheet.choosing import choose_between, count
from dse.views.contact_sheet.sheet import SAVING
from dse.views.contact_sheet.thumbnail import thumbnail

if TYPE_CHECKING:
    from dse.data import DataSet
    from dse.study.record import StudyRecord

__all__ = ["MOST_DESIGNS", "Sample", "StudySamples", "study_samples"]

MOST_DESIGNS = 6
"""Designs that are run: compiling one and emulating it takes some ten seconds."""

MOST_PICTURES = 256
"""Pictures that they are run on, spread evenly over the evaluation set."""

LONGER_SIDE = 360
"""Pixels, of a drawn picture: about 20 KB as JPEG."""

Say = Callable[[str], None]


class Sample(NamedTuple):
    """A picture with its boxes as a data URI, its size in pixels, and what they come to."""

    address: str
    width: int
    height: int
    found: int
    false: int
    missed: int


@dataclass(frozen=True)
class StudySamples:
    """The same pictures under each design.

    rule: how pictures and designs were chosen. scores: candidate -> threshold that it ran at,
    where F1 was best. drawn: candidate -> its pictures. failed: candidate -> why it has none.
    """

    rule: str
    scores: dict[str, float] = field(default_factory=dict)
    drawn: dict[str, list[Sample]] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """As plain values for the page."""
        drawn = {name: [one._asdict() for one in some] for name, some in self.drawn.items()}
        return {**asdict(self), "drawn": drawn}


def study_samples(record: StudyRecord, wanted: int, say: Say) -> StudySamples:
    """Runs the deployable designs on the front of `record`, and draws `wanted` pictures of each.

    Designs: those with weights in the study's folder, MOST_DESIGNS with the highest AP; the
    compiled file is what runs. Pictures: those of MOST_PICTURES of the evaluation set on which
    the designs differ most. say: told what takes time. Raises WeightsError where no design has
    weights, DataError where the study's pictures are gone.
    """
    front = [row.id for row in record.front if row.deployable]
    failed = {name: "Its weights are not in the study's folder." for name in front
              if not _weights(record, name).exists()}  # fmt: skip
    able = [name for name in front if name not in failed]
    if not able:
        raise WeightsError(
            f"no deployable design on the front of {record.name} has its weights left to run",
            "leave --samples out, or search again: weights lie in the study's trainings/",
        )
    best = able[:MOST_DESIGNS]
    failed |= {name: f"Only the {MOST_DESIGNS} with the highest AP were run."
               for name in able[MOST_DESIGNS:]}  # fmt: skip
    job = job_of(record)
    data = open_rendered(job.eval_data, "eval", Path(job.cache), limit=MOST_PICTURES)
    seen, scores = {}, {}
    for name in best:
        try:
            seen[name], scores[name] = _run(record, name, data, say)
        except (CompilerError, WeightsError) as error:
            failed[name] = f"It could not be run: {error}."
    chosen = choose_between(list(seen.values()), list(scores.values()), wanted)
    load = {picture.name: picture.load for picture in data.pictures}
    drawn = {
        name: [_sample(found[place], load[found[place].name], scores[name]) for place in chosen]
        for name, found in seen.items()
    }
    return StudySamples(
        _rule(len(chosen), len(data), record.columns.chip.file), scores, drawn, failed
    )


def _rule(pictures: int, of: int, file: str) -> str:
    return (
        f"The {pictures} of {of} evaluation pictures on which the designs on the front differ "
        f"most: not typical ones. What ran is the compiled {file}."
    )


def _weights(record: StudyRecord, name: str) -> Path:
    return record.path / "trainings" / Candidate.parse(name).training.id / "weights.npz"


def _run(record: StudyRecord, name: str, data: DataSet, say: Say) -> tuple[list[Finding], float]:
    """What the design finds on `data`, and the score at which its F1 is best there."""
    detector = TrainedDetector(trained_design(record, Candidate.parse(name)), say)
    with detector.running() as predict:
        findings = find_faces(predict, detector.input_size, data, detector.head)
    return findings.pictures, operating_point(findings.curve()).score


def _sample(picture: Finding, load: Callable[[], Any], score: float) -> Sample:
    """`picture` as a small JPEG with the boxes that are believed from `score` on."""
    scale = LONGER_SIDE / max(picture.width, picture.height)
    size = max(1, round(picture.width * scale)), max(1, round(picture.height * scale))
    content = io.BytesIO()
    thumbnail(picture, load(), size, score).save(content, "JPEG", **SAVING)
    encoded = base64.b64encode(content.getvalue()).decode("ascii")
    return Sample(f"data:image/jpeg;base64,{encoded}", *size, *count(picture, score))
