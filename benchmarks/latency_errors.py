"""How far the milliseconds can be trusted: against every time that a chip printed.

    python benchmarks/latency_errors.py [--json]       # layers, leaving one shape out, networks
    python benchmarks/latency_errors.py --constants    # the fit, beside what is shipped
    python benchmarks/latency_errors.py --by-kind A98-a0.5-224-kpu8

The layers are those of `constraints/k210_times.csv`; the networks are in
`published_networks.py`: nothing is fitted to them, but that the first one's layers are among the
rows, and that "digits" set the upper end of the band for pooling.
"""

from __future__ import annotations

import argparse
import json
import statistics
from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any

from old_runtimes import old_operations, predict, rfb_without_slim
from published_networks import PUBLISHED, RFB_LESS_SLIM, Published

from dse import resources
from dse.chips import price
from dse.chips.k210.calibration.fit import FITTED, fit, leave_one_shape_out
from dse.chips.k210.calibration.log_tables import read_measurements
from dse.chips.k210.calibration.measurement import Measurement
from dse.chips.k210.cost.latency import Duration, step_time
from dse.chips.k210.cost.lowering import lower
from dse.chips.k210.target import K210Target
from dse.chips.subject import resolve
from dse.network.graph import Graph
from dse.text_table import format_table

Row = dict[str, Any]


def layers(measurements: Sequence[Measurement], target: K210Target) -> list[Row]:
    """Each time of the calibration set, as shipped and with its shape left out."""
    guesses = {one: guess for one, guess in leave_one_shape_out(measurements, target)}
    rows = []
    for one in measurements:
        shipped = one.predicted_ms(target) if one.modelled else None
        row = {**asdict(one), "ops": "+".join(one.ops), "shipped_ms": shipped}
        row["left_out_ms"] = guesses.get(one)
        for name in ("shipped", "left_out"):
            guess = row[f"{name}_ms"]
            row[f"{name}_error"] = None if guess is None else guess / one.ms - 1
        rows.append(row)
    return rows


def summary(rows: Sequence[Row]) -> list[Row]:
    """Median and worst errors over the fitted rows, by kind of work."""
    kinds = {"convolutions": ("kpu_conv",), "depthwise": ("kpu_depthwise",)}
    found = []
    for what in (*kinds, "everything"):
        for name in ("shipped_error", "left_out_error"):
            errors = [
                abs(row[name])
                for row in rows
                if row["fitted"]
                and row[name] is not None
                and row["ops"] in kinds.get(what, (row["ops"],))
            ]
            found.append(
                {
                    "what": f"{what}, {name.removesuffix('_error').replace('_', ' ')}",
                    "rows": len(errors),
                    "median": statistics.median(errors),
                    "worst": max(errors),
                }
            )
    return found


def networks(target: K210Target) -> list[Row]:
    """Each published time beside the predicted one and its band."""
    old = old_operations()
    rows = []
    for one in PUBLISHED:
        time = predict(one, target, old)
        rows.append(_network(one, time))
    rows.append(_network(RFB_LESS_SLIM, rfb_without_slim(target, old)))
    return rows


def _network(one: Published, time: Duration) -> Row:
    holds = time.low_ms <= one.high_ms and one.low_ms <= time.high_ms
    below = one.missing and time.high_ms < one.low_ms
    return {
        "network": one.name,
        "runtime": one.runtime,
        "published_ms": [one.low_ms, one.high_ms],
        "predicted_ms": time.ms,
        "band_ms": [time.low_ms, time.high_ms],
        "band": "holds" if holds else "below, as a part must be" if below else "misses",
        "missing": one.missing,
        "source": one.source,
    }


