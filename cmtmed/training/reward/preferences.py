"""What doctors prefer: rankings of answers, the pairs that follow from them, their split and their tokens.

A ranking holds one prompt, K answers and what each is worth. Of its K(K-1)/2 pairs, those of different worth say which
answer is better, those of equal worth are ties (Ouyang et al. 2022, arXiv:2203.02155, section 3.5, train on all pairs
of a ranking). Nothing is lost silently: pairs by kind, answers and prompts that were cut are counted.
"""

from __future__ import annotations

import hashlib
import logging
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from cmtmed.errors import DatasetError

if TYPE_CHECKING:
    from datasets import Dataset
    from transformers import PreTrainedTokenizerBase

log = logging.getLogger("cmtmed.training")

Message = Mapping[str, str]
_LEAST: Final = 8
"""Characters of the patient that tell one consultation from another; a greeting has fewer."""

_COUNTED: Final = ("answers", "better", "ties", "close", "same tokens", "prompts cut", "answers cut")


@dataclass(frozen=True, slots=True)
class Ranking:
    """One prompt, its answers and what they are worth.

    Attributes:
        id: of the row, for messages.
        prompt: turns; the last is the patient's.
        answers: each the turns that follow; mostly one of the doctor, in whole dialogues more.
        worth: one an answer; higher is better, equal is a tie.
        least: smallest difference of worth that is a preference; smaller ones that are not 0 say nothing.
        aspects: aspect, such as safety, to a score an answer (None where none was given).
    """

    id: str
    prompt: Sequence[Message]
    answers: Sequence[Sequence[Message]]
    worth: Sequence[float]
    least: float = 0.0
    aspects: Mapping[str, Sequence[float | None]] = field(default_factory=dict)


class Pair(NamedTuple):
    """Two answers of a ranking by their places; of a tie, the order means nothing."""

    chosen: int
    rejected: int
    tie: bool


def pairs(ranking: Ranking) -> tuple[list[Pair], int]:
    """Return the pairs that a ranking says something about, and how many are too close to say anything.

    D > B = A > C, answers in the order A, B, C, D:

    >>> found, close = pairs(Ranking("1", [], [[], [], [], []], worth=[2, 2, 1, 3]))
    >>> [tuple("ABCD"[at] for at in pair[:2]) for pair in found if not pair.tie]
    [('A', 'C'), ('D', 'A'), ('B', 'C'), ('D', 'B'), ('D', 'C')]
    >>> [pair for pair in found if pair.tie], close
    ([Pair(chosen=0, rejected=1, tie=True)], 0)
    """
    found, close = [], 0
    for first in range(len(ranking.answers)):
        for second in range(first + 1, len(ranking.answers)):
            more = ranking.worth[first] - ranking.worth[second]
            if more == 0:
                found.append(Pair(first, second, tie=True))
            elif abs(more) < ranking.least - 1e-9:  # means of scores are rounded
                close += 1
            else:
                found.append(Pair(*((first, second) if more > 0 else (second, first)), tie=False))
    return found, close


def opening(prompt: Sequence[Message]) -> str:
    """Return what the patient says first, without marks, width and case: what decides about the split.

    Prompts of one consultation, taken after one question and after three, begin alike and so stay together. Where the
    patient begins with a greeting, the following turns are taken until there is something to tell.

    >>> opening([{"role": "user", "content": "头痛三天了，ＣＴ 正常，怎么办？"}])
    '头痛三天了ct正常怎么办'
    """
    text = ""
    for message in prompt:
        if message["role"] == "user":
            told = unicodedata.normalize("NFKC", message["content"]).casefold()
            text += "".join(one for one in told if one.isalnum()) or message["content"]
            if len(text) >= _LEAST:
                break
    return text


def held_out(prompt: Sequence[Message], share: float) -> bool:
    """Say whether a prompt is kept out of training.

    The hash of its opening decides and nothing else, so a prompt falls on the same side in every source and every run,
    and a larger share holds out what a smaller one does, and more.

    Args:
        prompt: the turns.
        share: of all openings, from 0 to 1.
    """
    number = int.from_bytes(hashlib.sha256(opening(prompt).encode()).digest()[:8], "big")
    return number < share * 2.0**64


class Encoded(NamedTuple):
    """A prompt with an answer as tokens.

    Attributes:
        ids: at most as many as were asked for.
        prompt_cut: whether turns or tokens of the prompt's beginning are missing.
        answer_cut: tokens of the answer that are missing, at its end.
    """

    ids: list[int]
    prompt_cut: bool
    answer_cut: int


def encode(
    tokenizer: PreTrainedTokenizerBase, prompt: Sequence[Message], answer: Sequence[Message], max_length: int
) -> Encoded:
    """Turn a prompt and an answer into tokens; what is too long loses the beginning of the prompt.

    Whole exchanges go first, the oldest first, a system message stays; then tokens at the beginning go, but for the
    token that begins every text. An answer is cut, at its end, only if it alone is longer than allowed.

    Args:
        tokenizer: with a chat template that marks answers.
        prompt: turns; the last is the patient's.
        answer: the turns that follow.
        max_length: tokens.

    Raises:
        DatasetError: the template runs two answers together.
    """
    head = [dict(message) for message in prompt[:1] if message["role"] == "system"]
    turns = [dict(message) for message in prompt[len(head) :]]
    said = [dict(message) for message in answer]
    ids: list[int] = []
    start = 0
    for at in [place for place, message in enumerate(turns) if place == 0 or message["role"] == "user"]:
        ids, start = _rendered(tokenizer, [*head, *turns[at:]], said)
        if len(ids) <= max_length:
            return Encoded(ids, prompt_cut=at > 0, answer_cut=0)
    told = ids[start:]
    if len(told) > max_length:
        return Encoded(told[:max_length], prompt_cut=start > 0, answer_cut=len(told) - max_length)
    keep = ids[:1] if ids[0] == tokenizer.bos_token_id and len(told) < max_length else []
    return Encoded([*keep, *ids[len(ids) - max_length + len(keep) :]], prompt_cut=True, answer_cut=0)


