"""Memory that the C library keeps for the next training step instead of returning it to the system.

On a CPU the C library gives large blocks back to the system at once, and the system clears every page before it hands
it out again. A training step frees and allocates the same hundreds of megabytes over and over; on two cores that took
two fifths of the time. Blocks that the process keeps are simply reused. (On a GPU torch caches memory by itself.)
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
    """Make the GNU C library keep freed blocks of up to 1 GiB; see mallopt(3).

    Does nothing on other systems, or where the environment sets ``MALLOC_TRIM_THRESHOLD_`` or
    ``MALLOC_MMAP_THRESHOLD_`` itself.

    Returns:
        Whether the setting was accepted.
    """
    if sys.platform != "linux" or {"MALLOC_TRIM_THRESHOLD_", "MALLOC_MMAP_THRESHOLD_"} & os.environ.keys():
        return False
    try:
        mallopt = ctypes.CDLL("libc.so.6").mallopt
    except (OSError, AttributeError):  # another C library
        return False
    return bool(mallopt(_MMAP_THRESHOLD, _LARGE) and mallopt(_TRIM_THRESHOLD, 2 * _LARGE - 1))
