"""A real browser for tests: Debian's Chromium, headless, driven by Playwright. It writes down whatever goes wrong."""

from __future__ import annotations

import importlib.util
import shutil
import time
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

CHROMIUM = next(
    (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None
)
needs_browser = pytest.mark.skipif(
    CHROMIUM is None or importlib.util.find_spec("playwright") is None, reason="no Chromium or no Playwright here"
)


PATIENCE = 30
"""Seconds to wait for what does come; a busy machine takes long, and an idle one does not wait."""


@dataclass
class Visit:
    """A page that was opened.

    Attributes:
        page: Playwright's page.
        errors: console messages of level error, and exceptions that nobody caught.
        requests: addresses that were asked for, the page's own included.
        dialogs: alerts, confirmations and prompts.
    """

    page: Any
    errors: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    dialogs: list[str] = field(default_factory=list)

    def drawn(self, told: str = "") -> None:
        """Wait until all charts are drawn, in that language and theme if any is named."""
        self.page.wait_for_selector(f'html[data-drawn="{told}"]' if told else "html[data-drawn]")

    def frames(self) -> None:
        """Wait for the events that a browser sends with its next pictures, such as that of a scrolled page."""
        self.page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")

    def has(self, selector: str, number: int) -> None:
        """Wait until there are so many elements."""
        from playwright.sync_api import expect

        expect(self.page.locator(selector)).to_have_count(number)

    def until(self, holds: Callable[[], bool]) -> None:
        """Wait until something holds that no selector can say."""
        last = time.monotonic() + PATIENCE
        while not holds():
            assert time.monotonic() < last, "it did not come to hold"
            self.page.wait_for_timeout(20)

    def tip(self, place: Any, **options: Any) -> str:
        """Rest the pointer on a place and return what the page tells of it.

        A browser hands movements to the page with its next picture; until then a tip can be that of the last place.
        """
        place.hover(**options)
        self.frames()
        return self.text("#tip")

    def text(self, selector: str) -> str:
        """Return what can be read of an element, once it can be seen. Of a hidden one innerText is something else."""
        from playwright.sync_api import expect

        expect(self.page.locator(selector)).to_be_visible()
        return self.page.locator(selector).inner_text()


@contextmanager
def browser():
    """Start Chromium. Its sandbox does not start for root, which tests in containers run as."""
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=PATIENCE * 1000)
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield started
        started.close()


@contextmanager
def visit(started, path, *, width=1400, theme="light", language="en-US", fragment="", **options):
    """Open a file and wait for its charts."""
    context = started.new_context(
        viewport={"width": width, "height": 900}, color_scheme=theme, locale=language, **options
    )
    made = Visit(context.new_page())
    made.page.on("console", lambda said: made.errors.append(said.text) if said.type == "error" else None)
    made.page.on("pageerror", lambda error: made.errors.append(str(error)))
    made.page.on("request", lambda request: made.requests.append(request.url))

    def dismiss(dialog):
        made.dialogs.append(dialog.message)
        dialog.dismiss()

    made.page.on("dialog", dismiss)
    made.page.goto(path.absolute().as_uri() + fragment)
    made.drawn()
    yield made
    context.close()
