"""The search itself: from options to a report.

plan      price every candidate; only designs that fit exist for the search
train     the proposer chooses, the executor runs, the journal remembers
measure   compile and simulate every deployable design on the front
report    from what the journal holds
"""

from __future__ import annotations

import sys
from contextlib import nullcontext
from dataclasses import dataclass, field
from time import monotonic

from dse.chips import load_target
from dse.errors import DseError, Interrupted, StudyError
from dse.files import write_whole
from dse.search.desk import SearchDesk
from dse.search.interruption import Interruption
from dse.search.progress import Progress
from dse.search.warm_start import reusable, take_over
from dse.space import SearchSpace
from dse.study.disk import full_disk_reported
from dse.study.folder import StudyFolder, find_study
from dse.study.journal import Journal
from dse.study.journal_lines import drop_broken_tail
from dse.study.options import SearchOptions
from dse.study.outcomes import SearchReport
from dse.study.plan import SearchPlan, candidates_csv, make_plan
from dse.study.provenance import check_unchanged, make_settings, shared_settings
from dse.study.record import StudyRecord, load_study
from dse.study.settings import StudySettings
from dse.workers.executor import Executor, Workbench
from dse.workers.workshop import Workshop, workshop_for

__all__ = ["plan_search", "run_search"]

SETTINGS_BYTES = 1 << 20
"""Room for study.toml, the lock and candidates.csv."""


def plan_search(options: SearchOptions) -> SearchPlan:
    """What a search would choose from: every candidate priced, nothing written or trained.

    Raises UnknownName, InvalidFile, or NothingFeasible with the nearest candidates.
    """
    chosen = options.with_defaults()
    space = SearchSpace.load(chosen.space or "")
    return make_plan(space, load_target(chosen.target or ""))


def run_search(options: SearchOptions, workshop: Workshop | None = None) -> SearchReport:
    """Searches until the budget, the designs or the time are used up, and reports.

    Everything finished is on the disk at any moment; `options.resume` goes on from there.
    workshop: how to train; by default the real thing, or the table that `options` replay.

    Raises NothingFeasible; StudyLocked; StudyError (a full disk, a study that does not fit
    the options, trainings that keep failing); Interrupted after Ctrl-C or SIGTERM, with all
    that is finished saved; and what the readers raise about space, target and pictures.
    """
    search = _Search(options, workshop, Progress(sys.stderr), Interruption())
    with search.interruption:
        try:
            return search.resumed() if options.resume else search.started()
        except KeyboardInterrupt:
            raise Interrupted("interrupted: all that is finished is saved", search.go_on) from None
        finally:
            search.progress.close()


@dataclass
class _Search:
    """One call of `run_search`. Lifetime: `started` or `resumed`, once.

    go_on: the command that continues, as far as there is something to continue.
    """

    options: SearchOptions
    workshop: Workshop | None
    progress: Progress
    interruption: Interruption
    go_on: str = "nothing had begun yet"
    began: float = field(default_factory=monotonic)

    def started(self) -> SearchReport:
        """A new study: planned, then written down, then run."""
        options = self.options.with_defaults()
        workshop = self.workshop or workshop_for(options)
        space = workshop.offered(SearchSpace.load(options.space or ""))
        target = load_target(options.target or "")
        plan = make_plan(space, target)
        about = workshop.describe(options)
        settings = make_settings(options, plan.space, target, about)
        for record in self._warm(options):
            reusable(record, settings, plan)  # raises while there is nothing to undo
        folder = StudyFolder.create(options.results, options.study, target.name)
        self._know(folder)
        with folder.lock():
            with full_disk_reported(folder.path, SETTINGS_BYTES):
                folder.write_settings(settings)
            try:
                journal = self._journal(folder, options)
            except DseError:
                folder.discard()  # a database refused it: nothing has begun
                raise
            return self._run(folder, options, workshop, plan, settings, journal)

    def resumed(self) -> SearchReport:
        """A study that exists: checked and mended, then run from where it stands."""
        folder = StudyFolder.open(find_study(self.options.results, self.options.study))
        self._know(folder)
        with folder.lock():
            settings = folder.settings()
            options = self.options.continuing(settings.search)
            workshop = self.workshop or workshop_for(options)
            kept = drop_broken_tail(folder.journal)
            if kept:
                self.progress.say(
                    f"{folder.journal}: the last line was cut short and has been removed; "
                    f"a copy as it was: {kept}"
                )
            plan = make_plan(settings.search_space(), settings.make_target())
            check_unchanged(settings, workshop.describe(options))
            journal = self._journal(folder, options)
            return self._run(folder, options, workshop, plan, settings, journal)

    def _journal(self, folder: StudyFolder, options: SearchOptions) -> Journal:
        with full_disk_reported(folder.path, SETTINGS_BYTES), self.interruption.held():
            return open_journal(folder, options)

    def _run(
        self,
        folder: StudyFolder,
        options: SearchOptions,
        workshop: Workshop,
        plan: SearchPlan,
        settings: StudySettings,
        journal: Journal,
    ) -> SearchReport:
        with full_disk_reported(folder.path, SETTINGS_BYTES):
            if not folder.candidates.exists():
                write_whole(folder.candidates, candidates_csv(plan.rows))
            with self.interruption.held():
                for record in self._warm(options):
                    entries = reusable(record, settings, plan)
                    count = take_over(entries, record, folder, journal, plan)
                    self.progress.say(f"{count} finished trainings taken over from {record.name}")
        job = workshop.make_job(options, settings, plan.space)
        workbench = Workbench(job, folder.trainings, workshop.train, workshop.measure)
        with journal:
            desk = SearchDesk(
                folder, options, plan, journal, self.progress, self.interruption, self.began
            )
            executor = make_executor(options)
            with nullcontext() if executor.interruptible else self.interruption.held():
                executor.run(workbench, desk)
            return SearchReport.of(folder.name, plan.rows, journal.entries(), desk.elapsed_s)

    def _warm(self, options: SearchOptions) -> list[StudyRecord]:
        """The studies to take trainings over from; one that is gone by a resume gave its own."""
        paths = options.warm_from or ()
        return [load_study(path) for path in paths if path.exists() or not options.resume]

    def _know(self, folder: StudyFolder) -> None:
        """From here on there is something to continue."""
        storage = " --storage URL" if self.options.storage else ""
        which = f"--study {folder.name}{self.options.results_flag}{storage}"
        self.go_on = f"continue with: dse search --resume {which}"


def open_journal(folder: StudyFolder, options: SearchOptions) -> Journal:
    """The study's record: in its folder, or in the database that `options` name.

    Raises StudyError where the study's is in the other place, or in a database that does not
    answer or holds another study of this name.
    """
    settings = folder.settings()
    shared = settings.shared
    if options.storage is None:
        if shared:
            raise StudyError(
                f"the record of study '{folder.name}' is in {shared.storage}",
                "give that database with --storage",
            )
        return Journal(folder.journal, folder.name)
    if not shared:
        raise StudyError(
            f"the record of study '{folder.name}' is in its folder",
            "leave --storage out, or start a new study with it",
        )
    from dse.study.shared_journal import SharedJournal

    journal = SharedJournal(options.storage, folder.name, shared.driver, folder.journal)
    journal.agree(shared_settings(settings))
    return journal


def make_executor(options: SearchOptions) -> Executor:
    """The executor that `options` name."""
    if options.executor == "inline":
        from dse.workers.inline import InlineExecutor

        return InlineExecutor()
    from dse.workers.ray_executor import RayExecutor

    return RayExecutor(
        workers=options.workers,
        address=options.ray_address,
        verbose=options.verbose,
    )
