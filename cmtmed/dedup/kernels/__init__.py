"""Compiled inner loops of deduplication, one module per subject.

numba compiles every loop; the loops release the interpreter lock and write into arrays passed by the caller.
Compilation takes some seconds on the first call on a machine and is cached beside the source, or in the user's cache
directory if the source is not writable (see `cmtmed.dedup.kernels.compile_log`). Texts are passed as UTF-8 bytes and
offsets, both read-only: numba would compile a second version for writable arrays.
"""

from cmtmed.dedup.kernels.compile_log import log_compilation

log_compilation()