def by_kind(design: str, target: K210Target) -> list[Row]:
    """Milliseconds of a design by kind of work, longest first; last all, and all but additions."""
    graph = resolve(design, "kpu8").graph
    program = lower(graph, target.interleaved)
    rows: dict[str, Row] = {}
    for step in program.steps:
        row = rows.setdefault(step.op, {"kind": step.op, "steps": 0, "ms": 0.0, "band_ms": [0, 0]})
        time = step_time(program, step, target)
        low, high = row["band_ms"]
        row["steps"] += 1
        row["ms"] += time.ms
        row["band_ms"] = [low + time.low_ms, high + time.high_ms]
    found = sorted((row for row in rows.values() if row["ms"]), key=lambda row: -row["ms"])
    for name, one in (("all", graph), ("all but additions", _without_additions(graph))):
        cost = price(one, "kpu8", target)
        steps = len(lower(one, target.interleaved).steps)
        band = [cost.latency_ms_low, cost.latency_ms_high]
        found.append({"kind": name, "steps": steps, "ms": cost.latency_ms, "band_ms": band})
    return found


def _without_additions(graph: Graph) -> Graph:
    """The graph in which an addition hands on its last operand."""
    instead: dict[str, str] = {}
    layers = []
    for layer in graph:
        inputs = tuple(instead.get(name, name) for name in layer.inputs)
        if layer.op == "add":
            instead[layer.name] = inputs[-1]
        else:
            layers.append(replace(layer, inputs=inputs))
    return Graph(graph.name, tuple(layers), graph.outputs)


def constants(measurements: Sequence[Measurement], target: K210Target) -> list[Row]:
    """The fitted constants beside those that are shipped."""
    found = fit(measurements, target)
    return [
        {"constant": name, "shipped": getattr(target, name), "fitted": getattr(found, name)}
        for name in FITTED
        if getattr(found, name) != getattr(target, name)
    ]


def as_table(rows: Sequence[Row], columns: Sequence[str]) -> str:
    """`columns` of the rows as text; errors in percent."""
    cells = [[_text(name, row[name]) for name in columns] for row in rows]
    words = [name for name in columns if any(isinstance(row[name], str) for row in rows)]
    return format_table(columns, cells, left=words)


def _text(name: str, value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, (list, tuple)):
        texts = [_text(name, one) for one in value]
        return texts[0] if len(set(texts)) == 1 else " to ".join(texts)
    if name in ("median", "worst"):
        return f"{100 * value:.1f} %"
    if name.endswith("error"):
        return f"{100 * value:+.1f} %"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


LAYER_COLUMNS = (
    "ops", "kernel", "height", "width", "input_channels", "output_channels", "runtime", "ms",
    "shipped_error", "left_out_error", "source",
)  # fmt: skip
NETWORK_COLUMNS = (
    "network", "runtime", "published_ms", "predicted_ms", "band_ms", "band", "missing", "source",
)  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--target", default="k210")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--constants", action="store_true", help="the fit, beside what is shipped")
    parser.add_argument("--by-kind", metavar="DESIGN", help="a design's time by kind of work")
    options = parser.parse_args()
    target = K210Target.load(options.target)
    measurements = read_measurements(resources.folder("constraints") / "k210_times.csv")
    if options.by_kind:
        parts: dict[str, tuple[list[dict[str, Any]], tuple[str, ...]]]
        parts = {"by_kind": (by_kind(options.by_kind, target), ("kind", "steps", "ms", "band_ms"))}
    elif options.constants:
        found = constants(measurements, target)
        parts = {"constants": (found, ("constant", "shipped", "fitted"))}
    else:
        rows = layers(measurements, target)
        parts = {
            "layers": (rows, LAYER_COLUMNS),
            "summary": (summary(rows), ("what", "rows", "median", "worst")),
            "networks": (networks(target), NETWORK_COLUMNS),
        }
    if options.json:
        print(json.dumps({name: found for name, (found, _) in parts.items()}, indent=2))
    else:
        print("\n\n".join(as_table(found, columns) for found, columns in parts.values()))


if __name__ == "__main__":
    main()
