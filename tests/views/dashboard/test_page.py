"""The page as a file, and in a real browser: offline, without a mistake on its console."""

from __future__ import annotations

import base64
import gzip
import html
import html.parser
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import dse.views.dashboard
from dse.errors import UsageError
from dse.launcher import typed
from dse.views.dashboard.frames import study_tables
from dse.views.dashboard.page import page_text, write_dashboard
from dse.views.dashboard.payload import payload_json
from dse.views.dashboard.style import DARK, size_colours
from tests.views.dashboard.reader import DRAWN_MS, Reader

LARGEST_BYTES = 5_000_000


class _Scripts(html.parser.HTMLParser):
    """Collects the text of every script element, by id, and every address."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: dict[str, str] = {}
        self.addresses: list[str] = []
        self._open: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.addresses += [str(given[name]) for name in ("src", "href") if name in given]
        if tag == "script":
            self._open = given.get("id") or "program"
            self.texts[self._open] = ""

    def handle_endtag(self, tag: str) -> None:
        if tag == "script":
            self._open = None

    def handle_data(self, data: str) -> None:
        if self._open:
            self.texts[self._open] += data


def _read(path: Path) -> _Scripts:
    parser = _Scripts()
    parser.feed(path.read_text(encoding="utf-8"))
    return parser


def _unpacked(path: Path, name: str) -> bytes:
    return gzip.decompress(base64.b64decode(_read(path).texts[name]))


@pytest.fixture(scope="module")
def page_path(record: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_dashboard([record], tmp_path_factory.mktemp("page") / "new" / "dashboard.html")


@pytest.mark.slow
def test_one_file_without_addresses(page_path: Path) -> None:
    assert [entry.name for entry in page_path.parent.iterdir()] == ["dashboard.html"]
    assert page_path.stat().st_size < LARGEST_BYTES
    assert set(_read(page_path).addresses) == {"#designs", "data:,"}


def test_a_name_that_is_no_text_is_shown_as_escapes(empty_record: Any, tmp_path: Path) -> None:
    strange = replace(empty_record, name="caf\udce9\x1b[2J</script>")
    path = write_dashboard([strange], tmp_path / "page.html")
    assert r"caf\udce9" in path.read_text(encoding="utf-8")
    (study,) = json.loads(_unpacked(path, "payload"))["studies"]
    assert study["name"] == strange.name


@pytest.mark.slow
def test_plotly_is_inside_once(page_path: Path) -> None:
    assert _unpacked(page_path, "plotly-source").startswith(b"/**\n* plotly")


@pytest.mark.slow
def test_the_data_is_json(page_path: Path, record: Any) -> None:
    payload = json.loads(_unpacked(page_path, "payload"))
    [study] = payload["studies"]
    place = study["designs"]["columns"].index("candidate")
    names = {row[place] for row in study["designs"]["rows"]}
    assert names == set(record.frame()["candidate"])
    assert study["counts"] == record.frame()["state"].value_counts().to_dict()
    assert set(study["figures"]["front"]["all"]) == set(payload["axes"])


def test_no_study_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no study"):
        write_dashboard([], tmp_path / "page.html")
    assert not list(tmp_path.iterdir())


def test_the_package_exports_what_it_says() -> None:
    assert dse.views.dashboard.__all__ == sorted(dse.views.dashboard.__all__)
    assert dse.views.dashboard.write_dashboard is write_dashboard
    assert dse.views.dashboard.Record.__name__ == "Record"
    with pytest.raises(AttributeError, match="no attribute 'other'"):
        _ = dse.views.dashboard.other


HOSTILE = "</script><script>document.title='taken'</script><img src=x onerror=alert(1)>"


# --- in a browser ---------------------------------------------------------------------------


@pytest.fixture(scope="module")
def reader(browser: Any) -> Iterator[Reader]:
    permissions = ["clipboard-read", "clipboard-write"]
    reader = Reader(browser, viewport={"width": 1440, "height": 900}, permissions=permissions)
    yield reader
    reader.context.close()


@pytest.fixture(scope="module")
def narrow_reader(browser: Any) -> Iterator[Reader]:
    reader = Reader(browser, viewport={"width": 320, "height": 640}, color_scheme="dark")
    yield reader
    reader.context.close()


def _on_front(record: Any) -> list[dict[str, Any]]:
    rows = [row for row in record.rows if row["state"] == "front" and row["deployable"]]
    return sorted(rows, key=lambda row: -row["ap"])


def test_opens_from_disk_without_a_complaint(reader: Reader, page_path: Path, record: Any) -> None:
    page = reader.open(page_path)
    assert reader.complaints == []
    assert page.locator("#front-plot .scatterlayer .point").count() > 10
    assert page.locator("#hypervolume-plot .scatterlayer").count() == 1
    assert "7 on the front" in page.inner_text("#summary")
    assert reader.names()[0] == _on_front(record)[0]["candidate"]
    assert "Paper: A98 alpha 0.5" in page.inner_text("#published")
    assert "4f9a22c01b" in page.inner_text("#facts")


def test_headings_sort_both_ways(reader: Reader, page_path: Path, record: Any) -> None:
    page = reader.open(page_path)
    deployable = [r for r in record.rows if r["deployable"] and r["state"] != "rejected"]
    latency = {row["candidate"]: row["latency_ms"] for row in deployable}
    page.click("[data-sort=latency_ms]")
    rising = [latency[name] for name in reader.names()]
    assert rising == sorted(latency.values())
    assert page.get_attribute("th:has([data-sort=latency_ms])", "aria-sort") == "ascending"
    page.click("[data-sort=latency_ms]")
    assert [latency[name] for name in reader.names()] == sorted(latency.values(), reverse=True)


def test_the_filter_needs_every_word(reader: Reader, page_path: Path) -> None:
    page = reader.open(page_path)
    page.fill("#query", "C133 128")
    assert reader.names()
    assert all("C133" in name and "128" in name for name in reader.names())
    page.fill("#query", "nothing like it")
    assert reader.names() == []
    assert page.inner_text("#table-count").startswith("0 designs")


def test_a_row_opens_the_design_and_escape_closes_it(
    reader: Reader, page_path: Path, record: Any
) -> None:
    page = reader.open(page_path)
    best = _on_front(record)[0]
    page.locator("#table tbody .open").first.focus()
    page.keyboard.press("Enter")
    panel = page.inner_text("#details")
    assert page.inner_text("#details-heading") == best["candidate"]
    assert page.evaluate("document.activeElement.id") == "details-heading"
    assert f"dse export {best['candidate']} --study k210-001" in panel
    assert f"{best['kmodel_ap']:.3f}" in panel
    assert page.locator("#curve-plot .scatterlayer .trace").count() == 2
    assert page.locator("#accuracy-plot .scatterlayer .point").count() >= 2
    page.keyboard.press("Escape")
    assert page.inner_text("#details-heading") == "A design"
    assert page.evaluate("document.activeElement.textContent") == best["candidate"]
    page.keyboard.press("ArrowDown")
    assert page.evaluate("document.activeElement.textContent") == reader.names()[1]


def test_a_click_on_a_mark_opens_its_design(reader: Reader, page_path: Path, record: Any) -> None:
    page = reader.open(page_path)
    mark = page.evaluate(
        """() => {
          const plot = document.getElementById("front-plot");
          const trace = plot._fullData.find((one) => one.meta === "front");
          plot.scrollIntoView({ block: "center", behavior: "instant" });
          const box = plot.getBoundingClientRect();
          const { xaxis, yaxis } = plot._fullLayout;
          return { place: trace.customdata[0],
                   x: box.x + xaxis._offset + xaxis.d2p(trace.x[0]),
                   y: box.y + yaxis._offset + yaxis.d2p(trace.y[0]) };
        }"""
    )
    page.mouse.move(mark["x"] - 3, mark["y"])
    page.mouse.move(mark["x"], mark["y"])
    page.wait_for_selector("#front-plot .hoverlayer .hovertext", timeout=DRAWN_MS)
    page.mouse.click(mark["x"], mark["y"])
    page.wait_for_selector("#copy", timeout=DRAWN_MS)
    expected = study_tables(record).designs["candidate"][mark["place"]]
    assert page.inner_text("#details-heading") == expected


def test_rejected_designs_appear_when_asked_for(
    reader: Reader, page_path: Path, record: Any
) -> None:
    page = reader.open(page_path)
    drawn = "document.getElementById('front-plot').data.find((t) => t.meta === 'rejected')"
    assert page.evaluate(f"{drawn}.visible") is False
    chip = page.locator("#state-control label", has_text="Rejected")
    count = sum(row["state"] == "rejected" and row["deployable"] for row in record.rows)
    assert str(count) in chip.inner_text()
    assert "kpu memory" in chip.get_attribute("title")
    chip.locator("input").check()
    assert page.evaluate(f"{drawn}.visible") is True
    page.fill("#query", "rejected")
    page.locator("#table tbody .open").first.click()
    panel = page.inner_text("#details")
    assert "allowed" in panel
    assert "at layer block_2_depthwise" in panel
    assert "dse export" not in panel


def test_a_link_restores_what_was_chosen(reader: Reader, page_path: Path, record: Any) -> None:
    page = reader.open(page_path)
    page.locator("#axis-control label", has_text="Main memory").click()
    page.locator("#scope-control label", has_text="All").click()
    page.fill("#query", "C98")
    page.locator("#picks button").nth(1).click()
    chosen = page.inner_text("#details-heading")
    link = page.evaluate("location.hash")
    page.goto("about:blank")
    page = reader.open(page_path, link)
    assert page.inner_text("#details-heading") == chosen
    assert page.input_value("#query") == "C98"
    assert page.is_checked("input[value=main_memory_bytes]")
    assert page.is_checked("input[value=all]")
    title = "document.getElementById('front-plot')._fullLayout.xaxis.title.text"
    assert page.evaluate(title) == "Main memory (KiB)"
    assert reader.complaints == []


def test_a_wrong_link_opens_the_page_as_it_is(reader: Reader, page_path: Path) -> None:
    page = reader.open(page_path, "#design=none&axis=weight&sort=-luck&fps=-3&study=other")
    assert page.inner_text("#details-heading") == "A design"
    assert page.is_checked("input[value=latency_ms]")
    assert reader.complaints == []


def test_the_frame_rate_line_moves(reader: Reader, page_path: Path) -> None:
    page = reader.open(page_path)
    page.fill("#fps", "20")
    shapes = "document.getElementById('front-plot').layout.shapes"
    assert page.evaluate(f"{shapes}.find((one) => one.name === 'frame_rate').x0") == 50
    assert "fps=20" in page.evaluate("location.hash")


def test_copy_gives_the_export_command(reader: Reader, page_path: Path, record: Any) -> None:
    best = _on_front(record)[0]["candidate"]
    page = reader.open(page_path)
    page.locator("#picks button", has_text="Most accurate").click()
    page.click("#copy")
    page.wait_for_selector("text=Copied")
    assert page.evaluate("navigator.clipboard.readText()") == typed(
        f"export {best} --study k210-001"
    )


def test_narrow_and_dark(narrow_reader: Reader, page_path: Path) -> None:
    page = narrow_reader.open(page_path)
    assert page.evaluate("document.documentElement.scrollWidth") == 320
    ground = "document.getElementById('front-plot').layout.paper_bgcolor"
    assert page.evaluate(ground) == "#141920"
    scale = "document.getElementById('front-plot').layout.coloraxis.colorscale.at(-1)[1]"
    assert page.evaluate(scale) == DARK[size_colours(2)[-1]]
    page.click("#theme")
    assert page.evaluate(ground) == "#ffffff"
    assert narrow_reader.complaints == []


def test_prints_in_the_light_colours(narrow_reader: Reader, page_path: Path) -> None:
    page = narrow_reader.open(page_path)
    page.emulate_media(media="print")
    layout = "document.getElementById('front-plot').layout"
    page.wait_for_function(f"{layout}.width === 660", timeout=DRAWN_MS)
    assert page.evaluate(f"{layout}.paper_bgcolor") == "#ffffff"
    page.emulate_media(media="screen")


def test_several_studies_an_empty_one_and_hostile_names(
    reader: Reader, record: Any, empty_record: Any, record_maker: Any, tmp_path: Path
) -> None:
    row = {**record.rows[0], "candidate": HOSTILE, "training": HOSTILE, "message": HOSTILE}
    settings = {"command": HOSTILE, "target": {"name": "k210"}}
    hostile = type(record)(rows=[row], name=HOSTILE, settings_table=settings)
    single = record_maker(trained=1, rejected=0, name="single")
    path = write_dashboard([empty_record, single, hostile], tmp_path / "page.html")
    page = reader.open(path)
    assert "no candidate yet" in page.inner_text("#summary")
    assert "Nothing has been trained yet" in page.inner_text("#front-plot")
    page.select_option("#study", "1")
    assert page.inner_text("#study-name") == "single"
    assert len(reader.names()) == 1
    assert page.locator("#front-plot .scatterlayer .point").count() >= 1
    page.select_option("#study", "2")
    page.locator("#state-control label", has_text="Rejected").locator("input").check()
    page.locator("#scope-control label", has_text="All").click()
    page.locator("#table tbody .open").first.click()
    assert page.inner_text("#details-heading") == HOSTILE
    assert page.inner_text("#study-name") == HOSTILE
    assert page.title() != "taken"
    assert page.locator("img").count() == 0
    assert reader.complaints == []


def test_without_javascript_the_front_is_still_there(
    browser: Any, page_path: Path, record: Any
) -> None:
    context = browser.new_context(java_script_enabled=False, offline=True)
    page = context.new_page()
    page.goto(page_path.as_uri())
    text = page.inner_text("body")
    context.close()
    assert all(row["candidate"] in text for row in _on_front(record))


STRANGE = (
    HOSTILE, "{{ 7 * 7 }}", "${title}$payload", "<!-- <script>", "\u2028\u2029", "\x00\x07\x1b[31m",
    "javascript:alert(1)", "\udce9", "&lt;b&gt;", "`${document.title}`", "'\";--", "]]>",
)  # fmt: skip


@pytest.fixture(scope="module")
def bare_page(record: Any) -> str:
    tables = [study_tables(type(record)(rows=[], name="x"))]
    return page_text(tables, payload_json(tables))


@pytest.mark.parametrize("strange", STRANGE)
def test_every_text_of_a_study_is_data_in_its_page(
    record: Any, bare_page: str, strange: str
) -> None:
    texts = ("candidate", "training", "breakpoint", "format", "reason", "layer", "message")
    trained = next(row for row in record.rows if row["state"] == "front")
    row = {**trained, **dict.fromkeys(texts, strange)}
    rejected = {**row, "state": "rejected"}
    settings: dict[str, Any] = {
        "command": strange, strange: strange, "target": {"name": strange, "title": strange},
        "search": {"target": strange, "data": strange}, "versions": {strange: [strange]},
    }  # fmt: skip
    hostile = type(record)(
        rows=[row, rejected],
        name=strange,
        stopping=strange,
        settings_table=settings,
        curves={strange: pd.DataFrame({"epoch": [1], "loss": [1.0], "val_ap": [0.1]})},
    )
    tables = [study_tables(hostile)]
    payload = payload_json(tables)
    page = page_text(tables, payload)
    for sign in ("<script", "</script", "<img", "<!--"):
        assert page.count(sign) == bare_page.count(sign), sign
    if strange == HOSTILE:
        assert page.count(html.escape(HOSTILE)) >= 3 and HOSTILE not in page
    if not set(strange) & {"\udce9", "\x00"}:
        assert json.loads(payload)["studies"][0]["name"] == strange
