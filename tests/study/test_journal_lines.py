"""Journals that somebody made up: file and line are named, and nothing leaves the folder."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dse.errors import CorruptJournal
from dse.space import SearchSpace, Training
from dse.study.file_journal import FileJournal, read_entries
from dse.study.journal_lines import LINE_BYTES, broken_tail, drop_broken_tail

SPACE = SearchSpace("s", ("A", "B"), (63, 98), (0.35, 0.5), (96, 128), ("kpu8",))
FIRST = Training("A", 63, 0.35, 96)
DIGITS = "9" * 5000
OUTCOME = {
    "training_id": FIRST.id, "epochs": 1, "stopped": False, "seconds": 1.0, "val_ap": None,
    "ap": {"kpu8": 0.5}, "ap_square": {"kpu8": None}, "ap_interval": {"kpu8": [0.4, 0.6]},
    "ap_by_class": {"kpu8": {"cat": 0.5, "owl": None}},
    "curve": [{"epoch": 1, "epochs": 1, "loss": 0.1, "val_ap": None, "seconds": 1.0}],
}  # fmt: skip
NAMES, CREATE, NOTE, END, KMODEL = 1, 2, 3, 5, 6
"""Places of the lines of `path`."""


@pytest.fixture()
def path(tmp_path: Path) -> Path:
    """A journal of one training, with its kmodel measured."""
    return written(tmp_path / "journal.log")


@pytest.fixture(scope="module")
def lines(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    """Its lines."""
    path = tmp_path_factory.mktemp("whole") / "journal.log"
    return written(path).read_bytes().splitlines(keepends=True)


def written(path: Path) -> Path:
    journal = FileJournal(path, "mine")
    journal.start(FIRST, SPACE)
    journal.finish(0, (0.5, 10.0, 1000), OUTCOME, 1.5)
    journal.measured(FIRST, {"kmodel_ap": 0.4})
    return path


def changed(path: Path, line: int, change: Callable[[dict[str, Any]], Any]) -> None:
    lines = path.read_text().splitlines()
    record = json.loads(lines[line])
    change(record)
    lines[line] = json.dumps(record)
    path.write_text("\n".join(lines) + "\n")


def choices(*values: object) -> str:
    return json.dumps({"name": "CategoricalDistribution", "attributes": {"choices": values}})


WRONG: list[tuple[int, Callable[[dict[str, Any]], Any]]] = [
    (0, lambda line: line.update(directions=[9])),
    (0, lambda line: line.pop("study_name")),
    (NAMES, lambda line: line.pop("system_attr")),
    (CREATE, lambda line: line.pop("worker_id")),
    (CREATE, lambda line: line.update(op_code=99)),
    (CREATE, lambda line: line.update(op_code="4")),
    (CREATE, lambda line: line.update(study_id=10**30)),
    (CREATE, lambda line: line.update(state="done")),
    (CREATE, lambda line: line["params"].update(width="x")),
    (CREATE, lambda line: line["params"].pop("width")),
    (CREATE, lambda line: line["params"].update(breakpoint=99)),
    (CREATE, lambda line: line["distributions"].pop("width")),
    (CREATE, lambda line: line["distributions"].update(width="{")),
    (CREATE, lambda line: line["distributions"].update(width="[" * 10_000)),
    (CREATE, lambda line: line["distributions"].update(width='{"name": "os.system"}')),
    (CREATE, lambda line: line["distributions"].update(width=choices("a", "b"))),
    (CREATE, lambda line: line["distributions"].update(breakpoint=choices("../../x", "/tmp/x"))),
    (NOTE, lambda line: line["user_attr"].update(outcome=3)),
    (NOTE, lambda line: line["user_attr"]["outcome"].update(ap=[1])),
    (NOTE, lambda line: line["user_attr"]["outcome"].update(ap={"kpu8": "x"})),
    (NOTE, lambda line: line["user_attr"]["outcome"].update(ap={"kpu8": float("inf")})),
    (NOTE, lambda line: line["user_attr"]["outcome"].update(ap={"kpu8": 1e300})),
    (NOTE, lambda line: line["user_attr"]["outcome"].update(ap_interval={"kpu8": [1]})),
    (NOTE, lambda line: line["user_attr"]["outcome"].update(ap_by_class={"kpu8": 0.5})),
    (NOTE, lambda line: line["user_attr"]["outcome"].update(ap_by_class={"kpu8": {"cat": "x"}})),
    (NOTE, lambda line: line["user_attr"]["outcome"].update(curve=[{"epoch": 1}])),
    (NOTE, lambda line: line["user_attr"]["outcome"]["curve"][0].update(epochs=0)),
    (NOTE, lambda line: line["user_attr"]["outcome"].update(beaten={"bound": "x"})),
    (END, lambda line: line.update(state=77)),
    (END, lambda line: line.update(values=["a"])),
    (END, lambda line: line.update(datetime_complete="tomorrow")),
    (END, lambda line: line.pop("datetime_complete")),
    (KMODEL, lambda line: line.update(user_attr={f"kmodel {FIRST.id}": "x"})),
    (KMODEL, lambda line: line.update(user_attr={f"kmodel {FIRST.id}": {"kmodel_ap": "x"}})),
]


@pytest.mark.parametrize(("line", "change"), WRONG)
def test_a_record_of_another_shape_is_named_by_its_line(
    path: Path, line: int, change: Callable[[dict[str, Any]], Any]
) -> None:
    changed(path, line, change)
    with pytest.raises(CorruptJournal, match=rf"journal\.log:{line + 1}: "):
        read_entries(path, "mine")


@pytest.mark.parametrize(
    "garbage",
    [f'{{"op_code": {DIGITS}}}', "[" * 100_000, '{"op_code": ' * 10_000, "Infinity", "[]", "null"],
)
@pytest.mark.parametrize("place", [2, 6])
def test_a_line_that_means_nothing_is_named(path: Path, garbage: str, place: int) -> None:
    lines = path.read_text().splitlines()
    lines.insert(place, garbage)
    lines.append(lines[-1])
    path.write_text("\n".join(lines) + "\n")
    for use in (broken_tail, drop_broken_tail, lambda file: read_entries(file, "mine")):
        with pytest.raises(CorruptJournal, match=rf"journal\.log:{place + 1}: ") as caught:
            use(path)
        assert len(str(caught.value)) < 500


def test_an_endless_line_is_not_read(path: Path) -> None:
    with open(path, "ab") as file:
        file.write(b'{"op_code": 0, "worker_id": "')
        file.truncate(path.stat().st_size + (1 << 30))  # takes no room, is 1 GB of zeros
    with pytest.raises(CorruptJournal, match=f"longer than {LINE_BYTES >> 20} MiB"):
        broken_tail(path)


def test_a_journal_that_only_optuna_refuses_is_refused_when_it_is_opened_for_writing(
    path: Path,
) -> None:
    changed(path, CREATE, lambda line: line["distributions"].update(width="{"))
    assert broken_tail(path) is None
    with pytest.raises(CorruptJournal, match=rf"journal\.log:{CREATE + 1}: .*Optuna"):
        FileJournal(path, "mine")


def test_what_is_not_known_may_be_missing(path: Path) -> None:
    changed(path, NOTE, lambda line: line["user_attr"].update(outcome={"ap": None, "curve": None}))
    (entry,) = read_entries(path, "mine")
    assert str(entry.ap("kpu8")) == "nan" and entry.outcome["curve"] is None


def test_the_copy_of_a_broken_journal_follows_no_link(path: Path, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("mine")
    (tmp_path / "journal.log.broken").symlink_to(victim)
    with open(path, "a") as file:
        file.write('{"op_code": ')
    kept = drop_broken_tail(path)
    assert kept and kept.read_text().endswith('{"op_code": ') and not kept.is_symlink()
    assert victim.read_text() == "mine"


@given(st.integers(0, 5), st.integers(0, 10_000), st.binary(max_size=4))
def test_a_damaged_journal_is_read_or_refused(
    lines: list[bytes],
    tmp_path_factory: pytest.TempPathFactory,
    line: int,
    place: int,
    bytes_there: bytes,
) -> None:
    folder = tmp_path_factory.mktemp("damaged")
    place %= len(lines[line])
    cut = lines[line][:place] + bytes_there + lines[line][place + len(bytes_there) :]
    path = folder / "journal.log"
    path.write_bytes(b"".join([*lines[:line], cut, *lines[line + 1 :]]))
    try:
        entries = read_entries(path, "mine")
    except CorruptJournal as error:
        assert "journal.log:" in str(error)
    else:
        assert len(entries) <= 1
