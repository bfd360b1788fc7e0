"""Time `cmtmed report` on a large build, and its page in a browser.

``python benchmarks/report.py`` builds 100,000 recombined real dialogues with the whole pipeline, writes the page in a
process of its own, and prints seconds, peak memory (PSS) and the size of the page. Then it opens the page in headless
Chromium five times from a cold start, at 1400 and at 390 pixels, and prints the time from the start of the navigation
to the load event and to the last chart. ``--dialogues N`` sets the size; ``--build DIR`` uses an existing build.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from pathlib import Path
from statistics import median

import calibration
from figures import record

from build import measure_command
from corpus import write_crawl

OPENINGS = 5
CMTMED = (sys.executable, "-m", "cmtmed.cli")


def open_page(page: Path, width: int) -> tuple[float, float]:
    """Open a page in a newly started browser; return seconds to the load event and to the last chart."""
    from playwright.sync_api import sync_playwright

    browsers = [path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))]
    if not browsers:
        raise SystemExit("no Chromium on the path")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browsers[0], args=["--no-sandbox"])
        view = browser.new_page(viewport={"width": width, "height": 900})
        view.goto(page.absolute().as_uri())
        view.wait_for_selector("html[data-drawn]")
        last_chart = view.evaluate("performance.getEntriesByName('drawn')[0].startTime")
        load = view.evaluate("performance.getEntriesByType('navigation')[0].loadEventEnd")
        browser.close()
    return load / 1000, last_chart / 1000


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dialogues", type=int, default=100_000)
    parser.add_argument("--build", type=Path, help="directory of an existing build")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        out = options.build or folder / "out"
        if options.build is None:
            write_crawl(folder / "crawl", options.dialogues)
            measure_command([*CMTMED, "build", "cmtmedqa", str(folder / "crawl"), "--out", str(out), "--quiet"])
        for flags in ((), ("--no-text",)):
            page = folder / f"page{len(flags)}.html"
            seconds, peak, _ = measure_command([*CMTMED, "report", str(out), "--page", str(page), "--quiet", *flags])
            print(
                f"cmtmed report {' '.join(flags):<10} {seconds:5.1f} s  peak {peak / 2**30:.2f} GiB  "
                f"page {page.stat().st_size / 1e6:.2f} MB"
            )
            size, label = page.stat().st_size / 1e6, "page_without_text" if flags else "page"
            record(f"report.{label}.megabytes", size, better="lower", slack=0.05)
            record(f"report.{label}.loops", seconds / calibration.measure(), better="lower", slack=0.25)
        for width in (1400, 390):
            loads, charts = zip(*(open_page(folder / "page0.html", width) for _ in range(OPENINGS)), strict=True)
            print(
                f"opened at {width:>4} px: load event {median(loads):.2f} s, all charts {median(charts):.2f} s "
                f"(slowest of {OPENINGS}: {max(charts):.2f} s)"
            )


if __name__ == "__main__":
    main()
