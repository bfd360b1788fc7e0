"""Measures of what a source makes of samples: who sounds like whom, who begins, what stands in turns unsaid."""

from __future__ import annotations

import itertools
import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from cmtmed.inspection.voice import score_voice
from cmtmed.io.parsed import Turn
from cmtmed.io.preamble import is_form
from cmtmed.io.record_values import says_nothing
from cmtmed.io.shapes import Dialogue
from cmtmed.schema import Role

_RECURRING: Final = 0.15
_EDGE_CHARACTERS: Final = 40
_LEAST: Final = 3
_CANNED: Final = 0.5
"""Share of the dialogues from which on an opening that they have in common is a platform's."""
_SPOKEN: Final = 0.3
"""Share of different texts below which a side says nothing of its own."""
_TITLE_CHARACTERS: Final = 12
_CODE: Final = re.compile(r"\s*(?:[\d\s:：/.,%+-]+|[A-Za-z]*[\d_-]+[\w-]*)\s*")
_CODES: Final = 0.2
_PLACES: Final = 3
_SENTENCE: Final = re.compile(r"[，。？！?!；]")
_FEW: Final = 5
_PIECE: Final = 6
_PREFIX: Final = re.compile(r"\w{1,12}　|[^\w\n]{0,3}[\w ./-]{0,16}?[ \t　]?[:：|｜\]】》>）)、—〕」\t]{1,3}")
SAID: Final = re.compile(
    r"^(?!总结|初步|诊断|诊疗).*(?:分析|指导|意见|建议|注意|提醒|原因|饮食|护理|措施|方法|描述|检查|治疗|用法|用量)"
)
"""Labels by which doctors divide what they say."""
_ADDRESS: Final = re.compile(r"\W*(?:您好|你好|医生|大夫|醫生|亲|宝妈|朋友|尊敬)")


def has_both_speakers(dialogue: Dialogue) -> bool:
    """Return whether the patient and the doctor say something."""
    return {"user", "assistant"} <= {role for role, text in dialogue.turns if text.strip()}


def measure_voice(dialogues: Sequence[Dialogue]) -> float:
    """Return the mean share of the pairs of a doctor's and a patient's turn in which the doctor sounds more so."""
    # Long dialogues are judged piece by piece, as several dialogues in one would otherwise look the clearer.
    pieces = (piece for dialogue in dialogues for piece in _divide_turns(dialogue.turns))
    shares = [share for piece in pieces if (share := _compare_voices(piece)) is not None]
    return sum(shares) / len(shares) if shares else 0.0


def measure_openings(dialogues: Sequence[Dialogue]) -> float:
    """Return how much more often the patient begins than the doctor, from -1 to 1, where dialogues have many turns.

    An opening that many dialogues have in common is a platform's greeting, and says nothing.
    """
    openings = [turns[0] for dialogue in dialogues if len(turns := _list_sides(dialogue)) > 2]
    counts = Counter(_to_shape(text) for _, text in openings)
    own = [role for role, text in openings if counts[_to_shape(text)] <= max(1, _CANNED * len(openings))]
    return sum(1 if role == "user" else -1 for role in own) / len(openings) if openings else 0.0


def measure_alternation(dialogues: Sequence[Dialogue]) -> float:
    """Return the share of the turns that follow one of another speaker."""
    pairs = [first[0] != second[0] for dialogue in dialogues for first, second in itertools.pairwise(dialogue.turns)]
    return sum(pairs) / len(pairs) if pairs else 0.0


def measure_labels(dialogues: Sequence[Dialogue]) -> float:
    """Return the share of the turns with something that many turns have: a label before or among the lines, a time."""
    turns = [text for dialogue in dialogues for _, text in dialogue.turns if text.strip()]
    lines = [Counter(_list_shapes(text)) for text in turns]
    prefixes = [_find_prefix(text) for text in turns]
    counts = Counter(shape for shapes in lines for shape in shapes)
    starts = Counter(prefixes)
    frequent = max(_LEAST, _RECURRING * len(turns))
    dirty = sum(
        (bool(prefix) and starts[prefix] >= frequent)
        or any(counts[shape] >= frequent or (number >= _LEAST and shape) for shape, number in shapes.items())
        for prefix, shapes in zip(prefixes, lines, strict=True)
    )
    framed = sum(len(said) for said in _list_said(dialogues).values() if _begin_alike(said))
    return max(dirty, framed) / len(turns) if turns else 0.0


