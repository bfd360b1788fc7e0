"""Near-duplicates: MinHash proposes, an exact comparison decides."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from cmtmed.dedup.compiled import load_kernels
    from cmtmed.dedup.index import Index
    from cmtmed.dedup.links import clusters_of
    from cmtmed.dedup.minhash import shingle_hash, signatures
    from cmtmed.dedup.pairs import near_duplicates

__all__ = ["Index", "clusters_of", "load_kernels", "near_duplicates", "shingle_hash", "signatures"]

_HOMES: Final = {
    "Index": "cmtmed.dedup.index",
    "clusters_of": "cmtmed.dedup.links",
    "load_kernels": "cmtmed.dedup.compiled",
    "near_duplicates": "cmtmed.dedup.pairs",
    "shingle_hash": "cmtmed.dedup.minhash",
    "signatures": "cmtmed.dedup.minhash",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'cmtmed.dedup' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
