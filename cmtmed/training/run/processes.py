"""Runs in several processes: which of them speaks, and how they end together."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from accelerate import Accelerator

_SETTLE_SECONDS: Final = 0.5
"""Time in which a thread surely lets go of the last collective operation; it takes microseconds."""


def is_main_process() -> bool:
    """Whether this process speaks for all of them; the others keep silent."""
    return int(os.environ.get("RANK", "0")) == 0


def leave_together(accelerator: Accelerator) -> None:
    """Wait for all processes, and release the process group.

    A process that ended while the first one writes would take it along. And one that lets go too early may hang for
    ever: the group's destructor waits, holding Python's global lock, for gloo's thread, and that thread needs the lock
    to let go of the last operation (PyTorch issue 56297). So it is given the time.
    """
    accelerator.wait_for_everyone()
    if accelerator.num_processes > 1:
        time.sleep(_SETTLE_SECONDS)
    accelerator.end_training()
