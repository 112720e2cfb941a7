"""Whether a target can hold a network, and if not: which limit, where, and by how much."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dse.chips.target import Target

if TYPE_CHECKING:
    from dse.chips.k210.cost.price import Cost

__all__ = ["ACCEPTED", "REJECTED", "UNKNOWN", "Verdict", "judge"]

ACCEPTED, REJECTED, UNKNOWN = "accepted", "rejected", "unknown"


@dataclass(frozen=True)
class Verdict:
    """The decision on one network.

    status: "accepted", "rejected" or "unknown" (an operation that no rule covers).
    reason: stable key of the limit: "kpu_memory", "main_memory", "kmodel_version",
        "unsupported"; empty when accepted. limit: the same in words.
    layer: where the limit is passed. needed_bytes, allowed_bytes: zero where bytes are not it.
    """

    status: str
    reason: str = ""
    limit: str = ""
    layer: str = ""
    needed_bytes: int = 0
    allowed_bytes: int = 0
    message: str = ""

    @property
    def accepted(self) -> bool:
        """The target can hold the network."""
        return self.status == ACCEPTED

    @property
    def excess(self) -> float:
        """By which part the limit is passed: 0.25 when a quarter too much; zero if it is not."""
        return self.needed_bytes / self.allowed_bytes - 1 if self.allowed_bytes else 0.0


def judge(cost: Cost, target: Target) -> Verdict:
    """The first limit of `target` that `cost` passes, memory before loaders."""
    if cost.unknown_ops:
        layer, op = cost.unknown_ops[0]
        message = f"no rule covers the operation '{op}' of layer {layer}"
        return Verdict(UNKNOWN, "unsupported", "operations", layer, message=message)
    return _kpu_memory(cost, target) or _main_memory(cost, target) or _loader(cost, target)


def _kpu_memory(cost: Cost, target: Target) -> Verdict | None:
    needed, allowed = cost.peak_kpu_bytes, target.kpu_memory_bytes
    if needed <= allowed:
        return None
    return _too_much("kpu_memory", "KPU feature-map memory", cost.peak_layer, needed, allowed)


def _main_memory(cost: Cost, target: Target) -> Verdict | None:
    needed, allowed = cost.main_memory_bytes, target.model_memory_bytes
    if needed <= allowed:
        return None
    return _too_much("main_memory", "main memory", cost.data_layer, needed, allowed)


def _loader(cost: Cost, target: Target) -> Verdict:
    written, loaded = target.kmodel_version_written, target.kmodel_versions_loaded
    if not cost.deployable or written in loaded:
        return Verdict(ACCEPTED)
    versions = ", ".join(str(version) for version in loaded)
    message = f"{target.title} loads kmodel version {versions}; the compiler writes {written}"
    if target.kmodel_hint:
        message += f": {target.kmodel_hint}"
    return Verdict(REJECTED, "kmodel_version", "kmodel loader", message=message)


def _too_much(reason: str, limit: str, layer: str, needed: int, allowed: int) -> Verdict:
    message = (
        f"{limit}: {needed:,} bytes needed at {layer}, {allowed:,} allowed, "
        f"{needed - allowed:,} too many"
    )
    return Verdict(REJECTED, reason, limit, layer, needed, allowed, message)
