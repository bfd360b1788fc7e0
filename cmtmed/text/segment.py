"""Words and parts of speech by jieba, for small windows of text: it is slow, so nothing calls it on everything."""

from __future__ import annotations

import logging
import warnings
from threading import Lock
from typing import Any

_LOCK = Lock()
_TAGGER: list[Any] = []


def words(text: str) -> list[str]:
    """Return the words of a text, hidden Markov model on; joined they are the text.

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


def _tagger() -> Any:
    """Return the one tagger of this process, built when it is first asked for."""
    if not _TAGGER:
        with _LOCK:
            if not _TAGGER:
                _TAGGER.append(_build())
    return _TAGGER[0]


def _build() -> Any:
    with warnings.catch_warnings():
        # jieba's sources hold escape sequences that Python warns about, and it imports pkg_resources.
        warnings.simplefilter("ignore")
        import jieba
        import jieba.posseg

    jieba.setLogLevel(logging.WARNING)
    tokenizer = jieba.Tokenizer()
    # What initialize() does, without the cache file that it leaves in the temporary directory for other users to plant.
    tokenizer.FREQ, tokenizer.total = tokenizer.gen_pfdict(tokenizer.get_dict_file())
    tokenizer.initialized = True
    return jieba.posseg.POSTokenizer(tokenizer)
