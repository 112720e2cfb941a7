"""How large the Pareto explorer is, how soon it stands, how long a pan and a slider's step take.

    python benchmarks/dashboard_page.py [--trainings 1000] [--rejected 10000] [--all-formats]
        [--steps 20] [--page FILE]

Prints one JSON object. The study is invented, its costs are not: a space of many input
sizes is priced for the target, as many of its designs count as rejected, and as many
trainings get an AP, a learning curve and a time from a formula. A browser then opens the page
from disk. `write_seconds`: making it. `load_ms`: from the address to the drawn page.
`pan_ms`: from a step of the mouse to the next frame, and the last from letting go, with all
marks drawn, rejected candidates included. `slider_ms`: from a step of the latency's slider to
the frame that shows the new selection everywhere, all formats drawn, rejected candidates not;
`slider_whole_ms` is until the page rests. `..._core_ms`: of them the time of one core that the
page's own thread took, which a busy machine leaves as it is; of a pan and a step, the mean.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from dse.chips import Target, load_target
from dse.network.families import BREAKPOINTS
from dse.search import SearchRequest
from dse.space import FORMATS, Candidate, SearchSpace, Training
from dse.study.candidates import Candidates
from dse.study.columns import study_columns
from dse.study.journal import Entry
from dse.study.plan import priced_rows
from dse.study.provenance import make_settings
from dse.study.record import StudyRecord
from dse.study.rows import CandidateRow
from dse.study.settings import PICTURES, StudySettings
from dse.views.dashboard import write_dashboard
from dse.views.dashboard.figure_files import browser_program

__all__ = ["invented_study", "measure_page"]

FEW_FORMATS = ("kpu8", "FP32")
LOST = {"kpu8": 0.005, "Q6": 0.3, "Q7": 0.05}
"""AP that a format costs; the others cost nothing."""

EPOCHS = 12
READY_MS = 120_000


def invented_study(
    trainings: int, rejected: int, formats: Sequence[str] = FEW_FORMATS, seed: int = 0
) -> StudyRecord:
    """A study of `trainings` trainings, every tenth stopped early, and `rejected` candidates.

    Costs and verdicts are the cost model's. An AP grows with the design's arithmetic, with luck.
    """
    chance = random.Random(seed)
    target = load_target("k210")
    rows = list(priced_rows(_space(formats), target))
    refused = [row for row in rows if row.status != "accepted"]
    fitting = [row for row in rows if row.status == "accepted" and row.deployable]
    chosen = chance.sample(fitting, trainings)
    names = {row.training for row in chosen}
    kept = [row for row in rows if row.status == "accepted" and row.training in names]
    entries = [_entry(number, row, formats, chance) for number, row in enumerate(chosen)]
    return StudyRecord(
        path=Path("results") / "invented",
        settings=_settings(target),
        candidates=Candidates.of(study_columns(), [*kept, *chance.sample(refused, rejected)]),
        entries=entries,
    )


def _settings(target: Target) -> StudySettings:
    invented = {"source": "none: invented"}
    about = dict.fromkeys((*PICTURES, "starting_weights"), invented)
    search, command = SearchRequest().settings(), ("none: invented",)
    return make_settings(search, SearchSpace.load(search.space), target, about, command=command)


def _space(formats: Sequence[str]) -> list[Candidate]:
    return [
        Candidate(Training(breakpoint, frozen_until, width, size), format)
        for breakpoint in "ABP"
        for frozen_until in BREAKPOINTS[breakpoint].lambdas
        for width in BREAKPOINTS[breakpoint].family.widths
        for size in range(96, 1024, 4)
        for format in formats
    ]


def _entry(number: int, row: CandidateRow, formats: Sequence[str], chance: random.Random) -> Entry:
    """A training that ended, with an AP that its arithmetic earns it."""
    best = 0.95 - 0.5 * math.exp(-row.macs / 4e7) + chance.gauss(0, 0.02)
    stopped = number % 10 == 9
    epochs = range(1, 5 if stopped else EPOCHS + 1)
    curve = [
        {"epoch": e, "loss": 2 * math.exp(-e / 4), "val_ap": best * (1 - math.exp(-e / 3)),
         "seconds": 5.0 * e}
        for e in epochs
    ]  # fmt: skip
    outcome: dict[str, Any] = {
        "val_ap": curve[-1]["val_ap"],
        "curve": curve,
        "seconds": curve[-1]["seconds"],
        "epochs": len(curve),
    }
    if not stopped:
        outcome["ap"] = {name: best - LOST.get(name, 0.0) for name in formats}
        outcome["ap_interval"] = {
            name: (ap - 0.03, ap + 0.03) for name, ap in outcome["ap"].items()
        }
    return Entry(
        number=number,
        training=row.training,
        state="stopped" if stopped else "complete",
        outcome=outcome,
        elapsed_s=60.0 * (number + 1),
    )


def measure_page(path: Path, steps: int) -> dict[str, Any]:
    """Opens the page at `path` in the machine's Chromium; `steps` pans, and as many of a slider."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        browser = driver.chromium.launch(
            executable_path=browser_program(),
            args=["--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"],
        )
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        meter = page.context.new_cdp_session(page)
        meter.send("Performance.enable", {"timeDomain": "threadTicks"})
        start = time.perf_counter()
        page.goto(path.resolve().as_uri() + "#hide=&drag=pan")
        page.wait_for_selector("html[data-ready]", timeout=READY_MS)
        load_ms, load_core_ms = 1000 * (time.perf_counter() - start), _core_ms(meter)
        panned, pan_core_ms = _timed(page, meter, PAN, steps)
        page.evaluate("dse.change({ hidden: ['rejected'], scope: 'all' })")
        slid, slider_core_ms = _timed(page, meter, SLIDE, steps)
        browser.close()
    return {
        "load_ms": round(load_ms),
        "load_core_ms": round(load_core_ms),
        "pan_ms": _summary(panned["frames"]),
        "pan_core_ms": pan_core_ms,
        "pan_marks": panned["marks"],
        "slider_ms": _summary(slid["frames"]),
        "slider_whole_ms": _summary(slid["whole"]),
        "slider_core_ms": slider_core_ms,
        "slider_marks": slid["marks"],
    }