def _begin_alike(texts: Sequence[str]) -> bool:
    """Return whether all texts of one side begin with the same character, as with 问 or a quotation mark."""
    starts = {text.lstrip()[:1] for text in texts}
    return len(set(texts)) >= _FEW and len(starts) == 1 and not all(_is_form_line(t.split("\n")[0]) for t in texts)


def _list_said(dialogues: Iterable[Dialogue]) -> dict[Role, list[str]]:
    texts: dict[Role, list[str]] = {"user": [], "assistant": []}
    for turns in {tuple(dialogue.turns) for dialogue in dialogues}:
        for role, text in turns:
            if role in texts and text.strip():
                texts[role].append(text)
    return texts


def _list_shapes(text: str) -> Iterator[str]:
    """Yield the lines of a turn as they recur, without those by which doctors divide what they say."""
    if "\n" in text:
        yield from (_to_shape(line) for line in text.split("\n") if not _is_form_line(line))


def _is_form_line(line: str) -> bool:
    """Return whether a line is a label by which doctors divide what they say, or one of a form, or fills in nothing."""
    label = re.split("[:：]", line, maxsplit=1)[0]
    is_label = label != line or len(line) <= _TITLE_CHARACTERS
    return (is_label and SAID.search(label) is not None) or is_form(line) or says_nothing(line)


def are_spoken(dialogues: Sequence[Dialogue]) -> bool:
    """Return whether people speak in the turns: what both sides say differs from dialogue to dialogue, and is no code.

    Titles and labels are the same in many dialogues; the cells of a table are numbers, dates, departments.
    """
    texts = [text for dialogue in dialogues for _, text in dialogue.turns if text.strip()]
    if sum(_CODE.fullmatch(text) is not None for text in texts) > _CODES * len(texts):
        return False
    sides = list(_list_said(dialogues).values())
    places = [
        [turns[place][1] for dialogue in dialogues if len(turns := _list_sides(dialogue)) > place]
        for place in range(_PLACES)
    ]
    return not any(map(_are_labels, (*sides, *places)))


def _are_labels(texts: Sequence[str]) -> bool:
    shapes = set(map(_to_shape, texts))
    is_short = sum(map(len, texts)) <= _TITLE_CHARACTERS * len(texts)
    are_sentences = 2 * sum(_SENTENCE.search(text) is not None for text in texts) > len(texts)
    return len(texts) >= _FEW and len(shapes) < _SPOKEN * len(texts) and is_short and not are_sentences


def _divide_turns(turns: Sequence[Turn]) -> Iterator[Sequence[Turn]]:
    pieces = max(1, round(len(turns) / _PIECE))
    size = math.ceil(len(turns) / pieces) if turns else 1
    for start in range(0, len(turns), size):
        yield turns[start : start + size]


def _list_sides(dialogue: Dialogue) -> list[Turn]:
    return [turn for turn in dialogue.turns if turn[0] != "system" and turn[1].strip()]


def _compare_voices(turns: Sequence[Turn]) -> float | None:
    """Return the share of pairs in which the doctor sounds more like one, even ones by half; None if one is missing."""
    scores: dict[str, list[float]] = {"user": [], "assistant": []}
    for role, text in turns:
        if role in scores and text.strip():
            scores[role].append(score_voice(text))
    if not scores["user"] or not scores["assistant"]:
        return None
    means = [sum(scores[role]) / len(scores[role]) for role in ("assistant", "user")]
    pairs = list(itertools.product(scores["assistant"], scores["user"]))
    share = sum((doctor > patient) + 0.5 * (doctor == patient) for doctor, patient in pairs) / len(pairs)
    return (share + (means[0] > means[1]) + 0.5 * (means[0] == means[1])) / 2


def _find_prefix(text: str) -> str:
    """Return what may be a label at the beginning of a turn, its digits as zeros; empty if there is none."""
    match = _PREFIX.match(text)
    if match is None or _ADDRESS.match(text) or SAID.search(match.group()):
        return ""
    return re.sub(r"\d+", "0", match.group())


def _to_shape(line: str) -> str:
    """Return a line with its digits as zeros, or as it is if it is too long to be a label, a time or a rule."""
    return re.sub(r"\d+", "0", line.strip()) if len(line) <= _EDGE_CHARACTERS else line
