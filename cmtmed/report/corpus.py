"""Make the page about a build: gather figures and dialogues, draw the charts, write one file."""

from __future__ import annotations

import importlib.util
import os
import stat
from pathlib import Path
from typing import Any, Final

from cmtmed.errors import OutputError, UsageError
from cmtmed.report import dialogues, duplicates, facts
from cmtmed.report.choose import choose
from cmtmed.report.names import LANGUAGES, Both, named
from cmtmed.stats import MIN_DEPARTMENT_DIALOGUES

PAGE: Final = "report.html"
MARK: Final = b'<meta name="generator" content="cmtmed report">'
"""Stands near the beginning of every page: whoever finds it may write over the file."""
_NEEDED: Final = {"jinja2": "jinja2", "altair": "altair", "vl_convert": "vl-convert-python"}


def write_report(out: str | Path, page: str | Path | None = None, *, sample: int = 300, text: bool = True) -> Path:
    """Write one self-contained HTML page about a finished build.

    It opens from disk and fetches nothing: the flow of dialogues through the stages, lengths, departments, doctors'
    questions, redactions, clusters of duplicates and a sample of dialogues to search. The same build gives the same
    page, byte for byte.

    Args:
        out: directory of a build.
        page: the file to write; ``report.html`` in the build by default. An earlier page is replaced.
        sample: dialogues to browse, drawn by a hash of their ids.
        text: whether the page may hold dialogues. Without, it holds counts only: no text, no id, and no department
            of fewer than ten dialogues.

    Returns:
        The file.

    Raises:
        UsageError: a library of the extra is missing, or ``sample`` is negative.
        DatasetError: ``out`` holds no finished build, or its files are damaged.
        OutputError: the page cannot be written, or would replace something else.
    """
    missing = [package for name, package in _NEEDED.items() if importlib.util.find_spec(name) is None]
    if missing:
        raise UsageError(f"a report needs {', '.join(missing)}; install them with: pip install 'cmtmed[report]'")
    if sample < 0:
        raise UsageError(f"sample is {sample}; give 0 or more dialogues")
    folder = Path(out)
    target = Path(page) if page is not None else folder / PAGE
    told = facts.gather(folder)
    _check(target)
    content = _page(folder, told, sample=sample, text=text)
    _write(target, content)
    return target


def _page(folder: Path, told: facts.Facts, *, sample: int, text: bool) -> str:
    from cmtmed.report.charts import LENGTHS, specifications
    from cmtmed.report.page import dictionary, render
    from cmtmed.report.palette import themes

    found = duplicates.count(folder)
    whole = told.counts["kept"] + told.counts["dropped"]
    rows = [dialogues.shown(row) for row in choose(folder, sample, whole)] if text else []
    clusters = duplicates.side_by_side(folder, found) if text else []
    charts = {language: specifications(told, found.sizes, language) for language in LANGUAGES}
    types = [named("identifier", kind) for kind in told.unredacted]
    data: dict[str, Any] = {
        "charts": charts,
        "themes": themes(),
        "dictionary": dictionary(),
        "dialogues": rows,
    }
    return render(
        facts=told if text else told.nameless(),
        text=text,
        charts=charts["en"],
        lengths={name: told.lengths(name) for name in LENGTHS},
        duplicates=found,
        clusters=clusters,
        unredacted=Both(", ".join(one.en for one in types), "、".join(one.zh for one in types)),
        limits={"least": MIN_DEPARTMENT_DIALOGUES, "most": facts.MOST, "dialogue": dialogues.LENGTH,
                "pair": duplicates.LENGTH, "members": duplicates.MEMBERS},
        shown=len(rows),
        whole=whole,
        data=data,
    )  # fmt: skip


def _check(target: Path) -> None:
    """Refuse to write over anything but an earlier page."""
    try:
        kind = target.lstat().st_mode
        if stat.S_ISDIR(kind):
            raise OutputError(f"{str(target)!r} is a directory; give the name of a file, such as {target / PAGE}")
        if not stat.S_ISREG(kind):
            raise OutputError(f"{str(target)!r} is no plain file and stays as it is; choose another --page")
        with target.open("rb") as stream:
            start = stream.read(4096)
        if not start.lstrip().lower().startswith(b"<!doctype html>") or MARK not in start:
            raise OutputError(f"{str(target)!r} is no page of cmtmed and stays as it is; choose another --page")
    except FileNotFoundError:
        return
    except OSError as error:
        raise OutputError(f"{str(target)!r} cannot be read: {error.strerror}; choose another --page") from None


def _write(target: Path, content: str) -> None:
    partial = target.with_name(f".{target.name}.{os.getpid()}.partial")
    try:
        try:
            partial.write_text(content, encoding="utf-8", newline="\n")
            partial.replace(target)
        finally:
            partial.unlink(missing_ok=True)
    except OSError as error:
        raise OutputError(f"cannot write {str(target)!r}: {error.strerror}; choose another --page") from None
