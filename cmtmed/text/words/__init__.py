"""Lookup of many words in many texts at once."""

from __future__ import annotations

from cmtmed.text.words.word_sets import WordSets

__all__ = ["WordSets"]
