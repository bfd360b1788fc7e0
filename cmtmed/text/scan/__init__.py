"""Matching of many texts against many patterns in one pass."""

from __future__ import annotations

from cmtmed.text.scan.pattern_set import PatternSet

__all__ = ["PatternSet"]
