"""Dialogues as rows of tokens with labels and weights, and batches of them."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import torch

from cmtmed.errors import DatasetError, UsageError
from cmtmed.training.run.settings import DataSource
from cmtmed.training.run.views import open_view
from cmtmed.training.sft.conversations import read_conversations
from cmtmed.training.sft.settings import SftSettings

if TYPE_CHECKING:
    from datasets import Dataset
    from transformers import PreTrainedTokenizerBase

log = logging.getLogger("cmtmed.training")

_SHOWN: Final = 5


class Row(NamedTuple):
    """A dialogue as tokens.

    Attributes:
        input_ids: all tokens.
        labels: the token where it is learnt, -100 elsewhere.
        weights: weight of each token; 0 where nothing is learnt.
        cut: answers that did not fit.
    """

    input_ids: list[int]
    labels: list[int]
    weights: list[float]
    cut: int


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
        weights: one a message; None for 1 each. A turn of weight 0 is not learnt.
        max_length: tokens of the longest row.

    Returns:
        A row that ends behind an answer; without tokens if not even the first answer fits.
    """
    spoken = [dict(message) for message in messages]
    told: Any = tokenizer.apply_chat_template(spoken, return_dict=True, return_assistant_tokens_mask=True)
    ids, mask = list(told["input_ids"]), list(told["assistant_masks"])
    runs = _runs(mask)
    answers = [place for place, message in enumerate(spoken) if message["role"] == "assistant"]
    if len(runs) != len(answers):
        # Two answers without a turn between them may run together; the builds merge such turns.
        raise DatasetError(f"has {len(answers)} answers, of which the chat template marks {len(runs)}")
    kept = [run for run in runs if run[1] <= max_length]
    end = kept[-1][1] if kept else 0
    labels, each = [-100] * end, [0.0] * end
    for (start, stop), place in zip(kept, answers, strict=False):
        weight = 1.0 if weights is None else float(weights[place])
        if weight > 0:
            labels[start:stop] = ids[start:stop]
            each[start:stop] = [weight] * (stop - start)
    return Row(ids[:end], labels, each, len(runs) - len(kept))


def _runs(mask: Iterable[int]) -> list[tuple[int, int]]:
    """Return the stretches of ones.

    >>> _runs([0, 1, 1, 0, 1])
    [(1, 3), (4, 5)]
    """
    runs: list[tuple[int, int]] = []
    for at, inside in enumerate(mask, start=1):
        if inside and runs and runs[-1][1] == at - 1:
            runs[-1] = (runs[-1][0], at)
        elif inside:
            runs.append((at - 1, at))
    return runs


def tokenize_dialogues(rows: Dataset, tokenizer: PreTrainedTokenizerBase, settings: SftSettings, name: str) -> Dataset:
    """Encode a table of dialogues (``id``, ``messages`` and, if there are any, ``weights``).

    Args:
        rows: the table.
        tokenizer: with a chat template that marks answers.
        settings: ``max_length`` and ``weights``.
        name: what messages call the table.

    Returns:
        ``input_ids``, ``labels``, ``weights`` and ``length``; dialogues whose first answer does not fit are left out,
        which is said.

    Raises:
        DatasetError: in some dialogue nothing is to be learnt; the message names up to five of them by id.
    """
    weighed = settings.weights and "weights" in rows.column_names

    def one(row: dict[str, Any]) -> dict[str, Any]:
        try:
            made = encode_dialogue(tokenizer, row["messages"], row["weights"] if weighed else None, settings.max_length)
        except DatasetError as error:
            raise DatasetError(f"{name}: dialogue {row['id']!r} {error}; run merge_turns over it") from None
        learnt = any(label != -100 for label in made.labels)
        state = "fits" if learnt else "long" if made.cut and not made.input_ids else "empty"
        return {
            "input_ids": made.input_ids,
            "labels": made.labels,
            "weights": made.weights,
            "length": len(made.input_ids),
            "state": state,
            "cut": made.cut,
            "id": str(row["id"]),
        }

    encoded = rows.map(one, remove_columns=rows.column_names, load_from_cache_file=False, desc=f"tokenizing {name}")
    _look(encoded, name, settings.max_length)
    kept = encoded.filter(lambda state: state == "fits", input_columns="state", load_from_cache_file=False)
    return kept.remove_columns(["state", "cut", "id"])


def _look(encoded: Dataset, name: str, max_length: int) -> None:
    """Refuse dialogues in which nothing is learnt; say what was cut and what was left out."""
    states, cuts = encoded["state"][:], encoded["cut"][:]
    empty = [row for row, state in zip(encoded["id"][:], states, strict=True) if state == "empty"]
    if empty:
        told = ", ".join(repr(one) for one in empty[:_SHOWN]) + (", …" if len(empty) > _SHOWN else "")
        raise DatasetError(
            f"{name}: in {len(empty)} dialogues the doctor says nothing that is to be learnt: {told}; "
            "drop them in the pipeline, or give their turns a weight above 0"
        )
    long, cut = sum(state == "long" for state in states), sum(bool(one) for one in cuts)
    if long:
        log.warning("%s: %d dialogues are left out: even the first answer ends behind token %d", name, long, max_length)
    if cut - long:
        log.info("%s: %d dialogues are cut behind the last answer that fits in %d tokens", name, cut - long, max_length)
    if long == len(states):
        raise UsageError(f"{name}: no dialogue has an answer within {max_length} tokens; raise max_length")


def load_dialogues(part: DataSource, split: str = "train") -> Dataset | None:
    """Open one source: a build, an sft view or a file of conversations.

    Args:
        part: the source.
        split: which split of a view; a file is all ``train``.

    Returns:
        ``id``, ``messages`` and ``weights``; None if the source has no such split.
    """
    if Path(part.path).is_dir():
        views = open_view(part.path, "sft")
        return views.get(split)
    return read_conversations(Path(part.path), part.format) if split == "train" else None


class DialogueCollator:
    """Pads rows on the right: ``input_ids``, ``attention_mask``, ``labels``, ``weights``, all of shape (rows, longest).

    Args:
        pad: id that pads.
    """

    def __init__(self, pad: int) -> None:
        self.pad = pad

    def __call__(self, rows: Sequence[Mapping[str, Any]]) -> dict[str, torch.Tensor]:
        """Pad rows."""
        longest = max(len(row["input_ids"]) for row in rows)

        def padded(name: str, fill: float, kind: torch.dtype) -> torch.Tensor:
            table = torch.full((len(rows), longest), fill, dtype=kind)
            for place, row in enumerate(rows):
                values = torch.as_tensor(row[name], dtype=kind)
                table[place, : len(values)] = values
            return table

        lengths = torch.tensor([len(row["input_ids"]) for row in rows])
        return {
            "input_ids": padded("input_ids", self.pad, torch.long),
            "attention_mask": (torch.arange(longest)[None, :] < lengths[:, None]).long(),
            "labels": padded("labels", -100, torch.long),
            "weights": padded("weights", 0.0, torch.float),
        }
