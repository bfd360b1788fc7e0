"""Compiled inner loops over text; see `cmtmed.dedup.kernels` for how numba compiles and caches them."""
