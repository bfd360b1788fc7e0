"""Work that can be counted: calls of functions, and processor time where a call itself may be slow."""

from __future__ import annotations

import sys
import time


def count_calls(function, *arguments):
    """Return how many functions of Python and C a call leads to; the same for the same arguments."""
    calls = 0

    def count(_frame, event, _argument):
        nonlocal calls
        calls += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        function(*arguments)
    finally:
        sys.setprofile(before)
    return calls


def measure_time(function, *arguments):
    """Return the processor seconds of a call, the least of three."""
    seconds = []
    for _ in range(3):
        started = time.process_time()
        function(*arguments)
        seconds.append(time.process_time() - started)
        if seconds[-1] < 0.05:
            break
    return min(seconds)


def find_growth(function, make, size):
    """Return what grows faster than the text when it is doubled twice, or None.

    Four times the text is four times the calls, and some more where a buffer is doubled; quadratic work is sixteen
    times. What happens inside one call, such as the backtracking of a regular expression, shows in processor time
    alone: there only what is cubic, or as slow as that, is told from noise.
    """
    function(make(size))  # imports and caches are no work of the text's
    calls = [count_calls(function, make(factor * size)) for factor in (1, 2, 4)]
    if calls[2] - calls[1] > 3 * (calls[1] - calls[0]) + 2000:
        return f"calls {calls}"
    seconds = measure_time(function, make(8 * size))
    if seconds > 0.5:
        longer = measure_time(function, make(32 * size))
        if longer > 8 * seconds:
            return f"seconds {seconds:.2f} for {8 * size:,} characters, {longer:.2f} for {32 * size:,}"
    return None
