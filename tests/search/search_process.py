"""A search in a process of its own, for tests that kill it.

python -m tests.search.search_process RESULTS SPACE TRACE EPOCH_S BUDGET EXECUTOR
    [resume] [address=RAY | URL]
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from dse.errors import DseError
from dse.search import run_search
from dse.study import shared_journal
from tests.search import fake_training
from tests.search.fixtures import Search


def started(*arguments: object, **streams: int) -> subprocess.Popen[str]:
    """The process of a search; `streams`, such as stdout=subprocess.PIPE."""
    root = str(Path(__file__).parents[2])
    path = os.pathsep.join([root, *filter(None, [os.environ.get("PYTHONPATH")])])
    return subprocess.Popen(
        [sys.executable, "-m", __name__, *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": path},
        text=True,
        **streams,  # type: ignore[call-overload]
    )


def main() -> int:
    results, space, trace, epoch_s, budget, executor, *more = sys.argv[1:]
    resume = "resume" in more
    options = Search().changed(
        budget=int(budget),
        space=None if resume else space,
        results=Path(results),
        executor=executor,
        workers=2,
        proposer=None if resume else "random",
        early_stopping=None if resume else False,
        resume=resume,
        **_elsewhere(more),
    )
    try:
        report = run_search(*options, fake_training.backend(Path(trace), float(epoch_s)))
    except DseError as error:
        print(f"{type(error).__name__}: {error}. {error.hint}", file=sys.stderr)
        return error.exit_code
    print(json.dumps(report.as_dict()))
    return 0


def _elsewhere(more: list[str]) -> dict[str, Any]:
    """Options for a cluster, or for the database of a study that others work on, too."""
    for item in more:
        if item.startswith("address="):
            return {"ray_address": item.removeprefix("address=")}
        if "://" in item:
            shared_journal.HEARTBEAT_S, shared_journal.GRACE_S = 1, 3
            return {"storage": item, "study": "ours"}
    return {}


if __name__ == "__main__":
    sys.exit(main())
