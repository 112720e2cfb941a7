"""The readers that are fuzzed: where each one's cases start from, and what reads them.

A reader is one entry of `READERS`. What it does with a case is what `dse` does with such a file
up to the first thing that depends on more than the file: no training, no compiler, no window.
A `DseError` refuses a case; what else is raised is a finding, and so is an AssertionError here.
"""

from __future__ import annotations

import contextlib
import os
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import fuzz_seeds
import numpy as np
from fuzz_bundles import mutate
from fuzz_folders import Case, misplaced
from fuzz_formats import PICTURES, changed_file
from fuzz_seeds import Files
from numpy.lib.array_utils import byte_bounds

__all__ = ["READERS", "Reader", "case_files"]

MOST_PIXELS = 1 << 22
"""Of a picture that a changed kmodel asks for; larger ones are no case of the emulator's."""

EVERY_TABLES, EVERY_PAGE, EVERY_REFIT = 50, 1000, 10
"""Cases of which one is also shown, drawn, or fitted to: that takes most of a second."""


@dataclass(frozen=True)
class Reader:
    """seeds: sound inputs. read: (the case's folder, its number) -> whatever comes of it.

    misplaced_share: of the cases, in which a file is a pipe, a link, missing or oddly called.
    change: None for `changed_file` of one file or a few.
    """

    seeds: Callable[[], tuple[Files, ...]]
    read: Callable[[Path, int], object]
    misplaced_share: float = 0.1
    change: Callable[[Files, random.Random], Case] | None = None


def case_files(name: str, seed: int, number: int) -> Case:
    """What lies in the folder of case `number` of the reader `name`: always the same."""
    reader, dice = READERS[name], random.Random(f"{name} {seed} {number}")
    files = dice.choice(reader.seeds())
    if dice.random() < reader.misplaced_share:
        return misplaced(files, dice)
    return (reader.change or _changed)(files, dice)


def _changed(files: Files, dice: random.Random) -> Case:
    """One or two of `files` changed; pictures less often than what tells of them."""
    changed: Case = dict(files)
    odds = [1 if Path(name).suffix in PICTURES else 4 for name in files]
    for name in dice.choices(list(files), weights=odds, k=dice.choice((1, 1, 2))):
        changed[name] = changed_file(name, files[name], dice, list(files.values()))
    return changed


def _in_bundle(files: Files, dice: random.Random) -> Case:
    return {**mutate(files, dice, deep=False)[1]}


def _folder(kind: str, splits: tuple[str, ...]) -> Callable[[Path, int], object]:
    def read(folder: Path, number: int) -> object:
        from dse.data.loading import load_all
        from dse.data.sources import open_data

        data = open_data(f"{kind}:{folder}", splits[number % len(splits)])  # type: ignore[arg-type]
        for picture in data.pictures:
            assert picture.file is not None
            path = Path(os.path.normpath(picture.file))
            assert path.is_relative_to(folder), f"reads {path}, which is outside its folder"
        for picture, pixels in load_all(data, []):
            assert pixels.dtype == np.uint8 and pixels.ndim == 3, f"{picture.name}: {pixels.dtype}"
        return data.checksum

    return read


def _picture(folder: Path, number: int) -> object:
    from dse.data.picture_files import checked_size, load_pixels

    path = next(iter(folder.iterdir()), folder / "missing.jpg")
    size = checked_size(path)
    assert not path.read_bytes().startswith((b"%!", b"%PDF")), "accepts a program as a picture"
    pixels = load_pixels(path)
    assert pixels.dtype == np.uint8 and pixels.shape[2:] == (3,), f"{pixels.dtype} {pixels.shape}"
    assert pixels.shape[1::-1] == size, f"told {size}, is {pixels.shape[1::-1]}"
    return size


def _space(folder: Path, number: int) -> object:
    from dse.chips.k210.target import K210Target
    from dse.space import SearchSpace
    from dse.study.plan import priced_rows

    space = SearchSpace.load(str(folder / "space.toml"))
    return list(priced_rows(space.sample(3, 0), K210Target.load("k210")))


def _profile(folder: Path, number: int) -> object:
    from dse.chips.k210.target import K210Target
    from dse.space import Candidate
    from dse.study.plan import priced_rows

    target = K210Target.load(str(folder / "target.toml"))
    names = ("P8-a1-256-kpu8", "A98-a0.5-224-kpu8", "A63-a1-224-FP16")
    return list(priced_rows(map(Candidate.parse, names), target))


