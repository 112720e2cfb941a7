"""A study that no search made, with designs in every state, and a browser to look at it."""

from __future__ import annotations

import math
import random
import shutil
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from dse.chips import load_target
from dse.pareto import front_mask
from dse.space import SearchSpace, Training
from dse.study.columns import StudyColumns, study_columns

KPU_BYTES, MAIN_BYTES = 2 * 2**20, 6 * 2**20
SETTINGS: dict[str, Any] = {
    "created": "2026-11-22T19:00:00+00:00",
    "command": "dse search --budget 24 --target k210",
    "search": {"budget": 24, "proposer": "composite", "seed": 0, "recipe": {"epochs": 12}},
    "pictures": {"data": "synthetic", "eval_data": "synthetic", "checksum": "4f9a22c01b"},
    "weights": {"source": "package", "checksum": "77ab01"},
    "space": {"name": "mobilenetv2_face", "width": [0.35, 0.5, 0.75, 1.0]},
    "target": asdict(load_target("k210")),
    "versions": {"python": "3.10.13", "dse": "0.1.0", "tensorflow-cpu": "2.21.0"},
}

SPACE = SearchSpace.load("mobilenetv2_face")


@dataclass
class FakeRecord:
    """What the page needs of a study, given outright."""

    rows: list[dict[str, Any]] = field(default_factory=list)
    curves: dict[str, pd.DataFrame] = field(default_factory=dict)
    precision_recall: dict[str, pd.DataFrame] = field(default_factory=dict)
    ap_by_class: dict[str, dict[str, float]] = field(default_factory=dict)
    stopping: str = ""
    candidates: list[dict[str, Any]] = field(default_factory=list)
    columns: StudyColumns = field(default_factory=study_columns)
    history: pd.DataFrame = field(
        default_factory=lambda: pd.DataFrame(columns=["trial", "elapsed_s", "hypervolume"])
    )
    name: str = "k210-001"
    path: Path = Path("results/k210-001")
    settings_table: dict[str, Any] = field(default_factory=lambda: SETTINGS)

    def frame(self) -> pd.DataFrame:
        return pd.DataFrame(self.rows, columns=self.columns.names("frame"))

    def space(self) -> pd.DataFrame:
        return pd.DataFrame(self.candidates, columns=self.columns.names("space"))


def cost_of(training: Training, format: str) -> dict[str, Any]:
    """Costs of about the right size; only their order matters here."""
    deeper = 1.0 if training.breakpoint == "A" else 3.5
    parameters = int(688_381 * deeper * training.width**1.7)
    pixels = training.canvas.area
    latency_ms = 1.6 * (4 + pixels / 3200 * training.width + 6 * deeper * training.width)
    if format != "kpu8":
        latency_ms *= 40
    kmodel_bytes = parameters * {"kpu8": 1.2, "FP32": 4.0}.get(format, 2.0)
    return {
        "latency_ms": latency_ms,
        "latency_ms_low": 0.85 * latency_ms,
        "latency_ms_high": 1.3 * latency_ms,
        "kmodel_bytes": int(kmodel_bytes),
        "main_memory_bytes": int(kmodel_bytes + 20 * pixels),
        "peak_kpu_bytes": int(pixels * 96 * training.width * 0.62),
        "energy_mj": 0.3 * latency_ms,
        "parameters": parameters,
        "macs": parameters * 120,
        "deployable": format == "kpu8",
    }


def ap_of(training: Training, format: str, luck: float) -> float:
    """An AP that grows with width and input size, and suffers from few bits."""
    size = 1 - math.exp(-math.sqrt(training.canvas.area) / 90)
    lost = {"kpu8": 0.012, "Q9": 0.004, "Q8": 0.01, "Q7": 0.07, "Q6": 0.8}.get(format, 0.0)
    ap: float = (0.97 - 0.1 / training.width**0.8) * size + luck - lost
    return max(0.01, ap)


def _judged(row: dict[str, Any]) -> dict[str, Any] | None:
    """The row as a rejected one, or None if it fits."""
    for reason, column, allowed in (
        ("kpu_memory", "peak_kpu_bytes", KPU_BYTES),
        ("main_memory", "main_memory_bytes", MAIN_BYTES),
    ):
        if row[column] > allowed:
            message = f"needs {row[column]:,} bytes at block_2_depthwise, {allowed:,} allowed"
            return {
                **row,
                "state": "rejected",
                "reason": reason,
                "layer": "block_2_depthwise",
                "message": message,
            }
    return None