def _rendered(
    tokenizer: PreTrainedTokenizerBase, prompt: list[dict[str, str]], answer: list[dict[str, str]]
) -> tuple[list[int], int]:
    """Return the tokens and the place where the answer begins."""
    told: Any = tokenizer.apply_chat_template([*prompt, *answer], return_dict=True, return_assistant_tokens_mask=True)
    ids, mask = list(told["input_ids"]), list(told["assistant_masks"])
    starts = [at for at, inside in enumerate(mask) if inside and (at == 0 or not mask[at - 1])]
    before = sum(message["role"] == "assistant" for message in prompt)
    spoken = before + sum(message["role"] == "assistant" for message in answer)
    if len(starts) != spoken:
        raise DatasetError(f"has {spoken} answers, of which the chat template marks {len(starts)}")
    return ids, starts[before]


@dataclass
class Answers:
    """Rankings as tokens: each answer once, and the pairs between them.

    Attributes:
        rankings: what was encoded.
        ids: tokens by ranking and answer.
        pairs: by ranking, ties among them.
        ties: whether ties are learnt.
        counts: pairs by kind (``better``, ``ties``, ``close``, ``same tokens``), ``answers``, ``prompts cut``,
            ``answers cut``.
    """

    rankings: list[Ranking]
    ids: list[list[list[int]]]
    pairs: list[list[Pair]]
    ties: bool
    counts: Counter[str]

    @property
    def flat(self) -> list[list[int]]:
        """The tokens of every answer, ranking after ranking."""
        return [ids for each in self.ids for ids in each]

    def table(self) -> Dataset:
        """Return what is learnt: ``chosen_ids``, ``rejected_ids``, ``tie`` and ``length`` (tokens of the longer)."""
        from datasets import Dataset, Features, List, Value

        rows: dict[str, list[Any]] = {"chosen_ids": [], "rejected_ids": [], "tie": [], "length": []}
        for ids, found in zip(self.ids, self.pairs, strict=True):
            for pair in found:
                if pair.tie and not self.ties:
                    continue
                rows["chosen_ids"].append(ids[pair.chosen])
                rows["rejected_ids"].append(ids[pair.rejected])
                rows["tie"].append(pair.tie)
                rows["length"].append(max(len(ids[pair.chosen]), len(ids[pair.rejected])))
        tokens = List(Value("int32"))
        kinds = {"chosen_ids": tokens, "rejected_ids": tokens, "tie": Value("bool"), "length": Value("int32")}
        return Dataset.from_dict(rows, features=Features(kinds))


def encoded(
    rankings: Sequence[Ranking], tokenizer: PreTrainedTokenizerBase, max_length: int, *, ties: bool, name: str
) -> Answers:
    """Encode rankings and build their pairs.

    Args:
        rankings: the rankings.
        tokenizer: with a chat template that marks answers.
        max_length: tokens of a prompt with its answer.
        ties: whether ties are learnt; otherwise they are counted and dropped.
        name: what messages call the rankings.

    Raises:
        DatasetError: an answer cannot be rendered; the message gives the id.
    """
    made = Answers([], [], [], ties, Counter(dict.fromkeys(_COUNTED, 0)))
    counts = made.counts
    for ranking in rankings:
        ids = []
        for answer in ranking.answers:
            try:
                one = encode(tokenizer, ranking.prompt, answer, max_length)
            except DatasetError as error:
                raise DatasetError(f"{name}: ranking {ranking.id!r} {error}; run merge_turns over it") from None
            ids.append(one.ids)
            counts["prompts cut"] += one.prompt_cut
            counts["answers cut"] += one.answer_cut > 0
        found, close = pairs(ranking)
        different = [pair for pair in found if ids[pair.chosen] != ids[pair.rejected]]
        counts["answers"] += len(ids)
        counts["close"] += close
        counts["same tokens"] += len(found) - len(different)
        counts["ties"] += sum(pair.tie for pair in different)
        counts["better"] += sum(not pair.tie for pair in different)
        made.rankings.append(ranking)
        made.ids.append(ids)
        made.pairs.append(different)
    _say(counts, name, max_length, ties=ties)
    return made


def _say(counts: Counter[str], name: str, max_length: int, *, ties: bool) -> None:
    used = "used" if ties else "dropped"
    log.info("%s: %d pairs, %d ties (%s)", name, counts["better"], counts["ties"], used)
    if counts["close"]:
        log.info("%s: %d pairs are too close in score to say which is better", name, counts["close"])
    if counts["prompts cut"]:
        log.info(
            "%s: %d answers lose the beginning of their prompt at %d tokens", name, counts["prompts cut"], max_length
        )
    if counts["answers cut"]:
        log.warning(
            "%s: %d answers are alone longer than %d tokens and are cut; raise max_length",
            name, counts["answers cut"], max_length,
        )  # fmt: skip
    if counts["same tokens"]:
        log.warning("%s: %d pairs are left out: cut, both are the same tokens", name, counts["same tokens"])
