"""Word segmentation and part-of-speech tags by jieba, for short passages: it is too slow for whole corpora."""

from __future__ import annotations

import logging
import warnings
from threading import Lock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jieba.posseg import POSTokenizer

_LOCK = Lock()
_TAGGER: list[POSTokenizer] = []


def words(text: str) -> list[str]:
    """Split a text into words, with the hidden Markov model enabled; joined they give the text.

    >>> words("高血压怎么治疗")
    ['高血压', '怎么', '治疗']
    """
    return list(_get_tagger().tokenizer.cut(text))


def tag_words(text: str) -> list[tuple[str, str, int, int]]:
    """Return word, part of speech (jieba's tags: nr person, ns place, nt organization, …), start and end of each word.

    Offsets are code points; the words tile the text.
    """
    tokens = []
    offset = 0
    for pair in _get_tagger().cut(text):
        tokens.append((pair.word, pair.flag, offset, offset + len(pair.word)))
        offset += len(pair.word)
    return tokens


def _get_tagger() -> POSTokenizer:
    """Return the tagger of this process; it is built on first use."""
    if not _TAGGER:
        with _LOCK:
            if not _TAGGER:
                _TAGGER.append(_build_tagger())
    return _TAGGER[0]


def _build_tagger() -> POSTokenizer:
    with warnings.catch_warnings():
        # jieba's sources hold escape sequences that Python warns about, and it imports pkg_resources.
        warnings.simplefilter("ignore")
        import jieba
        import jieba.posseg

    jieba.setLogLevel(logging.WARNING)
    tokenizer = jieba.Tokenizer()
    # Like initialize(), but without the cache file in the temporary directory, which other users could tamper with.
    tokenizer.FREQ, tokenizer.total = tokenizer.gen_pfdict(tokenizer.get_dict_file())
    tokenizer.initialized = True
    return jieba.posseg.POSTokenizer(tokenizer)
