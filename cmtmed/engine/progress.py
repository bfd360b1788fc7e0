"""How long work tells how far it is."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[str, int, int], None]
"""Called with the name of a phase, tasks done, tasks in all."""


def ignore_progress(_phase: str, _done: int, _total: int) -> None:
    """Discard progress: the callback of builds that show none."""
