"""AP of a few designs over several seeds: what another training of the same would give.

    python benchmarks/seed_spread.py A98-a0.5-224 P8-a1-256 --seeds 0 1 2 \\
        --data wider:DIR --eval-data fddb:DIR [--loss paper] [--weights-dir DIR] [--results DIR]

Every seed is a study of its own, trained by the search's machinery with nothing stopped early;
the same call again goes on where it was killed. `ap` is the float network's, `kmodel_ap` that
of the compiled file, each as mean and sample standard deviation; `gap_points` is their
difference in hundredths, seed by seed.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from dse.reproduction.comparison import Sample
from dse.reproduction.training import write_space
from dse.search import RunOptions, SearchRequest, load_study, run_search
from dse.space import Training
from dse.study.folder import study_names
from dse.training.recipe import Recipe

FORMATS = ("kpu8", "FP32")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("trainings", nargs="+", type=Training.parse, metavar="TRAINING")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--data", required=True)
    parser.add_argument("--eval-data", required=True)
    parser.add_argument("--loss", choices=("focal", "paper"), default="focal")
    parser.add_argument("--weights", choices=("auto", "imagenet", "shipped"))
    parser.add_argument("--weights-dir", type=Path)
    parser.add_argument("--executor", choices=("ray", "inline"), default="ray")
    parser.add_argument("--workers", type=int)
    parser.add_argument("--name", default="seeds", help="of the studies, a seed is appended")
    parser.add_argument("--results", type=Path, default=Path("results"))
    options = parser.parse_args()
    space = write_space(options.results / f"{options.name}.toml", options.trainings, FORMATS)
    measured = [measure(options, seed, space) for seed in options.seeds]
    rows = {one.id: spread([found[one.id] for found in measured]) for one in options.trainings}
    print(json.dumps({"seeds": options.seeds, "designs": rows}, indent=1))


def measure(options: argparse.Namespace, seed: int, space: Path) -> dict[str, dict[str, float]]:
    """Training id -> AP in each of FORMATS, for one seed."""
    name = f"{options.name}-{seed}"
    known = name in study_names(options.results)
    run_search(
        SearchRequest(
            budget=len(options.trainings),
            target="unlimited",
            space=None if known else str(space),
            data=options.data,
            eval_data=options.eval_data,
            weights=options.weights,
            weights_dir=options.weights_dir,
            recipe=Recipe(seed=seed, loss=options.loss),
            proposer="random",
            seed=seed,
            early_stopping=False,
        ),
        RunOptions(
            results=options.results,
            study=name,
            resume=known,
            executor=options.executor,
            workers=options.workers,
        ),
    )
    entries = load_study(options.results / name).entries
    return {one.training.id: one.outcome["ap"] for one in entries if one.state == "complete"}


def spread(found: Sequence[dict[str, float]]) -> dict[str, Any]:
    """One design's row, from its AP in each seed."""
    kmodel, float_ap = ([one[format] for one in found] for format in FORMATS)
    gaps = [100 * (a - b) for a, b in zip(float_ap, kmodel, strict=True)]
    samples = {"ap": Sample.of(float_ap), "kmodel_ap": Sample.of(kmodel)}
    rounded = {name: asdict(sample) for name, sample in samples.items() if sample}
    return {**rounded, "each_kmodel_ap": kmodel, "gap_points": [round(gap, 2) for gap in gaps]}


if __name__ == "__main__":
    main()
