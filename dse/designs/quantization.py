"""Why a trained design's file is less accurate than its network, layer by layer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dse.chips import chip
from dse.chips.noise import QuantizationNoise, advice, noise_table
from dse.defaults import RESULTS
from dse.designs.selection import choose_design, job_of
from dse.errors import CompilerError
from dse.study.folder import find_study
from dse.study.record import StudyRecord, load_study

if TYPE_CHECKING:
    from dse.space import Training
    from dse.workers.training_job import Job

__all__ = ["QuantizationAccount", "explain_quantization"]

Say = Callable[[str], None]


@dataclass(frozen=True)
class QuantizationAccount:
    """ap: of the float network on all evaluation pictures; kmodel_ap: of the file itself on the
    same, None where it does not compile; noise: layer by layer, on some of them."""

    design: str
    ap: float
    kmodel_ap: float | None
    noise: QuantizationNoise

    @property
    def gap(self) -> float:
        """AP of the network less AP of the file, or of the chip's model where there is none."""
        noise = self.noise
        modelled = noise.ap_float - noise.ap_model
        return modelled if self.kmodel_ap is None else self.ap - self.kmodel_ap

    @property
    def advice(self) -> str:
        """One line that follows from the figures."""
        return advice(self.noise, self.gap)

    def as_dict(self) -> dict[str, Any]:
        """The fields of `dse explain --quantization --json`."""
        return {
            "design": self.design,
            "ap": self.ap,
            "kmodel_ap": self.kmodel_ap,
            "gap": self.gap,
            "costliest": self.noise.costliest.name,
            "advice": self.advice,
            **asdict(self.noise),
        }

    def table(self) -> str:
        """The layers for a terminal, and below what they come to."""
        noise, worst, file_ap = self.noise, self.noise.costliest, self.kmodel_ap
        measured = "no compiled file" if file_ap is None else f"compiled file {file_ap:.4f}"
        return "\n".join(
            (
                noise_table(noise),
                f"\nAP on all evaluation pictures: network {self.ap:.4f}, {measured}",
                f"AP on these {noise.pictures} ({noise.faces} objects): network "
                f"{noise.ap_float:.4f}, model of the chip {noise.ap_model:.4f}",
                f"gap {100 * self.gap:.2f} points; most by {worst.name}: "
                f"{100 * worst.ap_lost:.2f} alone",
                f"advice: {self.advice}",
            )
        )


def explain_quantization(
    design: str,
    pictures: int,
    *,
    study: str | None = None,
    results: Path = RESULTS,
    say: Say = lambda words: None,
) -> QuantizationAccount:
    """Follows evaluation pictures through the layers of a trained design of a study.

    design: as of `choose_design`. pictures: how many, at most. study: default the latest.
    say: told what takes time. Raises what `choose_design` raises, WeightsError where the training
    left no weights, NotSupported where the chip tells no noise.
    """
    record = load_study(find_study(results, study))
    training, job = choose_design(record, design).training, job_of(record)
    say(f"{training.id}: following up to {pictures} pictures through every layer")
    noise, ap = _noise_and_ap(record, job, training, pictures)
    return QuantizationAccount(training.id, ap, _file_ap(record, job, training, say), noise)


def _noise_and_ap(
    record: StudyRecord, job: Job, training: Training, pictures: int
) -> tuple[QuantizationNoise, float]:
    """The noise on some evaluation pictures, and AP of the float network on all."""
    from dse.data import open_data
    from dse.evaluation import evaluate, prepare
    from dse.network.detector import detector_graph
    from dse.workers.job import load_weights
    from dse.workers.training_job import calibration_canvases

    head, size = job.head(training), training.input_size
    graph = detector_graph(training, head)
    weights = load_weights(record.path / "trainings" / training.id)
    calibration = calibration_canvases(job, size)
    few = prepare(open_data(job.eval_data, "eval", limit=pictures), size)
    on = chip(record.settings.make_target().chip)
    noise = on.noise(graph, weights, calibration, few, head)
    exact = on.model(graph, weights, "FP32", calibration, head)
    return noise, evaluate(exact, size, open_data(job.eval_data, "eval"), head).ap


def _file_ap(record: StudyRecord, job: Job, training: Training, say: Say) -> float | None:
    """As kmodel.json has it, or measured now; None where the network does not compile."""
    from dse.workers.job import measure_compiled

    folder = record.path / "trainings" / training.id
    if not (folder / "kmodel.json").exists():
        say("compiling, then running the file on all evaluation pictures")
    try:
        return measure_compiled(job, training, folder).kmodel_ap
    except CompilerError as error:
        say(f"no compiled file: {error}")
        return None
