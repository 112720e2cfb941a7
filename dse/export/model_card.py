"""MODEL_CARD.md of a bundle: what the detector is, how good, how large, how fast, from what."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

__all__ = ["model_card"]

_CAUTIONS = """\
## What to know before using it
* Accuracy of the kmodel comes from nncase's simulator, which computes what the chip computes;
  no board took part.
* Latency, its band and energy are the cost model's estimates, not measurements.
* It finds faces; it does not tell whose they are. Check it on pictures like yours: light,
  distance, masks and skin tones that the data lacks are where detectors fail.
"""


def model_card(manifest: Mapping[str, Any]) -> str:
    """The text, from the tables of `manifest.json`."""
    parts = [
        f"# {manifest['candidate']}",
        _verdict(manifest),
        "## Accuracy",
        _accuracy(manifest["accuracy"], manifest["data"]),
        "## Size and memory",
        _table(("what", "bytes"), _sizes(manifest["compiled"])),
        "## Time and energy (estimated)",
        _table(("what", "value"), _estimates(manifest["estimate"])),
        _CAUTIONS,
        "## Where it comes from",
        _table(("study", "value"), _flat(manifest["study"])),
        _table(("package", "version"), manifest["versions"].items()),
        "## Checksums (sha256)",
        _table(("file", "sha256"), ((n, f["sha256"]) for n, f in manifest["files"].items())),
    ]
    return "\n\n".join(part.strip() for part in parts if part) + "\n"


def _verdict(manifest: Mapping[str, Any]) -> str:
    reason = manifest["rejected"]
    if reason:
        return f"**Rejected: do not deploy.** {reason}"
    return "Face detector for the Kendryte K210; the kmodel passed its check in the simulator."


def _accuracy(accuracy: Mapping[str, Any], data: Mapping[str, Any]) -> str:
    rows = [("plain boxes", accuracy["ap"], accuracy["kmodel_ap"])]
    if accuracy["kmodel_ap_square"] is not None:
        rows.append(("square boxes", accuracy["ap_square"], accuracy["kmodel_ap_square"]))
    head = ("average precision, IoU 0.5", "float32", "kmodel")
    table = _table(head, ((name, _ap(one), _ap(other)) for name, one, other in rows))
    return (
        f"{table}\n\nMeasured on `{data['source']}` ({data['pictures']} pictures, "
        f"{data['faces']} faces, checksum {data['checksum']}), one scale. Output maps of the two "
        f"correlate with {accuracy['correlation']:.4f}. At score {accuracy['score']:.2f} or more, "
        f"the best F1 on these pictures, precision is {accuracy['precision']:.2f} and recall "
        f"{accuracy['recall']:.2f}."
    )


def _ap(value: float | None) -> str:
    return "not measured" if value is None else f"{value:.4f}"


def _sizes(compiled: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    names = {
        "kmodel_bytes": "file",
        "data_bytes": "working memory",
        "input_bytes": "input",
        "output_bytes": "output",
        "main_memory_bytes": "main memory in all",
        "peak_kpu_bytes": "KPU memory at the peak",
    }
    return ((name, f"{compiled[key]:,}") for key, name in names.items() if compiled[key])


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


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    if not lines:
        return "Not given."
    return "\n".join(["| " + " | ".join(head) + " |", "|" + "--|" * len(head), *lines])
