"""Near-duplicate detection: MinHash proposes candidate pairs, an exact comparison decides."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from cmtmed.dedup.cluster import clusters_of
    from cmtmed.dedup.duplicate_pairs import near_duplicates
    from cmtmed.dedup.index import Index
    from cmtmed.dedup.minhash import signatures
    from cmtmed.dedup.shingle import shingle_hash
    from cmtmed.dedup.warmup import load_kernels

__all__ = ["Index", "clusters_of", "load_kernels", "near_duplicates", "shingle_hash", "signatures"]

_MODULES: Final = {
    "Index": "cmtmed.dedup.index",
    "clusters_of": "cmtmed.dedup.cluster",
    "load_kernels": "cmtmed.dedup.warmup",
    "near_duplicates": "cmtmed.dedup.duplicate_pairs",
    "shingle_hash": "cmtmed.dedup.shingle",
    "signatures": "cmtmed.dedup.minhash",
}


def __getattr__(name: str) -> object:
    if name not in _MODULES:
        raise AttributeError(f"module 'cmtmed.dedup' has no attribute {name!r}")
    return getattr(import_module(_MODULES[name]), name)
