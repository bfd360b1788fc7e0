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
    """An open page, and everything that went wrong in it.

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

    def wait_for_charts(self, appearance: str = "") -> None:
        """Wait until all charts are drawn, in that language and theme if any is named."""
        self.page.wait_for_selector(f'html[data-drawn="{appearance}"]' if appearance else "html[data-drawn]")

    def wait_for_frames(self) -> None:
        """Wait for the events that a browser sends with its next pictures, such as that of a scrolled page."""
        self.page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")

    def wait_for_count(self, selector: str, number: int) -> None:
        """Wait until there are so many elements."""
        from playwright.sync_api import expect

        expect(self.page.locator(selector)).to_have_count(number)

    def wait_until(self, condition: Callable[[], bool]) -> None:
        """Wait until something holds that no selector can say."""
        deadline = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < deadline, "it did not come to hold"
            self.page.wait_for_timeout(20)

    def read_tip(self, target: Any, **options: Any) -> str:
        """Rest the pointer on a place and return what the page tells of it.

        A browser hands movements to the page with its next picture; until then a tip can be that of the last place.
        """
        target.hover(**options)
        self.wait_for_frames()
        return self.read_text("#tip")

    def read_text(self, selector: str) -> str:
        """Return what can be read of an element, once it can be seen. Of a hidden one innerText is something else."""
        from playwright.sync_api import expect

        expect(self.page.locator(selector)).to_be_visible()
        return self.page.locator(selector).inner_text()


@contextmanager
def launch_browser():
    """Start Chromium. Its sandbox does not start for root, which tests in containers run as."""
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=PATIENCE * 1000)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield chromium
        chromium.close()


@contextmanager
def visit(chromium, path, *, width=1400, theme="light", language="en-US", fragment="", **options):
    """Open a file and wait for its charts."""
    context = chromium.new_context(
        viewport={"width": width, "height": 900}, color_scheme=theme, locale=language, **options
    )
    opened_page = Visit(context.new_page())
    opened_page.page.on(
        "console", lambda message: opened_page.errors.append(message.text) if message.type == "error" else None
    )
    opened_page.page.on("pageerror", lambda error: opened_page.errors.append(str(error)))
    opened_page.page.on("request", lambda request: opened_page.requests.append(request.url))

    def dismiss(dialog):
        opened_page.dialogs.append(dialog.message)
        dialog.dismiss()

    opened_page.page.on("dialog", dismiss)
    opened_page.page.goto(path.absolute().as_uri() + fragment)
    opened_page.wait_for_charts()
    yield opened_page
    context.close()
