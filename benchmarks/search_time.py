"""Where the time of a finished search went.

    python benchmarks/search_time.py results/k210-001

From the study's own record. JSON on stdout: minutes of search, seconds of work of all trainings
(as many at a time as there were workers), and the shares of it: epochs with their validation,
kmodels compiled and judged, and the rest, which is drawing scenes, features of frozen layers, AP
in the other formats, and building the networks.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from dse.search import StudyFolder, load_study


def main() -> None:
    """Add up, and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("study", type=Path, help="its folder")
    study = parser.parse_args().study
    record, folder = load_study(study), StudyFolder.open(study)
    outcomes = [entry.outcome for entry in record.entries if entry.outcome.get("curve")]
    work_s = sum(outcome["seconds"] for outcome in outcomes)
    epochs_s = sum(outcome["curve"][-1]["seconds"] for outcome in outcomes)
    measured = (folder.training(o["training_id"]) / "kmodel.json" for o in outcomes)
    kmodels_s = sum(json.loads(file.read_text())["seconds"] for file in measured if file.exists())
    shares = {"epochs": epochs_s, "kmodels": kmodels_s, "rest": work_s - epochs_s - kmodels_s}
    report = {
        "minutes": round(record.report().seconds / 60, 1),
        "trainings": len(outcomes),
        "work_s": round(work_s),
        "shares": {name: round(seconds / work_s, 2) for name, seconds in shares.items()},
    }
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
