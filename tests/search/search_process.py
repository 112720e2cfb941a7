"""A search in a process of its own, for tests that kill it.

search_process.py RESULTS SPACE TRACE EPOCH_S BUDGET EXECUTOR [resume]
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import fake_training

from dse.errors import DseError
from dse.search import SearchOptions, run_search


def main() -> int:
    results, space, trace, epoch_s, budget, executor, *resume = sys.argv[1:]
    options = SearchOptions(
        budget=int(budget),
        space=None if resume else space,
        results=Path(results),
        executor=executor,  # type: ignore[arg-type]
        workers=2,
        proposer=None if resume else "random",
        early_stopping=None if resume else False,
        resume=bool(resume),
    )
    try:
        report = run_search(options, fake_training.workshop(Path(trace), float(epoch_s)))
    except DseError as error:
        print(f"{type(error).__name__}: {error}. {error.hint}", file=sys.stderr)
        return error.exit_code
    print(json.dumps(report.as_dict()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
