"""Parse JSON rows that state a preference: a ranking, a pair, or scored dialogues of one case."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Final

from cmtmed.training.reward.rankings import Ranking
from cmtmed.training.reward.readers.turns import (
    Turns,
    UnreadableRowError,
    find_common_turns,
    make_turn,
    parse_history,
    parse_prompt,
    parse_turn,
    parse_turns,
)

_PROMPTS: Final = ("prompt", "question", "conversations", "messages", "instruction")


def parse_ranking(row: object, number: int) -> Ranking:
    """Parse a row of our own schema.

    The correction ranks above every answer. Identical answers are merged.

    Args:
        row: the parsed row.
        number: of the row, used as id where there is none.

    Raises:
        UnreadableRowError: it holds no ranking.
    """
    fields = _require_object(row)
    prompt = parse_prompt(fields.get("prompt"))
    answers = fields.get("answers")
    if not isinstance(answers, list) or not all(isinstance(answer, dict) for answer in answers):
        raise UnreadableRowError("answers is not a list of objects with text")
    ranks = fields.get("ranks")
    if not isinstance(ranks, list) or not all(type(rank) is int and rank > 0 for rank in ranks):
        raise UnreadableRowError("ranks is not a list of whole numbers from 1")
    if len(ranks) != len(answers):
        raise UnreadableRowError("the number of ranks differs from the number of answers")
    texts = [[make_turn("assistant", answer.get("text"))] for answer in answers]
    utilities = [-float(rank) for rank in ranks]
    aspects = _parse_aspects(fields.get("scores"), len(answers))
    if fields.get("correction") is not None:
        texts.append([make_turn("assistant", fields["correction"])])
        utilities.append(0.0)  # above rank 1
        aspects = {aspect: [*scores, None] for aspect, scores in aspects.items()}
        best = [index for index, value in enumerate(utilities[:-1]) if value == max(utilities[:-1])]
        if len(best) == 1 and texts[best[0]] == texts[-1]:
            utilities[best[0]] = 0.0  # the doctor wrote the best answer out again
    return deduplicate_answers(Ranking(_get_row_id(fields, number), prompt, texts, utilities, aspects=aspects))


def parse_pair(row: object, number: int) -> Ranking:
    """Parse a row with a chosen and a rejected answer.

    Raises:
        UnreadableRowError: it holds no pair.
    """
    fields = _require_object(row)
    answer_fields = [fields.get(name, fields.get(f"response_{name}")) for name in ("chosen", "rejected")]
    chosen_turns, rejected_turns = (
        parse_turns(content) if isinstance(content, list) else [parse_turn(content)] for content in answer_fields
    )
    field = next((name for name in _PROMPTS if fields.get(name)), None)
    if field is not None:
        value = fields[field]
        extra_input = fields.get("input")
        if isinstance(value, str) and isinstance(extra_input, str):
            value = "\n".join(text for text in (value, extra_input) if text)
        turns = parse_turns(value) if isinstance(value, list) else [make_turn("user", value)]
        if fields.get("history"):
            turns = [*parse_history(fields["history"]), *turns]
        if fields.get("system") and turns[0]["role"] != "system":
            turns = [make_turn("system", fields["system"]), *turns]
    else:
        turns = find_common_turns([chosen_turns, rejected_turns])
        chosen_turns, rejected_turns = chosen_turns[len(turns) :], rejected_turns[len(turns) :]
    if not chosen_turns or not rejected_turns:
        raise UnreadableRowError("an answer has no text")
    answers = [chosen_turns, rejected_turns]
    return deduplicate_answers(Ranking(_get_row_id(fields, number), parse_prompt(turns), answers, [1.0, 0.0]))


def parse_scored_dialogues(
    rows: Sequence[tuple[int, object]], min_difference: float
) -> Iterator[tuple[int, Ranking | UnreadableRowError | None]]:
    """Parse scored dialogues: those of one case (``set`` and ``id``) are answers to the turns they have in common.

    Args:
        rows: number and parsed row.
        min_difference: smallest difference of mean scores that is a preference.

    Yields:
        For every row its number and, with the first row of a case, the ranking.
    """
    dialogues_by_case: dict[tuple[str, str], list[tuple[int, Turns, dict[str, float]]]] = {}
    for number, row in rows:
        try:
            fields = _require_object(row)
            if fields.get("id") is None:
                raise UnreadableRowError("no id of the case")
            scores = fields.get("scores")
            if not isinstance(scores, dict) or not scores or not all(map(_is_number, scores.values())):
                raise UnreadableRowError("scores is not an object of numbers")
            turns = parse_turns(fields.get("turns"))
            if turns[-1]["role"] != "assistant":
                raise UnreadableRowError("the dialogue does not end with the doctor")
        except UnreadableRowError as error:
            yield number, error
            continue
        case = (str(fields.get("set", "")), str(fields["id"]))
        dialogues_by_case.setdefault(case, []).append((number, turns, scores))
    for (group, name), dialogues in dialogues_by_case.items():
        prompt = find_common_turns([turns for _, turns, _ in dialogues])
        aspects = {aspect: [scores.get(aspect) for _, _, scores in dialogues] for aspect in dialogues[0][2]}
        utilities = [round(sum(scores.values()) / len(scores), 9) for _, _, scores in dialogues]
        result: Ranking | UnreadableRowError
        try:
            if len({frozenset(scores) for _, _, scores in dialogues}) > 1:
                raise UnreadableRowError("the dialogues of a case are scored on different aspects")
            answers = [turns[len(prompt) :] for _, turns, _ in dialogues]
            result = deduplicate_answers(
                Ranking(f"{group}/{name}", parse_prompt(prompt), answers, utilities, min_difference, aspects)
            )
        except UnreadableRowError as error:
            result = error
        for index, (number, _, _) in enumerate(dialogues):
            yield number, result if index == 0 or isinstance(result, UnreadableRowError) else None


def deduplicate_answers(ranking: Ranking) -> Ranking:
    """Return the ranking with each answer once.

    Raises:
        UnreadableRowError: the same answer has two ranks, or fewer than two distinct answers remain.
    """
    unique: list[int] = []
    first_index: dict[tuple[tuple[str, str], ...], int] = {}
    for index, answer in enumerate(ranking.answers):
        first = first_index.setdefault(tuple((turn["role"], turn["content"].strip()) for turn in answer), index)
        if first == index:
            unique.append(index)
        elif ranking.utilities[first] != ranking.utilities[index]:
            raise UnreadableRowError("the same answer has two ranks")
    if len(unique) < 2:
        raise UnreadableRowError("two different answers are needed")
    return Ranking(
        ranking.id,
        ranking.prompt,
        [ranking.answers[index] for index in unique],
        [ranking.utilities[index] for index in unique],
        ranking.min_difference,
        {aspect: [scores[index] for index in unique] for aspect, scores in ranking.aspects.items()},
    )


def _require_object(row: object) -> dict[str, object]:
    if not isinstance(row, dict):
        raise UnreadableRowError("not a JSON object")
    return row


def _get_row_id(row: dict[str, object], number: int) -> str:
    return str(number if row.get("id") is None else row["id"])


def _parse_aspects(value: object, answers: int) -> dict[str, list[float | None]]:
    """Return aspect to one score per answer, from one object (or null) per answer."""
    if value is None:
        return {}
    if not isinstance(value, list) or len(value) != answers:
        raise UnreadableRowError("the number of scores differs from the number of answers")
    entries = [{} if entry is None else entry for entry in value]
    if not all(isinstance(entry, dict) and all(map(_is_number, entry.values())) for entry in entries):
        raise UnreadableRowError("scores are not objects of numbers")
    return {
        name: [entry.get(name) for entry in entries] for name in sorted({name for entry in entries for name in entry})
    }


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
