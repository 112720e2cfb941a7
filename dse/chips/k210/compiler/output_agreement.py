"""Whether a compiled file computes what the network computes.

The compiler can take a network, report no error and write a file that computes something else. So
the file runs in nncase's simulator, the network in TensorFlow Lite's interpreter, on the same
inputs. Eight bits cost something; how much is normal is what the two limits below say.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dse.chips.k210.compiler.compiler import CompiledKmodel
from dse.chips.k210.compiler.file_runs import run_kmodel
from dse.chips.k210.compiler.network_inputs import NetworkInputs
from dse.chips.k210.compiler.toolchain import toolchain
from dse.chips.k210.compiler.trial_inputs import Samples
from dse.errors import VerificationFailed

__all__ = [
    "LEAST_CORRELATION",
    "MOST_ERROR_STEPS",
    "Agreement",
    "OutputAgreement",
    "compared",
    "outputs_of",
]

LEAST_CORRELATION = 0.95
MOST_ERROR_STEPS = 4.0
"""An output is the same network's where it correlates this well, or differs by no more steps.

Measured on small networks of about a hundred kinds: what is compiled rightly correlates by 0.997
and more, what is compiled wrongly by 0.92 at most (docs/explain.md)."""

TELLING_STEPS = 16.0
"""What varies less than this, from input to input and from place to place, tells little: any other
network's output, of numbers as constant, would agree as well."""

LEVELS = 255


@dataclass(frozen=True)
class OutputAgreement:
    """One output of the file against the network's.

    correlation: Pearson's, over all numbers of all samples; None where either is constant.
    largest_error_steps: in steps of 1/255 of the range of the network's own numbers, zero
    included, as the chip quantizes them. varies_steps: by how many of them each channel of the
    network's own numbers varies. argmax_agreement: of a classifier, the share of samples
    for which both name the same class.
    """

    output: str
    correlation: float | None
    largest_error_steps: float
    varies_steps: float
    argmax_agreement: float | None

    @property
    def same(self) -> bool:
        """It is the same network's."""
        close = self.largest_error_steps <= MOST_ERROR_STEPS
        return close or (self.correlation or 0.0) >= LEAST_CORRELATION

    @property
    def telling(self) -> bool:
        """It would show a wrong layer."""
        return self.varies_steps >= TELLING_STEPS

    def __str__(self) -> str:
        correlation = "constant" if self.correlation is None else f"{self.correlation:.4f}"
        words = f"correlation {correlation}, largest error {self.largest_error_steps:.1f} steps"
        if self.argmax_agreement is not None:
            words += f", same class for {self.argmax_agreement:.0%}"
        hardly = "" if self.telling else f"; hardly varies here ({self.varies_steps:.1f} steps)"
        return words + hardly


@dataclass(frozen=True)
class Agreement:
    """All outputs. samples: what they were computed on, in words. inside: of outputs that hardly
    vary, the last layers before them that do. parted_at: the layer up to which both compute the
    same, and from which no longer; empty where that is not known. died: how the simulator ended
    on the file, which then has no outputs."""

    samples: str
    outputs: tuple[OutputAgreement, ...]
    inside: tuple[OutputAgreement, ...] = ()
    parted_at: str = ""
    died: str = ""

    @property
    def same(self) -> bool:
        """The file computes what the network computes."""
        return not self.died and all(one.same for one in (*self.outputs, *self.inside))

    @property
    def message(self) -> str:
        """Whether it does, in a sentence."""
        if self.same:
            return "compiles, and computes what the network computes"
        where = f": they part at layer {self.parted_at}" if self.parted_at else ""
        how = f" ({self.died})" if self.died else ""
        return f"compiles and computes something else{how}{where}"

    def __str__(self) -> str:
        lines = [f"  {one.output}: {one}" for one in self.outputs]
        lines += [f"  inside, {one.output}: {one}" for one in self.inside]
        return "\n".join((f"{self.message} (on {self.samples})", *lines))

    def as_dict(self) -> dict[str, Any]:
        """The field `agreement` of `dse check --compile --json`."""
        return {
            "same": self.same,
            "samples": self.samples,
            "outputs": [asdict(one) for one in self.outputs],
            "inside": [asdict(one) for one in self.inside],
            "parted_at": self.parted_at or None,
            "died": self.died or None,
            "least_correlation": LEAST_CORRELATION,
            "most_error_steps": MOST_ERROR_STEPS,
        }


def outputs_of(
    compiled: CompiledKmodel,
    inputs: NetworkInputs,
    samples: Samples,
    time_limit_s: float,
    *,
    planar: bool = True,
) -> list[NDArray[Any]]:
    """What the file computes, in the simulator: (n, *shape) for each output, maps interleaved.

    planar: pictures and maps are, in the file. Raises VerificationFailed.
    """
    arranged = list(inputs.arranged(samples.arrays, "NCHW" if planar else "NHWC"))
    found = run_kmodel(compiled.kmodel, arranged, toolchain(compiled.nncase_version), time_limit_s)
    turned = planar and inputs.are_pictures
    return [np.moveaxis(one, 1, -1) if turned and one.ndim == 4 else one for one in found]


def compared(
    names: Sequence[str], found: Sequence[NDArray[Any]], wanted: Sequence[NDArray[Any]]
) -> tuple[OutputAgreement, ...]:
    """Of each output by name: what the file computes, and what the network does.

    Raises VerificationFailed where they are of other shapes.
    """
    if [one.size for one in found] != [one.size for one in wanted]:
        raise VerificationFailed(
            f"the compiled file writes {[one.shape for one in found]}, "
            f"the network {[one.shape for one in wanted]}"
        )
    pairs = zip(names, found, wanted, strict=True)
    with np.errstate(all="ignore"):  # what was computed wrongly may be no number
        return tuple(_compared(name, ours, theirs) for name, ours, theirs in pairs)


def _compared(name: str, found: NDArray[Any], wanted: NDArray[Any]) -> OutputAgreement:
    classes = int(wanted.size / len(wanted))
    is_row = max(wanted.shape[1:], default=1) == classes > 1
    ours, theirs = (one.reshape(len(wanted), -1).astype(np.float64) for one in (found, wanted))
    argmax = float((ours.argmax(1) == theirs.argmax(1)).mean()) if is_row else None
    spread = max(theirs.max(initial=0), 0.0) - min(theirs.min(initial=0), 0.0)
    step = spread / LEVELS if np.issubdtype(wanted.dtype, np.floating) else 1.0
    error = float(np.abs(ours - theirs).max())
    steps = error / step if step > 0 else (0.0 if error == 0 else float("inf"))
    varies = _variation(wanted) / step if step > 0 else 0.0
    return OutputAgreement(name, _correlation(ours, theirs), steps, varies, argmax)


def _variation(numbers: NDArray[Any]) -> float:
    """The widest range of numbers of one channel."""
    rows = numbers.reshape(-1, numbers.shape[-1]).astype(np.float64)
    return float(np.ptp(rows, axis=0).max(initial=0))


def _correlation(ours: NDArray[np.float64], theirs: NDArray[np.float64]) -> float | None:
    ours, theirs = ours.ravel() - ours.mean(), theirs.ravel() - theirs.mean()
    size = float(np.sqrt((ours**2).sum() * (theirs**2).sum()))
    return float((ours * theirs).sum()) / size if size > 0 and np.isfinite(size) else None
