"""A compiled file tried against the network it was made of: does it compute the same?"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dse.chips.k210.compiler.compiler import CompiledKmodel, compile_kmodel
from dse.chips.k210.compiler.file_runs import Died, run_onnx, run_tflite
from dse.chips.k210.compiler.network_inputs import NetworkInputs
from dse.chips.k210.compiler.output_agreement import (
    Agreement,
    OutputAgreement,
    compared,
    outputs_of,
)
from dse.chips.k210.compiler.parting import Operators, first_wrong
from dse.chips.k210.compiler.trial_inputs import Samples
from dse.errors import CompilerError, VerificationFailed

__all__ = ["tried"]

MAPS = 5
"""Axes of maps (samples, 1, channels, h, w)."""

CUT_SAMPLES = 2
"""For each shorter network: what is wrong shows in any."""


def tried(
    content: bytes,
    compiled: CompiledKmodel,
    inputs: NetworkInputs,
    samples: Samples,
    *,
    interleaved: bool = False,
    time_limit_s: float = 120,
) -> Agreement:
    """The outputs of `compiled`, nncase's own file of the network `content`, beside the network's.

    Where they are not the same it says from which layer on (of a TensorFlow-Lite file): a cut for
    each takes about a second. Raises VerificationFailed where one of both cannot be run.
    """
    if inputs.kind == "onnx":
        return _tried_onnx(content, compiled, inputs, samples, interleaved, time_limit_s)
    operators = Operators(content)
    first = operators.outputs[0]
    cuts = partial(_Cuts, operators, inputs, samples, interleaved, time_limit_s)
    try:
        found = outputs_of(compiled, inputs, samples, time_limit_s, planar=not interleaved)
    except Died as death:
        return _parted(Agreement(samples.words, (), died=str(death)), cuts(first), first)
    wanted = run_tflite(content, inputs.numbers(samples.arrays), time_limit_s)
    names = [operators.name(tensor) for tensor in operators.outputs]
    agreement = Agreement(samples.words, compared(names, found, wanted))
    outputs = list(zip(operators.outputs, agreement.outputs, strict=True))
    for tensor, one in outputs:
        if not one.same:
            return _parted(agreement, cuts(tensor), tensor)
    for tensor, one in outputs:
        if not one.telling:
            return _with_inside(agreement, cuts(tensor))
    return agreement


def _tried_onnx(
    content: bytes,
    compiled: CompiledKmodel,
    inputs: NetworkInputs,
    samples: Samples,
    interleaved: bool,
    time_limit_s: float,
) -> Agreement:
    try:
        found = outputs_of(compiled, inputs, samples, time_limit_s, planar=not interleaved)
    except Died as death:
        return Agreement(samples.words, (), died=str(death))
    wanted = run_onnx(content, inputs.numbers(samples.arrays), time_limit_s)
    maps = [np.moveaxis(one, 2, -1) if one.ndim == MAPS else one for one in wanted]
    names = [f"output {number}" for number in range(len(maps))]
    return Agreement(samples.words, compared(names, found, maps))


def _parted(agreement: Agreement, cuts: _Cuts, tensor: int) -> Agreement:
    """The same, which is wrong at `tensor`, with the layer from which on it is."""
    with contextlib.suppress(VerificationFailed):  # what computes the network's own maps could not
        return replace(agreement, parted_at=cuts.parted_at(tensor))
    return agreement


def _with_inside(agreement: Agreement, cuts: _Cuts) -> Agreement:
    """The same with the last map that varies, where the outputs hardly do."""
    try:
        told = cuts.last_telling()
    except VerificationFailed:
        return agreement
    if told is None:
        return agreement
    tensor, one = told
    looked_into = replace(agreement, inside=(one,))
    return looked_into if one.same else _parted(looked_into, cuts, tensor)


@dataclass(frozen=True)
class _Cuts:
    """Shorter and shorter networks, of which `output` is made, compiled and run on few samples."""

    operators: Operators
    inputs: NetworkInputs
    samples: Samples
    interleaved: bool
    time_limit_s: float
    output: int

    @cached_property
    def few(self) -> Samples:
        """The first samples."""
        return replace(self.samples, arrays=tuple(a[:CUT_SAMPLES] for a in self.samples.arrays))

    @cached_property
    def wanted(self) -> dict[int, NDArray[Any]]:
        """The network's own maps by tensor. Raises VerificationFailed."""
        before = self.operators.before(self.output)
        tensors = [one for one in before if self.operators.is_float(one)]
        numbers = self.inputs.numbers(self.few.arrays)
        maps = run_tflite(self.operators.content, numbers, self.time_limit_s, tensors)
        return dict(zip(tensors, maps, strict=True))

    def parted_at(self, tensor: int) -> str:
        """The layer from which on `tensor` is wrong. Raises VerificationFailed."""
        found = first_wrong(self.operators, tensor, self._is_right)
        return self.operators.name(found)

    def last_telling(self) -> tuple[int, OutputAgreement] | None:
        """The last tensor before the output that varies and can be cut off at."""
        for tensor, numbers in list(self.wanted.items())[-2::-1]:
            (itself,) = compared([""], [numbers], [numbers])
            found = self.agreement(tensor) if itself.telling else None
            if found is not None:
                return tensor, found
        return None

    def _is_right(self, tensor: int) -> bool | None:
        try:
            found = self.agreement(tensor)
        except Died:
            return False
        return None if found is None else found.same

    def agreement(self, tensor: int) -> OutputAgreement | None:
        """Of the network cut off behind `tensor`; None where that cannot be compiled or run.

        Raises Died where the file that comes of it ends the simulator.
        """
        if tensor not in self.wanted:
            return None
        planar = not self.interleaved
        try:
            compiled = compile_kmodel(
                self.operators.cut_behind(tensor),
                self.few.arrays,
                interleaved=self.interleaved,
                time_limit_s=self.time_limit_s,
            )
            found = outputs_of(compiled, self.inputs, self.few, self.time_limit_s, planar=planar)
            name = self.operators.name(tensor)
            (one,) = compared([name], found, [self.wanted[tensor]])
        except Died:
            raise
        except (CompilerError, VerificationFailed):
            return None
        return one
