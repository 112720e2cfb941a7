"""The linked views in a real browser: whatever selects, every view shows the same designs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from dse.views.dashboard.figures import in_scope, staircase
from dse.views.dashboard.frames import study_tables
from dse.views.dashboard.page import write_dashboard
from tests.views.dashboard.reader import DRAWN_MS, Reader

pytestmark = pytest.mark.browser

SHOWN = """() => {
  const plot = document.getElementById("front-plot");
  const { rows } = dse.study();
  const names = (traces) => traces.flatMap((one) => one.customdata.map((n) => rows[n].candidate));
  const drawn = plot.data.filter((one) => one.customdata && one.visible !== false);
  const paths = [...document.querySelectorAll("#parallel .line:not(.rest, .current, .hover)")];
  return {
    scatter: names(drawn.filter((one) => !one.meta.endsWith("-rest"))).sort(),
    faded: names(drawn.filter((one) => one.meta.endsWith("-rest"))).length,
    lines: paths.reduce((sum, path) => sum + path.getAttribute("d").split("M").length - 1, 0),
  };
}"""
"""The chosen designs as the scatter and the parallel axes draw them."""

PLACE = """([latency, ap]) => {
  const plot = document.getElementById("front-plot");
  plot.scrollIntoView({ block: "center", behavior: "instant" });
  const box = plot.getBoundingClientRect();
  const { xaxis, yaxis } = plot._fullLayout;
  return [box.x + xaxis._offset + xaxis.d2p(latency), box.y + yaxis._offset + yaxis.d2p(ap)];
}"""
"""Where a latency and an AP lie on the screen."""


@pytest.fixture(scope="module")
def page_path(record: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_dashboard([record], tmp_path_factory.mktemp("views") / "dashboard.html")


@pytest.fixture(scope="module")
def reader(browser: Any) -> Iterator[Reader]:
    reader = Reader(browser, viewport={"width": 1440, "height": 1000})
    yield reader
    assert reader.complaints == []
    reader.context.close()


@pytest.fixture(scope="module")
def designs(record: Any) -> pd.DataFrame:
    """What the page draws at first: deployable, with an AP."""
    drawn = in_scope(study_tables(record).designs, "deployable")
    return drawn[drawn["shown_ap"].notna()]


def _finished(designs: pd.DataFrame) -> pd.DataFrame:
    return designs[designs["state"].isin(("front", "dominated"))]


def _expect(reader: Reader, page: Any, expected: pd.DataFrame, designs: pd.DataFrame) -> None:
    """Every view shows `expected`, and nothing else of `designs`."""
    assert 0 < len(expected) < len(designs)
    shown = page.evaluate(SHOWN)
    assert shown["scatter"] == sorted(expected["candidate"])
    assert shown["faded"] == len(designs) - len(expected)
    assert shown["lines"] == len(expected)
    listed = set(reader.names()) & set(designs["candidate"])  # it lists the failed ones too
    assert listed == set(expected["candidate"])
    counted = f"{len(_finished(expected))} of {len(_finished(designs))} designs"
    assert page.inner_text("#remaining").startswith(counted)


def _drag(page: Any, *places: tuple[float, float]) -> None:
    """Holds the pointer down from the first of `places` (latency, AP) to the last."""
    points = [page.evaluate(PLACE, list(place)) for place in places]
    page.mouse.move(*points[0])
    page.mouse.down()
    for x, y in points[1:]:
        page.mouse.move(x, y, steps=4)
    page.mouse.up()
    page.wait_for_function("dse.isNarrowed()", timeout=DRAWN_MS)


def test_a_box_in_the_scatter_selects_in_every_view(
    reader: Reader, page_path: Path, designs: pd.DataFrame
) -> None:
    page = reader.open(page_path)
    _drag(page, (18, 0.5), (30, 0.72))
    ranges = page.evaluate("dse.state.ranges")
    assert ranges["latency_ms"] == pytest.approx([18, 30], abs=0.3)
    assert ranges["shown_ap"] == pytest.approx([0.5, 0.72], abs=0.003)
    inside = designs["latency_ms"].between(*ranges["latency_ms"])
    _expect(
        reader, page, designs[inside & designs["shown_ap"].between(*ranges["shown_ap"])], designs
    )
    assert page.locator("#parallel .range").count() == 2
    high = ranges["latency_ms"][1]
    assert page.inner_text("#limit-latency_ms-words") == f"≤ {high:.1f} ms".replace(".0 ", " ")


def test_a_lasso_picks_designs_and_the_table_lists_them(
    reader: Reader, page_path: Path, designs: pd.DataFrame
) -> None:
    page = reader.open(page_path)
    page.locator("#drag-control label", has_text="Lasso").click()
    _drag(page, (15, 0.5), (15, 0.72), (30, 0.72), (30, 0.5), (15, 0.5))
    inside = designs["latency_ms"].between(15, 30) & designs["shown_ap"].between(0.5, 0.72)
    _expect(reader, page, designs[inside], designs)
    assert f"{inside.sum()} picked" in page.inner_text("#selection")
    page.uncheck("#only")
    assert len(reader.names()) > inside.sum()
    assert page.locator("#table .tick:checked").count() == inside.sum()


def test_a_range_on_a_parallel_axis_selects_in_every_view(
    reader: Reader, page_path: Path, designs: pd.DataFrame
) -> None:
    page = reader.open(page_path)
    axis = page.locator("#parallel [data-column=shown_ap] .hit")
    axis.scroll_into_view_if_needed()
    box = axis.bounding_box()
    middle = box["x"] + box["width"] / 2
    page.mouse.move(middle, box["y"] + 0.2 * box["height"])
    page.mouse.down()
    page.mouse.move(middle, box["y"] + 0.6 * box["height"], steps=4)
    page.mouse.up()
    [low, high] = page.evaluate("dse.state.ranges.shown_ap")
    least, most = designs["shown_ap"].min(), designs["shown_ap"].max()
    assert low == pytest.approx(most - 0.6 * (most - least), abs=0.01)
    assert high == pytest.approx(most - 0.2 * (most - least), abs=0.01)
    _expect(reader, page, designs[designs["shown_ap"].between(low, high)], designs)
    page.mouse.click(middle, box["y"] + 0.4 * box["height"])
    assert page.evaluate("dse.isNarrowed()") is False


def test_the_ends_of_a_parallel_axis_move_by_keyboard(
    reader: Reader, page_path: Path, designs: pd.DataFrame
) -> None:
    page = reader.open(page_path)
    end = page.locator("#parallel [data-handle=input_size-high]")
    end.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    sizes = sorted(designs["input_size"].unique())
    assert end.get_attribute("aria-valuetext") == f"{sizes[-3]:.0f}"
    assert page.evaluate("document.activeElement.dataset.handle") == "input_size-high"
    _expect(reader, page, designs[designs["input_size"] <= sizes[-3]], designs)
    page.keyboard.press("Delete")
    assert end.get_attribute("aria-valuetext") == "any"
    assert page.evaluate("dse.isNarrowed()") is False


def test_ticked_rows_select_in_the_other_views(
    reader: Reader, page_path: Path, designs: pd.DataFrame
) -> None:
    page = reader.open(page_path)
    names = [reader.names()[0], reader.names()[2]]
    page.locator(f'[aria-label="Pick {names[0]}"]').check()
    page.locator(f'[aria-label="Pick {names[1]}"]').focus()
    page.keyboard.press("Space")
    assert len(reader.names()) == len(_drawn_rows(page))
    page.check("#only")
    _expect(reader, page, designs[designs["candidate"].isin(names)], designs)
    page.locator(f'[aria-label="Pick {names[0]}"]').click()
    assert reader.names() == names[1:]
    page.keyboard.press("Space")
    assert page.evaluate("[dse.state.picks, dse.state.only]") == [[], False]


def _drawn_rows(page: Any) -> list[str]:
    found: list[str] = page.evaluate(
        "dse.study().rows.filter(dse.isOnPage).map((row) => row.candidate)"
    )
    return found


def test_the_filter_selects_in_every_view(
    reader: Reader, page_path: Path, designs: pd.DataFrame
) -> None:
    page = reader.open(page_path)
    page.fill("#query", "192 front")
    chosen = (designs["input_size"] == 192) & (designs["state"] == "front")
    _expect(reader, page, designs[chosen], designs)


def test_the_listed_designs_are_saved_with_their_numbers(
    reader: Reader, page_path: Path, record: Any
) -> None:
    page = reader.open(page_path)
    page.fill("#query", "192 front")
    with page.expect_download(timeout=DRAWN_MS) as caught:
        page.click("#csv")
    saved = pd.read_csv(caught.value.path())
    assert caught.value.suggested_filename == f"{record.name}.csv"
    assert saved["candidate"].to_list() == reader.names()
    told = record.frame().set_index("candidate").loc[saved["candidate"], "latency_ms"]
    assert saved["latency_ms"].to_list() == pytest.approx(told.to_list(), rel=1e-3)


def test_a_slider_changes_the_front_and_the_sentence(
    reader: Reader, page_path: Path, designs: pd.DataFrame
) -> None:
    page = reader.open(page_path)
    page.focus("#limit-latency_ms")
    for _ in range(40):
        page.keyboard.press("ArrowLeft")
    limit = page.evaluate("dse.state.ranges.latency_ms[1]")
    slider = page.locator("#limit-latency_ms")
    assert slider.get_attribute("aria-valuetext") == f"at most {limit:g} ms"
    rest = designs[designs["latency_ms"] <= limit]
    finished = _finished(rest)
    line = page.evaluate(
        "document.getElementById('front-plot').data.find((one) => one.meta === 'line-chosen')"
    )
    x, y = staircase(finished["latency_ms"].to_list(), finished["ap"].to_list())
    assert line["x"][:-1] == pytest.approx(x, rel=1e-4)
    assert line["y"][:-1] == pytest.approx(y, rel=1e-4)
    best = finished.sort_values("ap").iloc[-1]
    words = page.inner_text("#remaining")
    assert words.startswith(f"{len(finished)} of {len(_finished(designs))} designs; best AP")
    assert f"{best['ap']:.3f}" in words
    assert best["candidate"] in words


def test_the_price_of_the_last_millisecond(
    reader: Reader, page_path: Path, designs: pd.DataFrame
) -> None:
    finished = _finished(designs)
    x, y = staircase(finished["latency_ms"].to_list(), finished["ap"].to_list())
    assert len(x) >= 3
    middle = len(x) // 2
    limit = (x[middle] + x[middle + 1]) / 2
    page = reader.open(page_path, f"#latency_ms_max={limit}")
    words = page.inner_text("#prices")
    lost, gained = y[middle] - y[middle - 1], y[middle + 1] - y[middle]
    assert f"falls by {lost:.3f} to {y[middle - 1]:.3f}, at {x[middle - 1]:.1f} ms" in words
    assert f"rises by {gained:.3f} to {y[middle + 1]:.3f}, at {x[middle + 1]:.1f} ms" in words
    rate = lost / (x[middle] - x[middle - 1])
    [written] = re.findall(r"falls by .*? \((\S+) AP a millisecond", words)
    assert float(written) == pytest.approx(rate, rel=0.06)
    assert words.count("intervals of the two APs overlap") == (lost < 0.05) + (gained < 0.05)


def test_the_loosest_limit_gains_nothing(reader: Reader, page_path: Path) -> None:
    page = reader.open(page_path, "#latency_ms_max=99999")
    assert "A looser limit gains no AP." in page.inner_text("#prices")
    page = reader.open(page_path, "#latency_ms_max=0.001")
    assert page.inner_text("#remaining").startswith("0 of")
    assert page.inner_text("#prices") == ""


@pytest.mark.parametrize(
    ("column", "values", "first", "last"),
    [
        ("latency_ms", [9.87, 52.3], 9.9, 52),
        ("kmodel_bytes", [300 * 1024, 3 * 2**20], 300 * 1024, 2.9 * 2**20),
        ("peak_kpu_bytes", [2**20, 1.55 * 2**20], 2**20, 1.5 * 2**20),
    ],
)
def test_sliders_stop_at_round_values(
    reader: Reader, page_path: Path, column: str, values: list[float], first: float, last: float
) -> None:
    page = reader.open(page_path)
    *steps, open_end = page.evaluate(f"dse.stepsOf('{column}', {values})")
    assert open_end is None
    assert steps == sorted(set(steps))
    assert [steps[0], steps[-1]] == pytest.approx([first, last])
    floor = page.evaluate("dse.stepsOf('shown_ap', [0.4449, 0.4721])")
    assert floor == [None, 0.45, 0.46, 0.47]
    assert page.evaluate("dse.stepsOf('peak_kpu_bytes', [0, 2048, 4096])")[0] == 2048
    assert page.evaluate(f"dse.stepsOf('{column}', [5, 5])") is None


def test_a_link_restores_the_selection(
    reader: Reader, page_path: Path, designs: pd.DataFrame
) -> None:
    page = reader.open(
        page_path, "#latency_ms_max=30&width_min=0.5&breakpoint_max=B&axis=energy_mj"
    )
    inside = (designs["latency_ms"] <= 30) & (designs["width"] >= 0.5)
    chosen = designs[inside & (designs["breakpoint"] <= "B")]
    _expect(reader, page, chosen, designs)
    names = sorted(chosen["candidate"])[:2]
    for name in names:
        page.locator(f'[aria-label="Pick {name}"]').check()
    page.check("#only")
    link = page.evaluate("location.hash")
    page.goto("about:blank")
    page = reader.open(page_path, link)
    _expect(reader, page, designs[designs["candidate"].isin(names)], designs)
    assert page.is_checked("input[value=energy_mj]")
    parts = page.locator("#selection .part").all_inner_texts()
    assert [part.removesuffix("✕").strip() for part in parts] == [
        "Breakpoint ≤ B", "Width ≥ 0.5", "Latency ≤ 30 ms", "2 picked",
    ]  # fmt: skip


def test_a_selection_is_taken_away_part_by_part_or_at_once(
    reader: Reader, page_path: Path, designs: pd.DataFrame
) -> None:
    page = reader.open(page_path, "#latency_ms_max=30&shown_ap_min=0.6&filter=A63")
    page.get_by_role("button", name="Remove: “A63”").click()
    assert page.input_value("#query") == ""
    inside = (designs["latency_ms"] <= 30) & (designs["shown_ap"] >= 0.6)
    _expect(reader, page, designs[inside], designs)
    page.keyboard.press("Escape")
    assert page.evaluate("location.hash") == ""
    assert page.evaluate(SHOWN)["faded"] == 0
    assert page.evaluate("document.activeElement.id") == "limits-heading"
    assert page.locator("#clear").count() == 0


def test_a_zoom_outlives_a_selection(reader: Reader, page_path: Path) -> None:
    page = reader.open(page_path)
    shown = "document.getElementById('front-plot')._fullLayout.xaxis.range"
    whole = page.evaluate(shown)
    page.locator("#front-plot").hover()
    page.locator('#front-plot [data-title="Zoom in"]').click()
    page.wait_for_function(f"{shown}[1] < {whole[1]}", timeout=DRAWN_MS)
    near = page.evaluate(shown)
    page.fill("#query", "A63")
    assert page.evaluate(shown) == near


def test_a_line_opens_its_design(reader: Reader, page_path: Path, designs: pd.DataFrame) -> None:
    page = reader.open(page_path)
    page.locator("#parallel").scroll_into_view_if_needed()
    x, y = page.evaluate(
        """() => { const box = document.getElementById("parallel").getBoundingClientRect();
          const line = dse.parallel.lines[0]; const [a, b] = line.slice(-2);
          return [box.x + (a[0] + b[0]) / 2, box.y + (a[1] + b[1]) / 2]; }"""
    )
    page.mouse.move(x, y)
    assert page.locator("#parallel .tip").is_visible()
    named = page.inner_text("#parallel .tip").split(" · ")[0]
    page.mouse.click(x, y)
    assert page.inner_text("#details-heading") == named
    assert named in set(designs["candidate"])
    assert page.locator("#parallel .current").get_attribute("d")


def test_the_shaded_side_is_the_feasible_one(reader: Reader, page_path: Path) -> None:
    page = reader.open(page_path, "#axis=peak_kpu_bytes")
    shape = (
        "document.getElementById('front-plot').layout.shapes.find((one) => one.name === 'feasible')"
    )
    assert page.evaluate(f"[{shape}.x0, {shape}.x1]") == [0, 2048]
    page = reader.open(
        page_path, "#axis=peak_kpu_bytes&peak_kpu_bytes_max=1048576&shown_ap_min=0.5"
    )
    assert page.evaluate(f"[{shape}.x1, {shape}.y0]") == [1024, 0.5]


def test_on_a_narrow_page_the_axes_lie(browser: Any, page_path: Path) -> None:
    reader = Reader(browser, viewport={"width": 320, "height": 640}, has_touch=True)
    page = reader.open(page_path, "#latency_ms_max=30")
    assert page.evaluate("document.documentElement.scrollWidth") == 320
    assert page.locator("#parallel svg.flat").count() == 1
    ends = "[...document.querySelectorAll('#parallel text')].map((one) => one.getBBox())"
    assert page.evaluate(f"Math.max(...{ends}.map((box) => box.x + box.width))") <= 320
    assert reader.complaints == []
    reader.context.close()
