"""Writing of a build's report page: summary, sample of dialogues and charts in one HTML file."""

from __future__ import annotations

import importlib.util
import stat
from pathlib import Path
from typing import Final

from cmtmed import artifacts
from cmtmed.builds import Build
from cmtmed.errors import OutputError, UsageError
from cmtmed.report import dialogues, duplicates
from cmtmed.report.labels import LANGUAGES, Bilingual, get_label
from cmtmed.report.sampling import sample_dialogues
from cmtmed.report.summarize import summarize_build
from cmtmed.report.summary import MAX_DEPARTMENTS, BuildSummary
from cmtmed.stats import MIN_DEPARTMENT_DIALOGUES

PAGE_FILE: Final = "report.html"
GENERATOR_TAG: Final = b'<meta name="generator" content="cmtmed report">'
"""Near the beginning of every page; a file that has it may be overwritten."""
_PACKAGES: Final = {"jinja2": "jinja2", "altair": "altair", "vl_convert": "vl-convert-python"}
"""Packages of the extra by the module that is imported."""


def write_report(
    out: str | Path,
    page: str | Path | None = None,
    *,
    sample: int = 300,
    text: bool = True,
    verify: bool = False,
) -> Path:
    """Write one self-contained HTML page about a finished build.

    The page opens from disk and fetches nothing. It shows the flow of dialogues through the stages, lengths,
    departments, doctors' questions, redactions, clusters of duplicates, and a searchable sample of dialogues. The same
    build gives the same page, byte for byte. Only its owner may read a page with dialogues.

    Args:
        out: directory of a build.
        page: the file to write; ``report.html`` in the build by default. An earlier page is replaced.
        sample: number of dialogues to browse, drawn by a hash of their ids.
        text: whether the page may contain dialogues. If not, it contains counts only: no text, no ids, and no
            department of fewer than ten dialogues.
        verify: compare the checksums of all tables with those that the build recorded first.

    Returns:
        Path of the page.

    Raises:
        UsageError: a package of the extra is missing, or ``sample`` is negative.
        DatasetError: ``out`` holds no finished build, or its files are damaged.
        OutputError: the page cannot be written, or would replace another kind of file.
    """
    missing = [package for name, package in _PACKAGES.items() if importlib.util.find_spec(name) is None]
    if missing:
        raise UsageError(f"a report needs {', '.join(missing)}; install them with: pip install 'cmtmed[report]'")
    if sample < 0:
        raise UsageError(f"sample is {sample}; give 0 or more dialogues")
    with Build.open_checked(out, verify=verify) as build:
        target = Path(page) if page is not None else build.root / PAGE_FILE
        summary = summarize_build(build)
        _check_target(target)
        content = _render_page(build, summary, sample=sample, text=text)
    try:
        artifacts.write_text(target, content, private=text)
    except OSError as error:
        raise OutputError(f"cannot write {str(target)!r}: {error.strerror}; choose another --page") from None
    return target


def _render_page(build: Build, summary: BuildSummary, *, sample: int, text: bool) -> str:
    from cmtmed.report.charts import LENGTHS, build_specifications
    from cmtmed.report.page import build_dictionary, render
    from cmtmed.report.palette import build_themes

    clusters = duplicates.count_clusters(build)
    total = summary.counts["kept"] + summary.counts["dropped"]
    rows = [dialogues.to_json_dialogue(row) for row in sample_dialogues(build, sample)] if text else []
    charts = {language: build_specifications(summary, clusters.sizes, language) for language in LANGUAGES}
    types = [get_label("identifier", identifier_type) for identifier_type in summary.unredacted]
    data: dict[str, object] = {
        "charts": charts,
        "themes": build_themes(),
        "dictionary": build_dictionary(),
        "dialogues": rows,
    }
    return render(
        summary=summary if text else summary.anonymize_inputs(),
        text=text,
        charts=charts["en"],
        lengths={name: summary.lengths(name) for name in LENGTHS},
        duplicates=clusters,
        clusters=duplicates.compare_clusters(build, clusters) if text else [],
        unredacted=Bilingual(", ".join(label.en for label in types), "、".join(label.zh for label in types)),
        limits={
            "least": MIN_DEPARTMENT_DIALOGUES,
            "most": MAX_DEPARTMENTS,
            "dialogue": dialogues.MAX_CHARACTERS,
            "pair": duplicates.MAX_CHARACTERS,
            "members": duplicates.MAX_COMPARISONS,
        },
        shown=len(rows),
        total=total,
        data=data,
    )


def _check_target(target: Path) -> None:
    """Refuse to overwrite anything but an earlier page."""
    try:
        mode = target.lstat().st_mode
        if stat.S_ISDIR(mode):
            raise OutputError(f"{str(target)!r} is a directory; give the name of a file, such as {target / PAGE_FILE}")
        if not stat.S_ISREG(mode):
            raise OutputError(f"{str(target)!r} is not a regular file and was left as it is; choose another --page")
        with target.open("rb") as stream:
            start = stream.read(4096)
        if not start.lstrip().lower().startswith(b"<!doctype html>") or GENERATOR_TAG not in start:
            raise OutputError(
                f"{str(target)!r} is not a page written by cmtmed and was left as it is; choose another --page"
            )
    except FileNotFoundError:
        return
    except OSError as error:
        raise OutputError(f"{str(target)!r} cannot be read: {error.strerror}; choose another --page") from None
