"""Rankings as tokens: prompts with their answers, truncated to a maximum length, and the pairs between them.

Nothing is lost silently: pairs by type, truncated answers and truncated prompts are counted.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

from cmtmed.errors import DatasetError
from cmtmed.training.model.templates import list_rendered_turns
from cmtmed.training.reward.rankings import Message, Pair, Ranking, build_pairs

if TYPE_CHECKING:
    from datasets import Dataset
    from transformers import BatchEncoding, PreTrainedTokenizerBase

log = logging.getLogger("cmtmed.training")

_COUNTERS: Final = ("answers", "better", "ties", "close", "same tokens", "prompts cut", "answers cut")


class EncodedAnswer(NamedTuple):
    """A prompt with one answer as tokens.

    Attributes:
        ids: at most ``max_length`` tokens.
        prompt_cut: whether turns or tokens at the beginning of the prompt are missing.
        answer_cut: number of tokens missing at the end of the answer.
    """

    ids: list[int]
    prompt_cut: bool
    answer_cut: int


def encode_answer(
    tokenizer: PreTrainedTokenizerBase, prompt: Sequence[Message], answer: Sequence[Message], max_length: int
) -> EncodedAnswer:
    """Tokenize a prompt with an answer, truncating the prompt from the left.

    Whole exchanges are dropped first, oldest first, while a system message stays; then tokens at the beginning, except
    the one that begins every text. An answer is truncated, at its end, only if it alone exceeds the maximum length.

    Args:
        tokenizer: with a chat template that marks answers.
        prompt: turns; the last is the patient's.
        answer: the turns that follow.
        max_length: in tokens.

    Raises:
        DatasetError: the template runs two answers together.
    """
    head = [dict(message) for message in prompt[:1] if message["role"] == "system"]
    turns = [dict(prompt[index]) for index in list_rendered_turns(tokenizer, prompt)[len(head) :]]
    answer_turns = [dict(message) for message in answer]
    ids: list[int] = []
    answer_start = 0
    for first in [index for index, message in enumerate(turns) if index == 0 or message["role"] == "user"]:
        ids, answer_start = _render(tokenizer, [*head, *turns[first:]], answer_turns)
        if len(ids) <= max_length:
            is_cut = first > 0 or len(head) + len(turns) < len(prompt)
            return EncodedAnswer(ids, prompt_cut=is_cut, answer_cut=0)
    answer_ids = ids[answer_start:]
    if len(answer_ids) > max_length:
        return EncodedAnswer(
            answer_ids[:max_length], prompt_cut=answer_start > 0, answer_cut=len(answer_ids) - max_length
        )
    bos = ids[:1] if ids[0] == tokenizer.bos_token_id and len(answer_ids) < max_length else []
    return EncodedAnswer([*bos, *ids[len(ids) - max_length + len(bos) :]], prompt_cut=True, answer_cut=0)


def _render(
    tokenizer: PreTrainedTokenizerBase, prompt: list[dict[str, str]], answer: list[dict[str, str]]
) -> tuple[list[int], int]:
    """Return the tokens and the index at which the answer begins."""
    encoding: BatchEncoding = tokenizer.apply_chat_template(
        [*prompt, *answer], return_dict=True, return_assistant_tokens_mask=True
    )
    ids, mask = list(encoding["input_ids"]), list(encoding["assistant_masks"])
    starts = [index for index, marked in enumerate(mask) if marked and (index == 0 or not mask[index - 1])]
    prompt_replies = sum(message["role"] == "assistant" for message in prompt)
    replies = prompt_replies + sum(message["role"] == "assistant" for message in answer)
    if len(starts) != replies:
        raise DatasetError(f"has {replies} answers, of which the chat template marks {len(starts)}")
    return ids, starts[prompt_replies]


@dataclass
class EncodedRankings:
    """Rankings as tokens: each answer once, and the pairs between them.

    Attributes:
        rankings: what was encoded.
        ids: tokens by ranking and answer.
        pairs: by ranking, including ties.
        ties: whether ties are used in training.
        counts: pairs by type (``better``, ``ties``, ``close``, ``same tokens``), ``answers``, ``prompts cut``,
            ``answers cut``.
    """

    rankings: list[Ranking]
    ids: list[list[list[int]]]
    pairs: list[list[Pair]]
    ties: bool
    counts: Counter[str]

    @property
    def flat_ids(self) -> list[list[int]]:
        """The tokens of every answer, ranking by ranking."""
        return [answer_ids for ranking_ids in self.ids for answer_ids in ranking_ids]

    def to_dataset(self) -> Dataset:
        """Return the pairs: ``chosen_ids``, ``rejected_ids``, ``tie`` and ``length`` (tokens of the longer)."""
        from datasets import Dataset, Features, List, Value

        columns: dict[str, list[object]] = {"chosen_ids": [], "rejected_ids": [], "tie": [], "length": []}
        for ids, pairs in zip(self.ids, self.pairs, strict=True):
            for pair in pairs:
                if pair.tie and not self.ties:
                    continue
                columns["chosen_ids"].append(ids[pair.chosen])
                columns["rejected_ids"].append(ids[pair.rejected])
                columns["tie"].append(pair.tie)
                columns["length"].append(max(len(ids[pair.chosen]), len(ids[pair.rejected])))
        tokens = List(Value("int32"))
        features = {"chosen_ids": tokens, "rejected_ids": tokens, "tie": Value("bool"), "length": Value("int32")}
        return Dataset.from_dict(columns, features=Features(features))


def encode_rankings(
    rankings: Sequence[Ranking], tokenizer: PreTrainedTokenizerBase, max_length: int, *, ties: bool, name: str
) -> EncodedRankings:
    """Encode rankings and build their pairs.

    Args:
        rankings: to encode.
        tokenizer: with a chat template that marks answers.
        max_length: of a prompt with its answer, in tokens.
        ties: whether ties are used in training; otherwise they are counted and dropped.
        name: of the rankings in messages.

    Raises:
        DatasetError: an answer cannot be rendered; the message gives the id.
    """
    encoded = EncodedRankings([], [], [], ties, Counter(dict.fromkeys(_COUNTERS, 0)))
    counts = encoded.counts
    for ranking in rankings:
        ids = []
        for answer in ranking.answers:
            try:
                encoded_answer = encode_answer(tokenizer, ranking.prompt, answer, max_length)
            except DatasetError as error:
                raise DatasetError(f"{name}: ranking {ranking.id!r} {error}; run merge_turns on it") from None
            ids.append(encoded_answer.ids)
            counts["prompts cut"] += encoded_answer.prompt_cut
            counts["answers cut"] += encoded_answer.answer_cut > 0
        pairs, close = build_pairs(ranking)
        distinct_pairs = [pair for pair in pairs if ids[pair.chosen] != ids[pair.rejected]]
        counts["answers"] += len(ids)
        counts["close"] += close
        counts["same tokens"] += len(pairs) - len(distinct_pairs)
        counts["ties"] += sum(pair.tie for pair in distinct_pairs)
        counts["better"] += sum(not pair.tie for pair in distinct_pairs)
        encoded.rankings.append(ranking)
        encoded.ids.append(ids)
        encoded.pairs.append(distinct_pairs)
    _log_counts(counts, name, max_length, ties=ties)
    return encoded


def _log_counts(counts: Counter[str], name: str, max_length: int, *, ties: bool) -> None:
    log.info("%s: %d pairs, %d ties (%s)", name, counts["better"], counts["ties"], "used" if ties else "dropped")
    if counts["close"]:
        log.info("%s: %d pairs are too close in score to say which answer is better", name, counts["close"])
    if counts["prompts cut"]:
        log.info(
            "%s: %d answers lose the beginning of their prompt at %d tokens", name, counts["prompts cut"], max_length
        )
    if counts["answers cut"]:
        log.warning(
            "%s: %d answers alone exceed %d tokens and are truncated; raise max_length",
            name, counts["answers cut"], max_length,
        )  # fmt: skip
    if counts["same tokens"]:
        log.warning(
            "%s: %d pairs left out: both answers are the same tokens once truncated", name, counts["same tokens"]
        )