def _study(folder: Path, number: int) -> object:
    from dse.designs.selection import choose_design, job_of
    from dse.errors import DseError
    from dse.search import SearchRequest
    from dse.study.provenance import check_unchanged, differing, shared_settings
    from dse.study.record import load_study

    record = load_study(folder / "reference")
    settings = record.settings
    steps: list[Callable[[], object]] = [
        lambda: record.report().as_dict(),
        lambda: (record.frame(), record.history, record.curves, record.front, record.stopping),
        lambda: [record.precision_recall[name] for name in record.precision_recall],
        lambda: SearchRequest().continuing(settings.search).as_table(),
        lambda: (settings.make_target(), settings.search_space()),
        lambda: (shared_settings(settings), differing(settings, settings)),
        lambda: check_unchanged(settings, settings.table),
        lambda: choose_design(record, "best"),
        lambda: job_of(record),
    ]
    if number % EVERY_TABLES == 0:
        from dse.views.dashboard.frames import study_tables

        steps.append(lambda: study_tables(record))
    if number % EVERY_PAGE == 0:
        from dse.views.dashboard.page import write_dashboard

        steps.append(lambda: write_dashboard([record], folder / "page.html"))
    refusals = []
    for step in steps:  # a refusal of one command says nothing of the next
        try:
            step()
        except DseError as error:
            refusals.append(error)
    if refusals:
        raise refusals[0]
    return record


def _journal(folder: Path, number: int) -> object:
    from dse.study.file_journal import FileJournal, read_entries
    from dse.study.journal_lines import drop_broken_tail

    path = folder / "journal.log"
    entries = read_entries(path, "reference")
    drop_broken_tail(path)
    with FileJournal(path, "reference") as journal:
        assert len(journal.entries()) >= len(entries), "opening it for writing lost trials"
    return entries


def _replay(folder: Path, number: int) -> object:
    from dse.search import SearchRequest
    from dse.space import Training
    from dse.study.recorded import RecordedTable
    from dse.workers import replay
    from dse.workers.backend import replay_backend
    from dse.workers.replay import RecordedJob, replay_training

    replay._table.cache_clear()  # the table of the case before had this path, too
    path = folder / "table.jsonl"
    table = RecordedTable.load(path)
    replay_backend(path)
    SearchRequest(replay=path).settings().as_table()
    RecordedTable.joined({"one": table, "two": table}).text()
    for name in table.outcomes:
        replay_training(RecordedJob(str(path)), Training.parse(name), folder, lambda epoch: True)
    return table


def _weights(folder: Path, number: int) -> object:
    from dse.network.weights_file import read_weights

    arrays = read_weights(folder / "weights.npz", "copy it again")
    assert all(array.dtype == np.float32 for array in arrays.values())
    return arrays


def _network(folder: Path, number: int) -> object:
    from dse.chips.k210.cost.price import price
    from dse.chips.k210.target import K210Target
    from dse.chips.subject import resolve

    subject = resolve(str(folder / "network.tflite"), "kpu8")
    return price(subject.graph, subject.format, K210Target.load("k210"))


def _headers(folder: Path, number: int) -> object:
    from dse.chips.k210.bundle.inspection import fit_problems
    from dse.chips.k210.bundle.reading import read_bytes
    from dse.chips.k210.kmodel.kmodel import parse_kmodel
    from dse.chips.k210.target import K210Target

    headers = parse_kmodel(read_bytes(folder / "model.kmodel"))
    fit_problems(headers, K210Target.load("k210"))
    return headers.runtime, headers.input_bytes, headers.output_bytes, headers.kpu_bytes


def _emulator(folder: Path, number: int) -> object:
    from dse.chips.k210.bundle.reading import read_bytes
    from dse.chips.k210.emulator import predictor
    from dse.chips.k210.kmodel.kmodel import parse_kmodel

    content = read_bytes(folder / "model.kmodel")
    with _checked_views():
        predict = predictor(content, 1)
        (_, channels, height, width) = parse_kmodel(content).inputs[0].shape
        if channels * height * width > MOST_PIXELS:
            return None
        return predict.outputs(np.full((2, height, width, channels), 99, np.uint8))


def _old_kmodel(folder: Path, number: int) -> object:
    """Headers, price, account, then two pictures: what `check`, `explain` and `verify` do."""
    from dse.chips import chip, load_target
    from dse.chips.k210.bundle.reading import read_bytes
    from dse.chips.k210.emulator import predictor
    from dse.chips.k210.kmodel.buffered import read_buffered
    from dse.chips.k210.kmodel.kmodel import parse_kmodel

    path, target = folder / "old.kmodel", load_target("k210-maixpy-full")
    content = read_bytes(path)
    if parse_kmodel(content).version == 5:
        return None
    on = chip(target.chip)
    cost = on.price_file(path, target)
    on.uses(cost, target)
    on.objection(cost, target)
    on.account_file(path, target)
    found = read_buffered(content)
    with _checked_views():
        predict = predictor(content, 1)
        if np.prod(found.input_shape) > MOST_PIXELS:
            return None
        kind = np.float32 if found.input_is_float else np.uint8
        return predict.outputs(np.full((2, *found.input_shape[1:]), 99, kind))


