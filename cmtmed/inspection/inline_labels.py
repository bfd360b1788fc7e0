r"""Labels and marks inside lines: ``患：…||医：…``, ``[患者] … [医生] …``, ``P: … D: …``, texts between ``<sep>``.

A dialogue in one line or one field has no line breaks to begin a turn with. What divides it is a mark that nearly all
texts have, or a few names that nearly all texts have, in brackets or before a colon.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from typing import Final

from cmtmed.inspection.label_forms import find_forms
from cmtmed.inspection.transcripts import declare_label
from cmtmed.source import Source
from cmtmed.text.han import HAN

_TEXTS: Final = 200
_MARK: Final = re.compile(
    r"<[^<>\s]{1,8}>|\[[A-Z]{2,6}\]|[|｜]{1,3}|[#＃]{2,4}|@{2,3}|\t|;{2,3}|/{2,3}|={2,}|[$]{1,3}|&&|～～+|\\n|\x01"
)
_MARKS: Final = 3
_NEARLY_ALL: Final = 0.8
_TURNS: Final = 2
_NAMES: Final = (2, 4)
_BEFORE: Final = r"(?:^|(?<=[\s。？！?!；;…~～>|”\"）)」]))"
_WORD: Final = rf"(?:[{HAN}]{{1,6}}|[A-Za-z]{{1,12}})"
_FRAME: Final = (r"[\[【〔（(<「]", r"[\]】〕）)>」][ ]?[:：]?")
_INLINE: Final = (
    (rf"{_FRAME[0]}({_WORD}){_FRAME[1]}", rf"{_FRAME[0]}(?P<speaker>{{names}}){_FRAME[1]}[ ]*"),
    (rf"{_BEFORE}({_WORD})[ ]?[:：]", rf"{_BEFORE}(?P<speaker>{{names}})[ ]?[:：][ ]*"),
)


def propose_inline(texts: Sequence[str], base: Source) -> Iterator[Source]:
    """Yield sources for texts that each are a dialogue of one line, or nearly so."""
    texts = [text for text in texts[:_TEXTS] if text.strip()]
    for mark in _list_marks(texts):
        start = rf"(?:\A|{re.escape(mark)})[ ]*"
        for form in find_forms([text.replace(mark, "\n") for text in texts]):
            if "$" not in form.parts and form.few_names:
                pattern = start + form.to_pattern().removeprefix("^")
                yield from declare_label(pattern, texts, base, has_few_names=True)
        transcript = base.transcript.model_copy(update={"label": rf"(?:\A|{re.escape(mark)})"})
        yield base.model_copy(update={"transcript": transcript})
    for finder, pattern in _INLINE:
        names = _list_names(texts, finder)
        if _NAMES[0] <= len(names) <= _NAMES[1]:
            named = pattern.format(names="|".join(map(re.escape, names)))
            yield from declare_label(named, texts, base, has_few_names=True)


def _list_marks(texts: Sequence[str]) -> list[str]:
    """Return the marks that stand in nearly all texts, the most frequent first."""
    counts: Counter[str] = Counter()
    spread: Counter[str] = Counter()
    for text in texts:
        marks = Counter(_MARK.findall(text))
        counts.update(marks)
        spread.update(set(marks))
    often = [mark for mark, _ in counts.most_common() if spread[mark] >= _NEARLY_ALL * len(texts) and len(texts) > 1]
    return often[:_MARKS]


def _list_names(texts: Sequence[str], finder: str) -> list[str]:
    """Return the names that stand before what is said in nearly all texts, the longest first."""
    spread: dict[str, int] = defaultdict(int)
    total: Counter[str] = Counter()
    for text in texts:
        names = re.findall(finder, text)
        total.update(names)
        for name in set(names):
            spread[name] += 1
    names = [name for name, number in spread.items() if number >= _NEARLY_ALL * len(texts) and len(texts) > 1]
    is_repeated = sum(total[name] for name in names) >= _TURNS * len(texts)
    return sorted(names, key=lambda name: (-len(name), name)) if is_repeated else []
