"""Memory that training frees a moment before it needs it again, on a processor.

The C library gives large blocks back to the system at once, and the system clears every page before it hands it out
again. A training step frees and asks for the same hundreds of megabytes over and over; on two cores that took two
fifths of the time. Kept by the process, the blocks are simply reused. (On a GPU torch keeps memory by itself.)
"""

from __future__ import annotations

import ctypes
import os
import sys
from typing import Final

_TRIM_THRESHOLD: Final = -1
_MMAP_THRESHOLD: Final = -3
_LARGE: Final = 1 << 30


def keep_freed_memory() -> bool:
    """Tell the GNU C library to keep freed blocks of up to 1 GiB; see mallopt(3).

    Nothing happens on other systems, or where the environment sets ``MALLOC_TRIM_THRESHOLD_`` or
    ``MALLOC_MMAP_THRESHOLD_`` itself.

    Returns:
        Whether it was told.
    """
    if sys.platform != "linux" or {"MALLOC_TRIM_THRESHOLD_", "MALLOC_MMAP_THRESHOLD_"} & os.environ.keys():
        return False
    try:
        mallopt = ctypes.CDLL("libc.so.6").mallopt
    except (OSError, AttributeError):  # another C library
        return False
    return bool(mallopt(_MMAP_THRESHOLD, _LARGE) and mallopt(_TRIM_THRESHOLD, 2 * _LARGE - 1))