def _timed(page: Any, meter: Any, script: str, steps: int) -> tuple[dict[str, Any], float]:
    """What `script` answers for `steps` steps, and the mean time of a core that one took."""
    before = _core_ms(meter)
    answer: dict[str, Any] = page.evaluate(script, steps)
    return answer, round((_core_ms(meter) - before) / len(answer["frames"]), 1)


def _core_ms(meter: Any) -> float:
    """Time of one core that the page's main thread has taken so far."""
    metrics = {one["name"]: one["value"] for one in meter.send("Performance.getMetrics")["metrics"]}
    return 1000 * float(metrics["TaskDuration"])


MARKS = """const marks = () => document.getElementById("front-plot").data
    .filter((trace) => trace.customdata && trace.visible !== false)
    .reduce((sum, trace) => sum + trace.x.length, 0);
  const frame = () => new Promise((done) => requestAnimationFrame(() => setTimeout(done, 0)));"""

PAN = f"""async (steps) => {{
  {MARKS}
  const plot = document.getElementById("front-plot");
  plot.scrollIntoView({{ block: "center", behavior: "instant" }});
  const box = plot.querySelector(".nsewdrag").getBoundingClientRect();
  const at = (type, x) => {{
    const y = box.y + box.height / 2;
    const target = type === "mousedown" ? document.elementFromPoint(x, y) : document;
    const where = {{ bubbles: true, cancelable: true, buttons: 1, clientX: x, clientY: y }};
    target.dispatchEvent(new MouseEvent(type, where));
  }};
  const frames = [];
  const middle = box.x + box.width / 2;
  at("mousedown", middle);
  for (let step = 1; step <= steps; step += 1) {{
    await frame();
    const start = performance.now();
    at("mousemove", middle + 6 * step);
    await frame();
    frames.push(performance.now() - start);
  }}
  const start = performance.now();
  at("mouseup", middle + 6 * steps);
  await frame();
  frames.push(performance.now() - start);
  return {{ frames, marks: marks() }};
}}"""

SLIDE = f"""async (steps) => {{
  {MARKS}
  const slider = document.getElementById("limit-latency_ms");
  slider.scrollIntoView({{ block: "center", behavior: "instant" }});
  const idle = () => new Promise((done) => requestIdleCallback(done));
  const [frames, whole] = [[], []];
  for (let step = 1; step <= steps; step += 1) {{
    await frame();
    await idle();
    const start = performance.now();
    slider.value = Math.round(slider.max * (1 - step / (steps + 1)));
    slider.dispatchEvent(new Event("input", {{ bubbles: true }}));
    await frame();
    frames.push(performance.now() - start);
    await idle();
    whole.push(performance.now() - start);
  }}
  return {{ frames, whole, marks: marks() }};
}}"""


def _summary(times_ms: list[float]) -> dict[str, float]:
    return {"median": round(statistics.median(times_ms), 1), "worst": round(max(times_ms), 1)}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--trainings", type=int, default=1000)
    parser.add_argument("--rejected", type=int, default=10_000)
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--all-formats", action="store_true", help="all seven, not two")
    parser.add_argument("--page", type=Path, help="keep the page here")
    options = parser.parse_args()
    study = invented_study(
        options.trainings, options.rejected, FORMATS if options.all_formats else FEW_FORMATS
    )
    with tempfile.TemporaryDirectory() as folder:
        path = options.page or Path(folder) / "dashboard.html"
        start, busy = time.perf_counter(), time.process_time()
        write_dashboard([study], path)
        written, busy = time.perf_counter() - start, time.process_time() - busy
        found = {
            "trainings": options.trainings,
            "rejected": options.rejected,
            "designs": len(study.rows),
            "bytes": path.stat().st_size,
            "write_seconds": round(written, 1),
            "write_core_seconds": round(busy, 1),
            **measure_page(path, options.steps),
        }
    print(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
