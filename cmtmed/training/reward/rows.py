"""Rows of JSON that say what is preferred: a ranking, a pair, or scored dialogues of one case."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any, Final

from cmtmed.training.conversations import ROLES
from cmtmed.training.reward.preferences import Message, Ranking

Turns = list[dict[str, str]]
_PROMPTS: Final = ("prompt", "question", "conversations", "messages", "instruction")


class Unreadable(Exception):  # noqa: N818 (a row, not a fault of the program)
    """Why a row cannot be used; few words and no text of the row, because reasons are counted."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def of_ranking(row: Any, number: int) -> Ranking:
    """Read a row of our own schema.

    The correction is worth more than every answer. Answers that are the same are one answer.

    Args:
        row: the parsed row.
        number: stands for the id where there is none.

    Raises:
        Unreadable: it holds no ranking.
    """
    told = _object(row)
    prompt = _prompt(told.get("prompt"))
    answers = told.get("answers")
    if not isinstance(answers, list) or not all(isinstance(one, dict) for one in answers):
        raise Unreadable("answers is no list of objects with text")
    ranks = told.get("ranks")
    if not isinstance(ranks, list) or not all(type(rank) is int and rank > 0 for rank in ranks):
        raise Unreadable("ranks is no list of whole numbers from 1")
    if len(ranks) != len(answers):
        raise Unreadable("as many ranks as answers are needed")
    texts = [[turn("assistant", answer.get("text"))] for answer in answers]
    worth = [-float(rank) for rank in ranks]
    aspects = _aspects(told.get("scores"), len(answers))
    if told.get("correction") is not None:
        texts.append([turn("assistant", told["correction"])])
        worth.append(0.0)  # above rank 1
        aspects = {aspect: [*scores, None] for aspect, scores in aspects.items()}
        best = [place for place, value in enumerate(worth[:-1]) if value == max(worth[:-1])]
        if len(best) == 1 and texts[best[0]] == texts[-1]:
            worth[best[0]] = 0.0  # the doctor wrote the best answer out again
    return distinct(Ranking(_id(told, number), prompt, texts, worth, aspects=aspects))


def of_pair(row: Any, number: int) -> Ranking:
    """Read a row with a chosen and a rejected answer.

    Raises:
        Unreadable: it holds no pair.
    """
    told = _object(row)
    both = [told.get(name, told.get(f"response_{name}")) for name in ("chosen", "rejected")]
    chosen, rejected = (_turns(one) if isinstance(one, list) else [_said(one)] for one in both)
    field = next((name for name in _PROMPTS if told.get(name)), None)
    if field is not None:
        given = told[field]
        if isinstance(given, str) and isinstance(told.get("input"), str):
            given = "\n".join(part for part in (given, told["input"]) if part)
        turns = _turns(given) if isinstance(given, list) else [turn("user", given)]
        if told.get("history"):
            turns = [*read_history(told["history"]), *turns]
        if told.get("system") and turns[0]["role"] != "system":
            turns = [turn("system", told["system"]), *turns]
    else:
        turns = _common([chosen, rejected])
        chosen, rejected = chosen[len(turns) :], rejected[len(turns) :]
    if not chosen or not rejected:
        raise Unreadable("an answer has no text")
    return distinct(Ranking(_id(told, number), _prompt(turns), [chosen, rejected], [1.0, 0.0]))


def cases(rows: Sequence[tuple[int, Any]], least: float) -> Iterator[tuple[int, Ranking | Unreadable | None]]:
    """Read scored dialogues: those of one case (``set`` and ``id``) are answers to what the patient says first.

    Args:
        rows: number and parsed row.
        least: smallest difference of mean scores that is a preference.

    Yields:
        For every row its number and, with the first row of a case, the ranking.
    """
    together: dict[tuple[str, str], list[tuple[int, Turns, dict[str, float]]]] = {}
    for number, row in rows:
        try:
            told = _object(row)
            if told.get("id") is None:
                raise Unreadable("no id tells the case")
            scores = told.get("scores")
            if not isinstance(scores, dict) or not scores or not all(map(_number, scores.values())):
                raise Unreadable("scores is no object of numbers")
            turns = _turns(told.get("turns"))
            if turns[-1]["role"] != "assistant":
                raise Unreadable("the dialogue does not end with the doctor")
        except Unreadable as error:
            yield number, error
            continue
        case = (str(told.get("set", "")), str(told["id"]))
        together.setdefault(case, []).append((number, turns, scores))
    for (group, name), found in together.items():
        prompt = _common([turns for _, turns, _ in found])
        aspects = {aspect: [scores.get(aspect) for _, _, scores in found] for aspect in found[0][2]}
        worth = [round(sum(scores.values()) / len(scores), 9) for _, _, scores in found]
        made: Ranking | Unreadable
        try:
            if len({frozenset(scores) for _, _, scores in found}) > 1:
                raise Unreadable("the dialogues of a case are scored on different aspects")
            answers = [turns[len(prompt) :] for _, turns, _ in found]
            made = distinct(Ranking(f"{group}/{name}", _prompt(prompt), answers, worth, least, aspects))
        except Unreadable as error:
            made = error
        for place, (number, _, _) in enumerate(found):
            yield number, made if place == 0 or isinstance(made, Unreadable) else None


