"""Where a quantized network loses its accuracy, layer by layer.

Three networks walk over the same pictures side by side: the float one, the chip's model
(`kpu8`), and for each layer the float one in which that layer alone is the chip's. Noise is
what a layer writes less what the float network writes there.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dse.chips.k210.quantization.box_scale import unscale_boxes
from dse.chips.k210.quantization.kpu8 import as_deployed
from dse.chips.k210.quantization.noise_sums import NoiseSums, weight_spread
from dse.chips.noise import LayerNoise, QuantizationNoise
from dse.detection.head import FACE_HEAD, Head
from dse.evaluation import Evaluation, Prepared
from dse.evaluation.evaluate import detect
from dse.evaluation.findings import Findings
from dse.network.arrays import Weights
from dse.network.graph import Graph, Layer
from dse.network.keras_inference import apply, fold, normalised

__all__ = ["quantization_noise"]

PICTURES_AT_A_TIME = 8
"""Every tensor of the networks is in memory at once: at alpha 1 and 224 pixels 0.6 GB."""


def quantization_noise(
    graph: Graph,
    weights: Weights,
    calibration: NDArray[np.uint8],
    prepared: Prepared,
    head: Head = FACE_HEAD,
) -> QuantizationNoise:
    """Follows the float network and its quantized one over `prepared`, layer by layer.

    calibration: canvases (n, h, w, 3) that set the ranges, as for the compiler.
    Quantized is `kpu8.Chip`: the chip's rules without the last roundings of its tables. One
    rounding in 100,000 that falls the other way spreads through all layers behind it, so
    expect the model's AP near the kmodel's, and not at it.
    Raises DataError for pictures without faces, WeightsError for another network's weights.
    """
    walk = _Walk(graph, weights, calibration, head)
    for part in _parts(prepared):
        walk.add(part)
    return walk.account()


class _Walk:
    """Both networks, and what was seen so far of each layer."""

    def __init__(
        self, graph: Graph, weights: Weights, calibration: NDArray[np.uint8], head: Head
    ) -> None:
        scaled, self._chip, self._box_scale = as_deployed(graph, weights, calibration, head)
        self._head = head
        self._graph = graph
        self._folded = fold(graph, scaled)
        on_kpu = [layer for layer in graph if layer.name in self._chip.layers]
        self._sums = {layer.name: NoiseSums(self._chip.grids[layer.name]) for layer in on_kpu}
        self._alone = {layer.name: Findings(head.classes) for layer in on_kpu}
        self._exact, self._quantized = Findings(head.classes), Findings(head.classes)

    def add(self, part: Prepared) -> None:
        """Lets both networks see the pictures of `part`."""
        exact: dict[str, Any] = {}
        quantized: dict[str, Any] = {}
        chip, output = self._chip, self._graph.outputs[0]
        for place, layer in enumerate(self._graph):
            if layer.op == "input":
                exact[layer.name] = normalised(part.canvases)
                quantized[layer.name] = chip.picture(part.canvases)
                continue
            exact[layer.name] = self._float(layer, exact)
            noisy = [quantized[name] for name in layer.inputs]
            quantized[layer.name] = chip.rounded(layer, chip.computed(layer, noisy))
            if layer.name in self._sums:
                computed = chip.computed(layer, [exact[name] for name in layer.inputs])
                alone = chip.rounded(layer, computed)
                tensors = (exact[layer.name], quantized[layer.name], computed, alone)
                self._sums[layer.name].add(*map(np.asarray, tensors))
                maps = self._rest(place, {**exact, layer.name: alone})
                self._judge(self._alone[layer.name], maps, part)
        self._judge(self._exact, exact[output], part)
        self._judge(self._quantized, quantized[output], part)

    def account(self) -> QuantizationNoise:
        """What all pictures came to."""
        exact = self._exact.evaluation()
        rows = [self._row(self._graph[name], exact) for name in self._sums]
        ap_model = self._quantized.evaluation().ap
        return QuantizationNoise(tuple(rows), exact.ap, ap_model, exact.images, exact.faces)

    def _row(self, layer: Layer, exact: Evaluation) -> LayerNoise:
        kernel = self._folded[layer.name][0] if layer.op == "conv" else None
        return LayerNoise(
            name=layer.name,
            op=layer.op,
            ap_lost=exact.ap - self._alone[layer.name].evaluation().ap,
            weight_spread=None if kernel is None else weight_spread(kernel),
            **self._sums[layer.name].figures(),
        )

    def _float(self, layer: Layer, tensors: dict[str, Any]) -> Any:
        read = [tensors[name] for name in layer.inputs]
        return apply(layer, read, *self._folded.get(layer.name, ()))

    def _rest(self, place: int, tensors: dict[str, Any]) -> Any:
        """The output map when the layers behind `place` go on in float32."""
        for layer in self._graph.layers[place + 1 :]:
            tensors[layer.name] = self._float(layer, tensors)
        return tensors[self._graph.outputs[0]]

    def _judge(self, findings: Findings, maps: Any, part: Prepared) -> None:
        found = unscale_boxes(np.asarray(maps), self._box_scale, self._head)
        findings.add(part, detect(lambda _: found, part, head=self._head))


def _parts(prepared: Prepared) -> Iterator[Prepared]:
    """`prepared` a few pictures at a time."""
    for start in range(0, len(prepared), PICTURES_AT_A_TIME):
        few = slice(start, start + PICTURES_AT_A_TIME)
        squares = prepared.truth_square
        yield dataclasses.replace(
            prepared,
            names=prepared.names[few],
            canvases=prepared.canvases[few],
            scales=prepared.scales[few],
            heights=prepared.heights[few],
            widths=prepared.widths[few],
            truth=prepared.truth[few],
            ignored=prepared.ignored[few],
            truth_square=None if squares is None else squares[few],
            classes=prepared.classes[few],
            ignored_classes=prepared.ignored_classes[few],
        )
