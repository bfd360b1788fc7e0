"""Progress callbacks for long-running work."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[str, int, int], None]
"""Callback that receives the name of a phase, the number of finished tasks and the total number of tasks."""


def ignore_progress(_phase: str, _completed: int, _total: int) -> None:
    """Discard progress; the default callback."""