def make_record(
    trained: int = 24, name: str = "k210-001", rejected: int | None = None
) -> FakeRecord:
    """A study of `trained` trainings: every sixth stopped early, the eleventh failed."""
    chance = random.Random(3)
    space = SPACE
    rows: list[dict[str, Any]] = []
    candidates: list[dict[str, Any]] = []
    feasible: list[Training] = []
    for training in space.trainings():
        for format in SPACE.format:
            row = {**_names(training, format), **cost_of(training, format)}
            refused = _judged(row)
            candidates.append({**row, "status": "rejected" if refused else "accepted"})
            if refused:
                rows.append(refused)
            elif format == "kpu8":
                feasible.append(training)
    record = FakeRecord(rows[:rejected], name=name, candidates=candidates)
    record.path = Path("results") / name
    for trial, training in enumerate(chance.sample(feasible, trained)):
        _train(record, trial, training, chance)
    _find_front(record.rows)
    seconds = [70.0 * (trial + 1) for trial in range(trained)]
    volume = [0.82 * (1 - math.exp(-trial / 6)) for trial in range(1, trained + 1)]
    record.history = pd.DataFrame(
        {"trial": range(trained), "elapsed_s": seconds, "hypervolume": volume}
    )
    return record


def _names(training: Training, format: str) -> dict[str, Any]:
    axes = {axis: getattr(training, axis) for axis in ("breakpoint", "frozen_until", "width")}
    return {
        "candidate": training.in_format(format).id,
        "training": training.id,
        "format": format,
        "input_size": training.input_size,
        **axes,
    }


def _train(record: FakeRecord, trial: int, training: Training, chance: random.Random) -> None:
    luck = chance.uniform(-0.03, 0.03)
    fate = "failed" if trial % 11 == 10 else "stopped" if trial % 6 == 5 else "dominated"
    epochs = 4 if fate == "stopped" else 12
    final = ap_of(training, "FP32", luck)
    epoch = list(range(1, epochs + 1))
    reached = [final * (1 - 0.7 * math.exp(-number / 3)) for number in epoch]
    loss = [2.2 * math.exp(-number / 5) + 0.3 for number in epoch]
    if fate != "failed":
        record.curves[training.id] = pd.DataFrame(
            {"epoch": epoch, "loss": loss, "val_ap": reached, "seconds": [5.0 * n for n in epoch]}
        )
    for format in SPACE.format:
        row = {**_names(training, format), **cost_of(training, format)}
        if _judged(row):
            continue
        row.update(state=fate, trial=trial, seconds=5.0 * epochs, epochs=epochs)
        if fate == "failed":
            row["message"] = "the worker ended without an answer"
        else:
            row["val_ap"] = reached[-1]
        if fate == "dominated":
            ap = ap_of(training, format, luck)
            row.update(ap=ap, ap_low=ap - 0.03, ap_high=ap + 0.02)
            record.precision_recall[row["candidate"]] = _curve(ap)
            row["ap_square"] = 0.93 * row["ap"]
        record.rows.append(row)


def _curve(ap: float) -> pd.DataFrame:
    """Precision that falls towards the last face that is found, 300 detections."""
    recall = [ap * (step + 1) / 300 for step in range(300)]
    precision = [1 - 0.4 * (r / ap) ** 6 for r in recall]
    score = [1 - 0.9 * r / ap for r in recall]
    return pd.DataFrame({"recall": recall, "precision": precision, "score": score})


def _find_front(rows: list[dict[str, Any]]) -> None:
    rivals = [row for row in rows if row["state"] == "dominated"]
    values = [(row["ap"], row["latency_ms"], row["kmodel_bytes"]) for row in rivals]
    for row, on_front in zip(rivals, front_mask(values, (True, False, False)), strict=True):
        if on_front:
            row["state"] = "front"
            if row["deployable"] and row["trial"] % 2 == 0:
                row["kmodel_ap"] = row["ap"] - 0.008


@pytest.fixture(scope="session")
def record() -> FakeRecord:
    """24 trainings in every state, the whole default space judged."""
    return make_record()


@pytest.fixture(scope="session")
def record_maker() -> Callable[..., FakeRecord]:
    """`make_record`, for tests that need another study."""
    return make_record


@pytest.fixture(scope="session")
def empty_record() -> FakeRecord:
    """A study that has only just begun."""
    return FakeRecord(name="begun", path=Path("results/begun"))


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """The machine's Chromium, driven by Playwright; skips where one of them is missing."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    if program is None:
        pytest.skip("no chromium on this machine: apt-get install chromium")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(
            executable_path=program, args=["--no-sandbox", "--disable-gpu"]
        )
        yield browser
        browser.close()
