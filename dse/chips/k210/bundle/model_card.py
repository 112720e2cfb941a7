"""MODEL_CARD.md of a bundle: what the detector is, how good, how large, how fast, from what."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dse.chips.k210.bundle.rendering import render
from dse.data.specification import are_drawn_scenes

__all__ = ["model_card"]

SIZES = {
    "kmodel_bytes": "file",
    "data_bytes": "working memory",
    "input_bytes": "input",
    "output_bytes": "output",
    "main_memory_bytes": "main memory in all",
    "peak_kpu_bytes": "KPU memory at the peak",
}


def model_card(manifest: Mapping[str, Any]) -> bytes:
    """The file, from the tables of `manifest.json`."""
    compiled = manifest["compiled"]
    return render(
        "MODEL_CARD.md",
        **manifest,
        sizes=[(name, f"{compiled[key]:,}") for key, name in SIZES.items() if compiled[key]],
        estimates=_estimates(manifest["estimate"]),
        origin=_flat(manifest["study"]),
        is_demo=are_drawn_scenes(str(manifest["study"].get("trained_on", ""))),
    )


def _estimates(estimate: Mapping[str, Any]) -> list[tuple[str, str]]:
    rows = []
    if "latency_ms" in estimate:
        text = f"{estimate['latency_ms']:.1f} ms"
        if "latency_ms_low" in estimate and "latency_ms_high" in estimate:
            text += f" ({estimate['latency_ms_low']:.1f} to {estimate['latency_ms_high']:.1f})"
        rows.append(("latency of one picture", text))
    if "energy_mj" in estimate:
        rows.append(("energy of one picture", f"{estimate['energy_mj']:.1f} mJ"))
    for key, name in (("macs", "multiply-accumulates"), ("parameters", "parameters")):
        if key in estimate:
            rows.append((name, f"{estimate[key]:,}"))
    return rows


def _flat(table: Mapping[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    """Nested tables as rows "outer.inner"; texts that would break a table row are mended."""
    rows = []
    for key, value in table.items():
        if isinstance(value, Mapping):
            rows += _flat(value, f"{prefix}{key}.")
        else:
            rows.append((f"{prefix}{key}", str(value).replace("|", "\\|").replace("\n", " ")))
    return rows
