"""A person at the page, in a real browser."""

from __future__ import annotations

from pathlib import Path
from typing import Any

DRAWN_MS = 30_000

FORGET = """() => new Promise((done) => {
  if (!location.hash) return done();
  addEventListener("hashchange", () => done(), { once: true });
  location.hash = "";
})"""
"""Takes the fragment away: the page then shows what it shows at first."""


class Reader:
    """A person at the page: opens it offline, and notes what the console says."""

    def __init__(self, browser: Any, **options: Any) -> None:
        self.context = browser.new_context(offline=True, reduced_motion="reduce", **options)
        self.page = self.context.new_page()
        self.complaints: list[str] = []
        self.page.on("console", lambda said: self.complaints.append(f"{said.type}: {said.text}"))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def open(self, path: Path, fragment: str = "") -> Any:
        """The page as it is for one who has just opened it."""
        if self.page.url.split("#")[0] == path.as_uri() and not fragment:
            self.page.evaluate(FORGET)
            return self.page
        self.page.goto(path.as_uri() + fragment)
        self.page.wait_for_selector("html[data-ready]", timeout=DRAWN_MS)
        return self.page

    def names(self) -> list[str]:
        """The table's designs, from the top."""
        found: list[str] = self.page.locator("#table tbody .open").all_inner_texts()
        return found