@contextlib.contextmanager
def _checked_views() -> Iterator[None]:
    """An AssertionError inside for a view that is not within the memory that it is a view of."""
    from dse.chips.k210.emulator.memory import Memory

    real = Memory.view

    def view(self: Any, region: Any) -> Any:
        found: Any = real(self, region)
        owner: Any = found
        while getattr(owner, "base", None) is not None:
            owner = owner.base if hasattr(owner.base, "base") else np.frombuffer(owner.base, "u1")
            if isinstance(getattr(owner, "base", None), bytes):
                break
        first, last = byte_bounds(found)
        low, high = byte_bounds(owner)
        within = not found.size or (low <= first and last <= high)
        assert within, f"{region} reaches outside its memory"
        return found

    Memory.view = view  # type: ignore[method-assign]
    try:
        yield
    finally:
        Memory.view = real  # type: ignore[method-assign]


def _log(folder: Path, number: int) -> object:
    from dse.chips.k210.calibration.account import calibration_account, calibration_table
    from dse.chips.k210.calibration.profile_file import profile_text
    from dse.chips.k210.calibration.refit import refit
    from dse.chips.k210.calibration.time_log import read_log
    from dse.chips.k210.target import K210Target
    from dse.chips.profiles import write_profile

    target = K210Target.load("k210")
    log = read_log(folder / "board.log", target)
    if number % EVERY_REFIT:
        return log
    found = refit(log.times, target)
    calibration_table(calibration_account(log.times, found))
    write_profile(folder / "new.toml", profile_text(found, "k210", "board.log", 1))
    return K210Target.load(str(folder / "new.toml"))


def _bundle(folder: Path, number: int) -> object:
    """What `dse verify` looks at before it runs anything; `fuzz_verify` goes on from there."""
    from dse.chips.k210.bundle import inspection
    from dse.chips.k210.bundle.reading import box_scale_of, made_by, read_bytes, table
    from dse.chips.k210.kmodel.kmodel import parse_kmodel
    from dse.chips.k210.target import K210Target
    from dse.errors import VerificationFailed

    made_by(folder / "model.kmodel")
    names = sorted(path.name for path in folder.iterdir())
    files = {name: read_bytes(folder / name) for name in names}
    manifest = table("manifest.json", files.pop("manifest.json", b""))
    target = K210Target.load("k210")
    problems = inspection.manifest_problems(manifest)
    problems += inspection.file_problems(files, manifest)
    headers = parse_kmodel(files.get("model.kmodel", b""))
    if not problems:
        detector = table("detector.json", files["detector.json"])
        box_scale_of(detector)
        problems += inspection.package_problems(files["model.kfpkg"], files["model.kmodel"])
        problems += inspection.fit_problems(headers, target)
        problems += inspection.figure_problems(manifest, headers, target)
        problems += inspection.detector_problems(detector, headers, str(manifest["candidate"]))
    if problems:
        raise VerificationFailed(problems[0])
    return manifest


ALL_SPLITS = ("train", "val", "eval")

READERS: dict[str, Reader] = {
    "wider": Reader(lambda: fuzz_seeds.data_folders("wider"), _folder("wider", ALL_SPLITS)),
    "fddb": Reader(lambda: fuzz_seeds.data_folders("fddb"), _folder("fddb", ("eval",))),
    "yolo": Reader(lambda: fuzz_seeds.data_folders("yolo"), _folder("yolo", ALL_SPLITS)),
    "voc": Reader(lambda: fuzz_seeds.data_folders("voc"), _folder("voc", ALL_SPLITS)),
    "coco": Reader(lambda: fuzz_seeds.data_folders("coco"), _folder("coco", ALL_SPLITS)),
    "picture": Reader(fuzz_seeds.pictures, _picture, 0.03),
    "space": Reader(fuzz_seeds.spaces, _space, 0.03),
    "target": Reader(fuzz_seeds.profiles, _profile, 0.03),
    "study": Reader(fuzz_seeds.study, _study, 0.05),
    "journal": Reader(fuzz_seeds.journals, _journal, 0.03),
    "replay": Reader(fuzz_seeds.replay_tables, _replay, 0.03),
    "weights": Reader(fuzz_seeds.weights, _weights, 0.03),
    "tflite": Reader(fuzz_seeds.networks, _network, 0.03),
    "kmodel": Reader(fuzz_seeds.headers, _headers, 0.03),
    "emulator": Reader(fuzz_seeds.kmodels, _emulator, 0.01),
    "old_kmodel": Reader(fuzz_seeds.old_kmodels, _old_kmodel, 0.01),
    "log": Reader(fuzz_seeds.logs, _log, 0.03),
    "bundle": Reader(fuzz_seeds.bundle, _bundle, 0.05, _in_bundle),
}
