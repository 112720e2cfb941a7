"""axe-core finds nothing serious on the page: wide and narrow, light and dark, panel open."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from dse.views.dashboard.page import write_dashboard
from tests.views.dashboard.reader import Reader

pytestmark = pytest.mark.browser

REPOSITORY = Path(__file__).parents[3]
AXE = "node_modules/axe-core/axe.min.js"
FINDINGS = """async () => {
  const { violations } = await axe.run(document, { resultTypes: ["violations"] });
  return violations.filter((one) => ["serious", "critical"].includes(one.impact)).map((one) =>
    `${one.id}: ${one.help}; ${one.nodes.map((node) => node.target.join(" ")).join(", ")}`);
}"""


@pytest.fixture(scope="module")
def axe() -> str:
    """The checker's source: the file that DSE_AXE names, or where npm puts it."""
    path = Path(os.environ.get("DSE_AXE", REPOSITORY / AXE))
    if not path.is_file():
        pytest.skip(f"no axe-core at {path}: npm install --no-save axe-core, or name it in DSE_AXE")
    return path.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def path(record: Any, record_maker: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    other = record_maker(12, name="second")
    return write_dashboard([record, other], tmp_path_factory.mktemp("axe") / "page.html")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 320])
def test_nothing_serious_is_found(
    browser: Any, axe: str, path: Path, scheme: str, width: int
) -> None:
    viewport = {"width": width, "height": 900}
    reader = Reader(browser, viewport=viewport, color_scheme=scheme)
    page = reader.open(path)
    page.evaluate(axe)
    findings = page.evaluate(FINDINGS)
    page.locator("#table tbody .open").first.click()
    page.locator("#details summary").click()
    page.locator("#state-control label", has_text="Rejected").locator("input").check()
    findings += page.evaluate(FINDINGS)
    reader.context.close()
    assert findings == []
