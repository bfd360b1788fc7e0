"""Dialogues as rows of tokens with labels and weights, and batches of such rows.

Labels are the tokens of the doctor's turns (what stands inside the template's generation marks); the weight of a token
is that of its turn, so that turns that ask can count more (``views: {inquiry_weight: 2}`` of the build). A dialogue
that is too long is truncated after its last answer that fits.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import torch

from cmtmed.errors import DatasetError, UsageError
from cmtmed.training.model.templates import list_rendered_turns
from cmtmed.training.run.settings import DataSource
from cmtmed.training.run.views import open_view
from cmtmed.training.sft.conversations import read_conversations
from cmtmed.training.sft.settings import SftSettings

if TYPE_CHECKING:
    from datasets import Dataset
    from transformers import PreTrainedTokenizerBase

log = logging.getLogger("cmtmed.training")

IGNORED: Final = -100
"""Label of a token that is not learnt."""
_SHOWN: Final = 5


class Row(NamedTuple):
    """A dialogue as tokens.

    Attributes:
        input_ids: all tokens.
        labels: the token where it is learnt, -100 elsewhere.
        weights: of each token; 0 where nothing is learnt.
        truncated: answers that did not fit.
    """

    input_ids: list[int]
    labels: list[int]
    weights: list[float]
    truncated: int


def load_dialogues(source: DataSource, split: str = "train") -> Dataset | None:
    """Open one source: a build, an sft view or a file of conversations.

    Args:
        source: the source.
        split: which split of a view; a file is all ``train``.

    Returns:
        ``id``, ``messages`` and ``weights``; None if the source has no such split.
    """
    if Path(source.path).is_dir():
        return open_view(source.path, "sft").get(split)
    return read_conversations(Path(source.path), source.format) if split == "train" else None


def encode_dialogue(
    tokenizer: PreTrainedTokenizerBase,
    messages: Sequence[Mapping[str, str]],
    weights: Sequence[float] | None,
    max_length: int,
) -> Row:
    """Turn one dialogue into tokens, labels and weights.

    Args:
        tokenizer: with a chat template that marks answers.
        messages: the turns.
        weights: one per message; None for 1 each. A turn of weight 0 is not learnt.
        max_length: of the longest row, in tokens.

    Returns:
        A row that ends after an answer; without tokens if not even the first answer fits. A doctor's turn before the
        patient's first is missing if the template refuses it (see `list_rendered_turns`).

    Raises:
        DatasetError: the template marks another number of answers than the dialogue has.
    """
    rendered = list_rendered_turns(tokenizer, messages)
    turns = [dict(messages[index]) for index in rendered]
    encoding = tokenizer.apply_chat_template(turns, return_dict=True, return_assistant_tokens_mask=True)
    ids, mask = list(encoding["input_ids"]), list(encoding["assistant_masks"])
    spans = _find_spans(mask)
    answers = [index for index, message in enumerate(turns) if message["role"] == "assistant"]
    if len(spans) != len(answers):
        # Two answers without a turn between them may run together; the builds merge such turns.
        raise DatasetError(f"has {len(answers)} answers, of which the chat template marks {len(spans)}")
    fitting = [span for span in spans if span[1] <= max_length]
    end = fitting[-1][1] if fitting else 0
    labels, token_weights = [IGNORED] * end, [0.0] * end
    for (start, stop), index in zip(fitting, answers, strict=False):
        weight = 1.0 if weights is None else float(weights[rendered[index]])
        if weight > 0:
            labels[start:stop] = ids[start:stop]
            token_weights[start:stop] = [weight] * (stop - start)
    return Row(ids[:end], labels, token_weights, len(spans) - len(fitting))


def _find_spans(mask: Iterable[int]) -> list[tuple[int, int]]:
    """Return the spans of consecutive ones.

    >>> _find_spans([0, 1, 1, 0, 1])
    [(1, 3), (4, 5)]
    """
    spans: list[tuple[int, int]] = []
    for end, bit in enumerate(mask, start=1):
        if bit and spans and spans[-1][1] == end - 1:
            spans[-1] = (spans[-1][0], end)
        elif bit:
            spans.append((end - 1, end))
    return spans


def tokenize_dialogues(rows: Dataset, tokenizer: PreTrainedTokenizerBase, settings: SftSettings, name: str) -> Dataset:
    """Encode a table of dialogues (``id``, ``messages`` and, if there are any, ``weights``).

    Args:
        rows: the table.
        tokenizer: with a chat template that marks answers.
        settings: ``max_length`` and ``weights``.
        name: what messages call the table.

    Returns:
        ``input_ids``, ``labels``, ``weights`` and ``length``; dialogues whose first answer does not fit are left out,
        which is logged.

    Raises:
        DatasetError: some dialogue has nothing to learn; the message names up to five of them by id.
    """
    weighted = settings.weights and "weights" in rows.column_names

    def encode(dialogue: dict[str, Any]) -> dict[str, object]:
        try:
            row = encode_dialogue(
                tokenizer, dialogue["messages"], dialogue["weights"] if weighted else None, settings.max_length
            )
        except DatasetError as error:
            raise DatasetError(f"{name}: dialogue {dialogue['id']!r} {error}; run merge_turns over it") from None
        learnable = any(label != IGNORED for label in row.labels)
        state = "fits" if learnable else "long" if row.truncated and not row.input_ids else "empty"
        return {
            "input_ids": row.input_ids,
            "labels": row.labels,
            "weights": row.weights,
            "length": len(row.input_ids),
            "state": state,
            "truncated": row.truncated,
            "id": str(dialogue["id"]),
        }

    encoded = rows.map(encode, remove_columns=rows.column_names, load_from_cache_file=False, desc=f"tokenizing {name}")
    _check_encoded(encoded, name, settings.max_length)
    fitting = encoded.filter(lambda state: state == "fits", input_columns="state", load_from_cache_file=False)
    return fitting.remove_columns(["state", "truncated", "id"])


def _check_encoded(encoded: Dataset, name: str, max_length: int) -> None:
    """Reject dialogues without anything to learn; log what was truncated and what is left out."""
    states, truncated_answers = encoded["state"][:], encoded["truncated"][:]
    empty = [identifier for identifier, state in zip(encoded["id"][:], states, strict=True) if state == "empty"]
    if empty:
        listing = ", ".join(map(repr, empty[:_SHOWN])) + (", …" if len(empty) > _SHOWN else "")
        raise DatasetError(
            f"{name}: in {len(empty)} dialogues the doctor says nothing that is to be learnt: {listing}; "
            "drop them in the pipeline, or give their turns a weight above 0"
        )
    long, truncated = sum(state == "long" for state in states), sum(count > 0 for count in truncated_answers)
    if long:
        log.warning("%s: %d dialogues are left out: even the first answer ends after token %d", name, long, max_length)
    if truncated - long:
        log.info(
            "%s: %d dialogues are truncated after the last answer that fits in %d tokens",
            name,
            truncated - long,
            max_length,
        )
    if long == len(states):
        raise UsageError(f"{name}: no dialogue has an answer within {max_length} tokens; raise max_length")


class DialogueCollator:
    """Pads rows on the right: ``input_ids``, ``attention_mask``, ``labels``, ``weights``, all of shape (rows, longest).

    Args:
        pad_id: of the padding token.
    """

    def __init__(self, pad_id: int) -> None:
        self.pad_id = pad_id

    def __call__(self, rows: Sequence[Mapping[str, Sequence[float]]]) -> dict[str, torch.Tensor]:
        """Collate rows."""
        longest = max(len(row["input_ids"]) for row in rows)

        def pad(column: str, fill: float, dtype: torch.dtype) -> torch.Tensor:
            table = torch.full((len(rows), longest), fill, dtype=dtype)
            for index, row in enumerate(rows):
                values = torch.as_tensor(row[column], dtype=dtype)
                table[index, : len(values)] = values
            return table

        lengths = torch.tensor([len(row["input_ids"]) for row in rows])
        return {
            "input_ids": pad("input_ids", self.pad_id, torch.long),
            "attention_mask": (torch.arange(longest)[None, :] < lengths[:, None]).long(),
            "labels": pad("labels", IGNORED, torch.long),
            "weights": pad("weights", 0.0, torch.float),
        }