def distinct(ranking: Ranking) -> Ranking:
    """Return the ranking with each answer once.

    Raises:
        Unreadable: the same answer has two ranks, or fewer than two answers are there.
    """
    kept: list[int] = []
    places: dict[tuple[tuple[str, str], ...], int] = {}
    for place, answer in enumerate(ranking.answers):
        first = places.setdefault(tuple((turn["role"], turn["content"].strip()) for turn in answer), place)
        if first == place:
            kept.append(place)
        elif ranking.worth[first] != ranking.worth[place]:
            raise Unreadable("the same answer stands at two ranks")
    if len(kept) < 2:
        raise Unreadable("two different answers are needed")
    return Ranking(
        ranking.id,
        ranking.prompt,
        [ranking.answers[place] for place in kept],
        [ranking.worth[place] for place in kept],
        ranking.least,
        {aspect: [scores[place] for place in kept] for aspect, scores in ranking.aspects.items()},
    )


def _object(row: Any) -> dict[str, Any]:
    if not isinstance(row, dict):
        raise Unreadable("no JSON object")
    return row


def _id(row: dict[str, Any], number: int) -> str:
    return str(number if row.get("id") is None else row["id"])


def _prompt(given: Any) -> Turns:
    """Return the turns of a prompt: a text, or messages that end with the patient."""
    if not given:
        raise Unreadable("no prompt")
    turns = [turn("user", given)] if isinstance(given, str) else _turns(given)
    if turns[-1]["role"] != "user":
        raise Unreadable("the prompt does not end with the patient")
    return turns


def _turns(given: Any) -> Turns:
    """Return messages, whatever the names of their fields and roles."""
    if not isinstance(given, list) or not given:
        raise Unreadable("no list of turns")
    return [_said(one, role=None) for one in given]


def _said(given: Any, role: str | None = "assistant") -> dict[str, str]:
    """Return one message: a text that ``role`` said, or an object that names its role."""
    if not isinstance(given, dict):
        if role is None:
            raise Unreadable("a turn is no object")
        return turn(role, given)
    named = ROLES.get(str(given.get("role", given.get("from"))))
    if named is None:
        raise Unreadable("a turn has no known role")
    return turn(named, given.get("content", given.get("value")))


def turn(role: str, text: Any) -> dict[str, str]:
    """Return a message.

    Raises:
        Unreadable: it has no text.
    """
    if not isinstance(text, str) or not text.strip():
        raise Unreadable("an answer has no text" if role == "assistant" else "a turn of the prompt has no text")
    return {"role": role, "content": text}


def read_history(given: Any) -> Turns:
    """Return the turns of ``[[patient, doctor], …]``.

    Raises:
        Unreadable: it is something else.
    """
    if not isinstance(given, list) or not all(isinstance(pair, list | tuple) and len(pair) == 2 for pair in given):
        raise Unreadable("history is no list of pairs")
    return [turn(role, text) for pair in given for role, text in zip(("user", "assistant"), pair, strict=True)]


def _common(dialogues: Sequence[Sequence[Message]]) -> Turns:
    """Return the turns that all dialogues begin with, up to the patient's last; each dialogue keeps one turn more."""
    same: Turns = []
    for turns in zip(*(dialogue[:-1] for dialogue in dialogues), strict=False):
        if any(turn != turns[0] for turn in turns):
            break
        same.append(dict(turns[0]))
    while same and same[-1]["role"] != "user":
        same.pop()
    return same


def _aspects(given: Any, answers: int) -> dict[str, list[float | None]]:
    """Return aspect to a score an answer, from one object (or null) an answer."""
    if given is None:
        return {}
    if not isinstance(given, list) or len(given) != answers:
        raise Unreadable("as many scores as answers are needed")
    each = [{} if one is None else one for one in given]
    if not all(isinstance(one, dict) and all(map(_number, one.values())) for one in each):
        raise Unreadable("scores are no objects of numbers")
    return {name: [one.get(name) for one in each] for name in sorted({name for one in each for name in one})}


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
