"""The search itself: from a request to a report.

plan      price every candidate; only designs that fit exist for the search
train     the proposer chooses, the executor runs, the journal remembers
measure   compile and run every deployable design on the front
report    from what the journal holds
"""

from __future__ import annotations

import sys
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic

from dse.chips import load_target
from dse.detection.head import FACE_HEAD
from dse.errors import DseError, Interrupted, StudyError, UsageError
from dse.files import write_whole
from dse.launcher import typed
from dse.search.by_pictures import settled, space_for
from dse.search.clock import SearchClock
from dse.search.coordinator import SearchCoordinator
from dse.search.interruption import Interruption
from dse.search.losses import loss_remark
from dse.search.progress import Progress
from dse.search.recorder import Recorder
from dse.search.request import SearchRequest
from dse.search.run_options import RunOptions
from dse.search.scheduler import Scheduler
from dse.search.warm_start import reusable, take_over
from dse.space import SearchSpace
from dse.study.cache import cache_in_use
from dse.study.disk import full_disk_reported
from dse.study.file_journal import FileJournal
from dse.study.folder import StudyFolder, find_study, latest_begun, shared_cache
from dse.study.journal import Journal
from dse.study.journal_lines import drop_broken_tail
from dse.study.outcomes import SearchReport
from dse.study.plan import SearchPlan, candidates_csv, make_plan
from dse.study.provenance import check_unchanged, classes_of, make_settings, shared_settings
from dse.study.record import StudyRecord, load_study
from dse.study.settings import DEFAULT_DATA, SearchSettings, StudySettings
from dse.training.changes import changes_for
from dse.workers.backend import TrainingBackend, backend_for, remarks_on
from dse.workers.executor import Executor, TaskRunner

__all__ = ["plan_search", "run_search"]

SETTINGS_BYTES = 1 << 20
"""Room for study.toml, the lock and candidates.csv."""


def plan_search(request: SearchRequest) -> SearchPlan:
    """What a search would choose from: every candidate priced, nothing written or trained.

    The pictures are opened, as their classes decide what a head costs. Raises UnknownName,
    InvalidFile, NothingFeasible with the nearest candidates, UsageError for a loss of other
    heads, and what the readers raise.
    """
    settings = request.settings()
    backend = backend_for(settings)
    if {settings.data, settings.eval_data} == {DEFAULT_DATA}:  # slow to lay out, and sound
        classes = FACE_HEAD.classes
    else:
        classes = classes_of(backend.describe(settings))
    space = backend.offered(SearchSpace.load(space_for(classes, request)))
    plan = make_plan(space, load_target(settings.target), len(classes))
    loss_remark(settings.recipe, plan)
    return plan


def run_search(
    request: SearchRequest | None = None,
    run: RunOptions | None = None,
    backend: TrainingBackend | None = None,
) -> SearchReport:
    """Searches until the budget, the designs or the time are used up, and reports.

        run_search(SearchRequest(budget=50, target="k210"))

    Everything finished is on the disk at any moment; `run.resume` goes on from there.
    backend: how to train; by default the real thing, or the table that is to be replayed.

    Raises NothingFeasible; StudyLocked; StudyError (a full disk, a study that does not fit
    the request, trainings that keep failing); Interrupted after Ctrl-C or SIGTERM, with all
    that is finished saved; and what the readers raise about space, target and pictures.
    """
    search = _Search(request or SearchRequest(), run or RunOptions(), backend)
    with search.interruption:
        try:
            return search.resumed() if search.run.resume else search.started()
        except KeyboardInterrupt:
            raise Interrupted("interrupted: all that is finished is saved", search.go_on) from None
        finally:
            search.progress.close()


