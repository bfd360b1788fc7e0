"""Documents become rows of tokens.

``split_documents``: a row is a document, or a chunk of one that is too long. ``wrap_documents``: documents follow one
another in rows that are full to the last token, cut where a row ends. Either way every token occurs in exactly one row.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

_TEXTS: Final = 256
"""Texts that are tokenized at once."""


class Row(NamedTuple):
    """A row of tokens.

    Attributes:
        input_ids: the tokens.
        lengths: of each document or chunk in it, in order, in tokens.
    """

    input_ids: list[int]
    lengths: list[int]


def tokenize_documents(texts: Iterable[str], tokenizer: PreTrainedTokenizerBase) -> Iterator[list[int]]:
    """Encode documents, each followed by the end token.

    What looks like a special token inside a text is read as text: no document can end another one.
    """
    remaining, end = iter(texts), int(tokenizer.eos_token_id)
    while batch := list(islice(remaining, _TEXTS)):
        for ids in tokenizer(batch, split_special_tokens=True, return_attention_mask=False, verbose=False)["input_ids"]:
            yield [*ids, end] if ids[-1:] != [end] else list(ids)


def split_documents(documents: Iterable[Sequence[int]], length: int) -> Iterator[Row]:
    """Split each document that is too long into chunks of similar length.

    >>> [row.input_ids for row in split_documents([[1, 2, 3, 4, 5], [6]], 4)]
    [[1, 2, 3], [4, 5], [6]]
    """
    for document in documents:
        count = -(-len(document) // length)
        size = -(-len(document) // max(1, count))
        for start in range(0, len(document), max(1, size)):
            chunk = list(document[start : start + size])
            yield Row(chunk, [len(chunk)])


def wrap_documents(documents: Iterable[Sequence[int]], length: int) -> Iterator[Row]:
    """Fill rows to the last token with documents one after the other; only the last row may be shorter.

    >>> [row.lengths for row in wrap_documents([[1, 2, 3, 4, 5], [6]], 4)]
    [[4], [1, 1]]
    """
    row = Row([], [])
    for document in documents:
        start = 0
        while start < len(document):
            chunk = document[start : start + length - len(row.input_ids)]
            row.input_ids.extend(chunk)
            row.lengths.append(len(chunk))
            start += len(chunk)
            if len(row.input_ids) == length:
                yield row
                row = Row([], [])
    if row.input_ids:
        yield row


def is_held_out(text: str, share: float) -> bool:
    """Whether a document is kept for the evaluation: equal texts always fall on the same side."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") < share * 2**64
