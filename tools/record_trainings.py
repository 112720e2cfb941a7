"""Put the finished trainings of studies into one table, for searches to be replayed on.

    dse search --space k210_face --budget 1000 --proposer random --no-early-stopping \
        --pictures 600 --calibration-pictures 16 --data wider:DIR --eval-data fddb:DIR --study all
    python -m tools.record_trainings results/all > results/recorded/k210.jsonl

An earlier table counts as a study: name it first to add to it. All have to share recipe,
pictures and starting weights; a training that several have is taken from the last. The
trainings themselves resume as every search does (`--resume`), and the table can be written
again as they grow. `dse search --replay TABLE` searches on it.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from dse.errors import DseError
from dse.search import load_study
from dse.study.recorded import RecordedTable


def main() -> int:
    """Collect, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("studies", nargs="+", type=Path, metavar="STUDY", help="folders, or tables")
    options = parser.parse_args()
    try:
        table = RecordedTable.joined({str(path): _read(path) for path in options.studies})
    except DseError as error:
        print(f"{error}\n{error.hint}", file=sys.stderr)
        return error.exit_code
    sys.stdout.write(table.text())
    seconds = sum(outcome.seconds for outcome in table.outcomes.values())
    print(f"{len(table.outcomes)} trainings, {seconds / 3600:.1f} hours of work", file=sys.stderr)
    return 0


def _read(path: Path) -> RecordedTable:
    return RecordedTable.of(load_study(path)) if path.is_dir() else RecordedTable.load(path)


if __name__ == "__main__":
    sys.exit(main())
