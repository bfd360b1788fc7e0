"""Recognizers as data: patterns, context words with their reach, examples, and a check.

A recognizer's hints are Polars patterns that select the few texts worth a closer look, in bulk; its patterns run on
those texts only; context raises or lowers the confidence; a check covers what a pattern cannot express (checksums,
calendars, number plans) and may move the boundaries. A span whose confidence reaches `THRESHOLD` is a candidate;
`cmtmed.anonymize.detect.overlaps` decides between overlapping ones.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple

from cmtmed.anonymize.detect.canonical import NUMERALS, CanonicalText

LABELLED: Final = 0.95
"""Confidence of a value that is introduced by its own label: 身份证号：…"""
VALID: Final = 0.85
"""Confidence of a value that validates itself: by a checksum, a URL scheme."""
LIKELY: Final = 0.7
"""Confidence of a value that is rarely anything else."""
WEAK: Final = 0.45
"""Confidence of a value that needs context."""
THRESHOLD: Final = 0.5

LINK: Final = r"[\s:：=是为\-—,，、(（\"“「【\[→]{0,4}(?:就是|也是)?[\s:：=\"“]{0,2}"
"""Pattern of what may stand between a label and its value."""
LONG_NUMBER: Final = rf"(?:[0-9{NUMERALS}][ \n\-.·—_/()（）]{{0,2}}){{7}}"
"""Hint for seven digits or more, in any notation."""


class Candidate(NamedTuple):
    """A span that may be an identifier.

    Attributes:
        canonical: the text that holds it.
        match: the match of the pattern.
        start: index of its first character in the canonical text.
        end: index after its last character.
        confidence: between 0 and 1; a candidate below `THRESHOLD` is dropped.
    """

    canonical: CanonicalText
    match: re.Match[str]
    start: int
    end: int
    confidence: float

    @property
    def value(self) -> str:
        """The text of the span as the pattern saw it."""
        return self.match.string[self.start : self.end]

    def text_before(self, distance: int) -> str:
        """Return up to ``distance`` characters before the span."""
        return self.canonical.text[max(0, self.start - distance) : self.start]

    def text_after(self, distance: int) -> str:
        """Return up to ``distance`` characters after the span."""
        return self.canonical.text[self.end : self.end + distance]

    def with_confidence(self, confidence: float) -> Candidate:
        """Return the same span with another confidence."""
        return self._replace(confidence=confidence)


Check = Callable[[Candidate], Candidate | None]


@dataclass(frozen=True)
class Pattern:
    """One way in which an identifier is written.

    Attributes:
        regex: its group ``value`` is the span; without such a group, the whole match is.
        confidence: the confidence before context and check.
        digits: whether it runs on the view in which Chinese numerals are digits.
        check: the final decision on each match; None rejects it.
        hint: a Rust pattern, without lookaround, that every text with such an identifier matches; if it is empty, the
            recognizer's shared hint is used.
        required: a further one, which follows from what the check demands; it changes no decision, only how many texts
            the check has to look at.
    """

    regex: re.Pattern[str]
    confidence: float
    digits: bool = False
    check: Check | None = None
    hint: str = ""
    required: str = ""


@dataclass(frozen=True)
class Context:
    """Words near a span that make an identifier more or less likely.

    Attributes:
        words: pattern of the words.
        gain: added to the confidence, once, if any of them is in reach.
        before: how many characters to look back.
        after: how many characters to look ahead.
    """

    words: re.Pattern[str]
    gain: float
    before: int = 12
    after: int = 0

    def is_near(self, candidate: Candidate) -> bool:
        """Say whether one of the words is in reach of a candidate."""
        return bool(
            (self.before and self.words.search(candidate.text_before(self.before)))
            or (self.after and self.words.search(candidate.text_after(self.after)))
        )


@dataclass(frozen=True)
class Recognizer:
    """Everything known about one identifier type.

    Attributes:
        type: one of ``TYPES``.
        patterns: the ways in which it is written.
        shared_hint: hint of the patterns that have none of their own.
        context: words that speak for or against an identifier.
        examples: texts with every identifier of this type marked ``⟦so⟧``; a test reads them.
        lookalikes: texts that hold no identifier of this type.
    """

    type: str
    patterns: tuple[Pattern, ...]
    shared_hint: str = ""
    context: tuple[Context, ...] = ()
    examples: tuple[str, ...] = ()
    lookalikes: tuple[str, ...] = ()

    @property
    def patterns_by_hint(self) -> dict[tuple[str, str], list[Pattern]]:
        """Patterns by their hint and what they require; a text that does not match both holds nothing of theirs."""
        patterns: dict[tuple[str, str], list[Pattern]] = {}
        for pattern in self.patterns:
            patterns.setdefault((pattern.hint or self.shared_hint, pattern.required), []).append(pattern)
        return patterns

    def scan(self, text: CanonicalText, patterns: Iterable[Pattern] | None = None) -> Iterator[Candidate]:
        """Yield the candidates of a text that reach the threshold; their spans may overlap.

        Args:
            text: the text.
            patterns: the patterns to run; all of them by default.
        """
        for pattern in self.patterns if patterns is None else patterns:
            group = "value" if "value" in pattern.regex.groupindex else 0
            for match in pattern.regex.finditer(text.digits if pattern.digits else text.text):
                start, end = match.span(group)
                candidate: Candidate | None = Candidate(text, match, start, end, pattern.confidence)
                if pattern.check and candidate:
                    candidate = pattern.check(candidate)
                if candidate is None or candidate.start >= candidate.end:
                    continue
                gain = sum(context.gain for context in self.context if context.is_near(candidate))
                if candidate.confidence + gain >= THRESHOLD:
                    yield candidate.with_confidence(min(1.0, candidate.confidence + gain))


def ignore_case(pattern: str) -> re.Pattern[str]:
    """Compile a pattern without regard to case; labels are written QQ, qq and Qq."""
    return re.compile(pattern, re.IGNORECASE)
