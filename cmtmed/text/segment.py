"""Words and parts of speech by jieba, for small windows of text: it is slow, so nothing calls it on everything."""

from __future__ import annotations

import logging
import warnings
from functools import cache
from threading import Lock
from typing import Any

_LOCK = Lock()


def words(text: str) -> list[str]:
    """Return the words of a text, hidden Markov model on.

    >>> words("高血压怎么治疗")
    ['高血压', '怎么', '治疗']
    """
    return list(_tagger().tokenizer.cut(text))


def tagged(text: str) -> list[tuple[str, str, int, int]]:
    """Return word, part of speech (jieba's tags: nr person, ns place, nt organization, …), start and end of each word.

    Offsets are code points; the words tile the text.
    """
    out = []
    at = 0
    for pair in _tagger().cut(text):
        out.append((pair.word, pair.flag, at, at + len(pair.word)))
        at += len(pair.word)
    return out


@cache
def _tagger() -> Any:
    with _LOCK, warnings.catch_warnings():
        # jieba's sources hold escape sequences that Python warns about, and it imports pkg_resources.
        warnings.simplefilter("ignore")
        import jieba
        import jieba.posseg

        jieba.setLogLevel(logging.WARNING)
        tokenizer = jieba.Tokenizer()
        tokenizer.initialize()
        return jieba.posseg.POSTokenizer(tokenizer)