@dataclass
class _Search:
    """One call of `run_search`. Lifetime: `started` or `resumed`, once.

    go_on: the command that continues, as far as there is something to continue.
    """

    request: SearchRequest
    run: RunOptions
    backend: TrainingBackend | None
    progress: Progress = field(default_factory=lambda: Progress(sys.stderr))
    interruption: Interruption = field(default_factory=Interruption)
    go_on: str = "nothing had begun yet"
    began: float = field(default_factory=monotonic)

    def started(self) -> SearchReport:
        """A new study: planned, then written down, then run."""
        search, run = self._checked(self.request.settings()), self.run
        backend = self.backend or backend_for(search)
        target = load_target(search.target)
        SearchSpace.load(search.space)  # a wrong name is told before pictures are opened
        about = backend.describe(search)
        for line in remarks_on(about):
            self.progress.say(line)
        classes = classes_of(about)
        search = settled(search, self.request, about)
        plan = make_plan(backend.offered(SearchSpace.load(search.space)), target, len(classes))
        left_out = changes_for(classes, search.recipe.mirror).words
        remarks = (
            left_out and f"training pictures are {left_out}",
            loss_remark(search.recipe, plan),
        )
        for line in filter(None, remarks):
            self.progress.say(line)
        heads = backend.heads(search, plan.space, classes, shared_cache(run.results))
        settings = make_settings(
            search, plan.space, target, about, heads, command=run.command, storage=run.storage
        )
        for record in self._warm(search):
            reusable(record, settings, plan)  # raises while there is nothing to undo
        folder = StudyFolder.create(run.results, run.study, target.name)
        self._know(folder)
        with folder.lock():
            with full_disk_reported(folder.path, SETTINGS_BYTES):
                folder.write_settings(settings)
            try:
                journal = self._journal(folder, settings)
            except DseError:
                folder.discard()  # a database refused it: nothing has begun
                raise
            return self._run(folder, search, backend, plan, settings, journal)

    def resumed(self) -> SearchReport:
        """A study that exists: checked and mended, then run from where it stands."""
        results, name = self.run.results, self.run.study
        folder = StudyFolder.open(find_study(results, name) if name else latest_begun(results))
        self._know(folder)
        with folder.lock():
            settings = folder.settings()
            search = self._checked(self.request.continuing(settings.search))
            backend = self.backend or backend_for(search)
            kept = drop_broken_tail(folder.journal)
            if kept:
                self.progress.say(
                    f"{folder.journal}: the last line was cut short and has been removed; "
                    f"a copy as it was: {kept}"
                )
            classes = len(settings.heads.classes)
            plan = make_plan(settings.search_space(), settings.make_target(), classes)
            check_unchanged(settings, backend.describe(search))
            journal = self._journal(folder, settings)
            return self._run(folder, search, backend, plan, settings, journal)

    def _checked(self, search: SearchSettings) -> SearchSettings:
        """`search`. Raises UsageError where it does not go with the options of this run."""
        if self.run.storage is not None and search.warm_from:
            raise UsageError(
                "--warm-from does not go with --storage",
                "take the trainings over in a search of its own",
            )
        return search

    def _journal(self, folder: StudyFolder, settings: StudySettings) -> Journal:
        with full_disk_reported(folder.path, SETTINGS_BYTES), self.interruption.held():
            return open_journal(folder, settings, self.run.storage)

    def _run(
        self,
        folder: StudyFolder,
        search: SearchSettings,
        backend: TrainingBackend,
        plan: SearchPlan,
        settings: StudySettings,
        journal: Journal,
    ) -> SearchReport:
        """search: the settings of `settings`, with the budget of this run."""
        with full_disk_reported(folder.path, SETTINGS_BYTES):
            if not folder.candidates.exists():
                write_whole(folder.candidates, candidates_csv(plan.rows))
            with self.interruption.held():
                for record in self._warm(search):
                    entries = reusable(record, settings, plan)
                    count = take_over(entries, record, folder, journal, plan)
                    self.progress.say(f"{count} finished trainings taken over from {record.name}")
        self.progress.say(_feasible(plan))
        job = backend.make_job(settings, shared_cache(self.run.results))
        runner = TaskRunner(job, folder.trainings, backend.train, backend.measure)
        with journal, cache_in_use(shared_cache(self.run.results)):
            coordinator = make_coordinator(
                folder, search, plan, journal, self.progress, self.interruption,
                began=self.began, time_limit_s=self.run.time_limit_s,
            )  # fmt: skip
            executor = make_executor(self.run)
            with nullcontext() if executor.interruptible else self.interruption.held():
                executor.run(runner, coordinator)
            return SearchReport.of(
                folder.name, plan.rows, journal.entries(), coordinator.clock.elapsed_s
            )

    def _warm(self, search: SearchSettings) -> list[StudyRecord]:
        """The studies to take trainings over from; one that is gone by a resume gave its own."""
        paths = map(Path, search.warm_from)
        return [load_study(path) for path in paths if path.exists() or not self.run.resume]

    def _know(self, folder: StudyFolder) -> None:
        """From here on there is something to continue."""
        storage = " --storage URL" if self.run.storage else ""
        which = f"--study {folder.name}{self.run.results_flag}{storage}"
        self.go_on = f"continue with: {typed(f'search --resume {which}')}"


def _feasible(plan: SearchPlan) -> str:
    """What may be trained, and why the rest may not, for people."""
    total, rejected = len(plan.rows), sum(plan.rejected.values())
    reasons = ", ".join(f"{reason} {count}" for reason, count in plan.rejected.items())
    why = f"; {rejected} are rejected before training ({reasons})" if rejected else ""
    return f"{total - rejected} of {total} candidates fit{why}"


def make_coordinator(
    folder: StudyFolder,
    settings: SearchSettings,
    plan: SearchPlan,
    journal: Journal,
    progress: Progress,
    interruption: Interruption,
    *,
    began: float,
    time_limit_s: float | None = None,
) -> SearchCoordinator:
    """The scheduler and the recorder of a search that goes on from what `journal` holds.

    began: when this run did, on the monotonic clock, seconds.
    """
    entries = journal.entries()
    clock = SearchClock.going_on(began, entries, time_limit_s)
    scheduler = Scheduler(plan, settings, entries)
    recorder = Recorder(
        folder, journal, plan, progress, interruption, clock, scheduler.needed_bytes
    )
    return SearchCoordinator(settings, scheduler, recorder)


def open_journal(folder: StudyFolder, settings: StudySettings, storage: str | None) -> Journal:
    """The study's record: in its folder, or in the database `storage`.

    Raises StudyError where the study's is in the other place, or in a database that does not
    answer or holds another study of this name.
    """
    shared = settings.shared
    if storage is None:
        if shared:
            raise StudyError(
                f"the record of study '{folder.name}' is in {shared.storage}",
                "give that database with --storage",
            )
        return FileJournal(folder.journal, folder.name)
    if not shared:
        raise StudyError(
            f"the record of study '{folder.name}' is in its folder",
            "leave --storage out, or start a new study with it",
        )
    from dse.study.shared_journal import SharedJournal

    journal = SharedJournal(storage, folder.name, shared.driver, folder.journal)
    journal.agree(shared_settings(settings))
    return journal


def make_executor(run: RunOptions) -> Executor:
    """The executor that `run` names."""
    if run.executor == "inline":
        from dse.workers.inline import InlineExecutor

        return InlineExecutor()
    from dse.workers.ray_executor import RayExecutor

    return RayExecutor(workers=run.workers, address=run.ray_address, verbose=run.verbose)
