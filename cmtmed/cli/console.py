"""Console output shared by all commands: results, messages, logs and progress bars.

Whatever is printed may hold text of a crawl, so every text passes `escape_invisible` on its way to the terminal: those
that Rich lays out in `SafeConsole`, all others in `print_text` and `print_json`.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

import typer
from rich.console import Console

from cmtmed.text.visible import dump_visible_json, escape_invisible

if TYPE_CHECKING:
    from rich.console import ConsoleOptions, HighlighterType, JustifyMethod, OverflowMethod, RenderableType
    from rich.segment import Segment
    from rich.style import Style
    from rich.text import Text

    from cmtmed.engine.progress import Progress

VERIFY_HELP: Final = "Compare the checksums of all tables with those that the build recorded, first."


class SafeConsole(Console):
    """A console that shows characters which a terminal would obey or hide, instead of sending them."""

    def render_str(
        self,
        text: str,
        *,
        style: str | Style = "",
        justify: JustifyMethod | None = None,
        overflow: OverflowMethod | None = None,
        emoji: bool | None = None,
        markup: bool | None = None,
        highlight: bool | None = None,
        highlighter: HighlighterType | None = None,
    ) -> Text:
        """Convert a string to text; escaped before Rich removes some characters, and before widths are measured."""
        return super().render_str(
            escape_invisible(text), style=style, justify=justify, overflow=overflow, emoji=emoji, markup=markup,
            highlight=highlight, highlighter=highlighter,
        )  # fmt: skip

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """Render an object; the text of each segment is escaped, Rich's own control codes pass."""
        for segment in super().render(renderable, options):
            yield segment if segment.control else segment._replace(text=escape_invisible(segment.text))


# A patient may have written something that looks like markup, so none is interpreted.
# Results go to standard output and everything else to standard error, so that results can be piped.
output = SafeConsole(highlight=False, soft_wrap=True, emoji=False, markup=False)
messages = SafeConsole(stderr=True, highlight=False, soft_wrap=True, emoji=False, markup=False)


class _ConsoleHandler(logging.Handler):
    """Prints the library's log records: counts and times, never text of a dialogue."""

    def emit(self, record: logging.LogRecord) -> None:
        messages.print(f"cmtmed: {record.getMessage()}", style="dim", markup=False)


@contextmanager
def show_logs(*, enabled: bool) -> Iterator[None]:
    """Print the library's log records while the block runs."""
    # Without any handler, Python itself would print warnings.
    handler = _ConsoleHandler(logging.INFO) if enabled else logging.NullHandler()
    logger = logging.getLogger("cmtmed")
    level = logger.level
    logger.addHandler(handler)
    if enabled:
        logger.setLevel(logging.INFO)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)


def assemble_text(*parts: str | tuple[str, str]) -> Text:
    """Join texts of different styles.

    Args:
        parts: texts, or pairs of a text and its style, such as ``bold``.
    """
    from rich.text import Text

    styled = [(part, "") if isinstance(part, str) else part for part in parts]
    return Text.assemble(*((escape_invisible(text), style) for text, style in styled))


def fail(reason: object) -> None:
    """Print why the command failed, in one line."""
    lines = escape_invisible(str(reason)).split("\n")
    messages.print(f"cmtmed: {' '.join(lines)}", style="red", markup=False)


def print_text(text: str, *, end: str = "\n") -> None:
    """Print text to standard output at once and without layout, such as an answer while it is generated."""
    typer.echo(escape_invisible(text) + end, nl=False)


def print_json(value: object) -> None:
    """Print a value as one line of JSON."""
    typer.echo(dump_visible_json(value))


@contextmanager
def progress_bar(*, enabled: bool) -> Iterator[Progress | None]:
    """Show one progress bar per phase while the block runs; yield the callback, or None if disabled."""
    if not enabled:
        yield None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=messages, transient=True) as bars:
        tasks = {}

        def show(phase: str, completed: int, total: int) -> None:
            if phase not in tasks:
                tasks[phase] = bars.add_task(phase, total=total)
            bars.update(tasks[phase], completed=completed, total=total)

        yield show
