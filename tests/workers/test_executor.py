from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from dse.errors import DataError
from dse.space import Training
from dse.workers.executor import Epoch, Failure, Task, TaskRunner


@dataclass
class Found:
    ap: dict[str, Any]
    seconds: Any


def test_results_become_plain_values(tmp_path: Path) -> None:
    def train(job: Any, training: Training, folder: Path, report: Any) -> Found:
        assert folder.is_dir()
        report(Epoch(1, 2, 0.5, float("nan"), 1.0))
        return Found({"kpu8": np.float32(0.5), "FP16": float("nan")}, np.int64(3))

    seen: list[Epoch] = []
    runner = TaskRunner(None, tmp_path, train, lambda *_: None)

    def report(epoch: Epoch) -> bool:
        seen.append(epoch)
        return True

    result = runner.run(Task("train", Training("A", 63, 0.5, 96), 0), report)
    assert result == {"ap": {"kpu8": 0.5, "FP16": None}, "seconds": 3.0}
    assert seen[0].epoch == 1


def test_a_failure_keeps_the_hint() -> None:
    failure = Failure.of(DataError("no picture", "look again"))
    assert failure.message == "DataError: no picture (look again)"
