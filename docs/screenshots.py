"""Take the screenshots of ``docs/report.md``: ``python docs/screenshots.py``.

Builds the example crawl, writes its report page and opens it in Chromium. Needs the extras ``report`` and ``dev``.
"""

from __future__ import annotations

import io
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from PIL import Image
from playwright.sync_api import sync_playwright

import cmtmed

DOCS: Final = Path(__file__).parent
GAP: Final = 20
GAP_COLOUR: Final = "#3f424c"


def main() -> None:
    """Take all screenshots."""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        out = Path(folder) / "out"
        cmtmed.build(cmtmed.bundled("examples/demo.yaml"), [cmtmed.bundled("examples/crawl")], out)
        report = cmtmed.write_report(out)
        chromium = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        with open_page(chromium, report, width=1400) as page:
            clip = {"x": 0, "y": 0, "width": 1400, "height": 2330}
            save_image(take_screenshot(page, full_page=True, clip=clip), "report-1400.png")
            show_search(page)
            save_image(take_screenshot(page), "report-dialogues.png")
        with open_page(chromium, report, width=390, color_scheme="dark", locale="zh-CN") as page:
            save_image(join_strips(page, ["body", "#inquiries", "#browse"]), "report-390.png")
        chromium.close()


@contextmanager
def open_page(chromium: Any, file: Path, *, width: int, **options: Any) -> Iterator[Any]:
    """Open a file and wait for its charts."""
    context = chromium.new_context(viewport={"width": width, "height": 900}, **options)
    page = context.new_page()
    page.goto(file.absolute().as_uri())
    page.wait_for_selector("html[data-drawn]")
    yield page
    context.close()


def take_screenshot(page: Any, **options: Any) -> Image.Image:
    """Return a screenshot as an image."""
    return Image.open(io.BytesIO(page.screenshot(**options))).convert("RGB")


def save_image(image: Image.Image, name: str) -> None:
    """Save an image with a palette of 256 colours, which takes a third of the space."""
    image.quantize(colors=256, dither=Image.Dither.NONE).save(DOCS / name, optimize=True)


def show_search(page: Any) -> None:
    """Search the dialogues, open a trace and show the tooltip of a question."""
    page.fill("#search", "药")
    page.select_option("[data-filter=slot]", "=history")
    page.select_option("[data-filter=type]", "*")
    page.evaluate("document.querySelector('#browse').scrollIntoView()")
    page.wait_for_timeout(300)
    page.locator(".dialogue details summary").first.click()
    page.locator(".dialogue mark.asks").first.hover()
    page.wait_for_timeout(300)


def join_strips(page: Any, selectors: list[str], height: int = 1500) -> Image.Image:
    """Return parts of a narrow page side by side, each beginning shortly before an element."""
    width = page.viewport_size["width"]
    strips = []
    for selector in selectors:
        top = max(0, page.locator(selector).bounding_box()["y"] - 60)
        clip = {"x": 0, "y": top, "width": width, "height": height}
        strips.append(take_screenshot(page, full_page=True, clip=clip))
    joined = Image.new("RGB", (len(strips) * (width + GAP) - GAP, height), GAP_COLOUR)
    for index, strip in enumerate(strips):
        joined.paste(strip, (index * (width + GAP), 0))
    return joined


if __name__ == "__main__":
    main()
