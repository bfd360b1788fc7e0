"""What a recognizer is: patterns, context words with their distance, examples, and a check.

A recognizer is data first. Its hints are Polars patterns that pick the few texts worth a closer look in bulk;
its patterns run on those texts only; context raises or lowers confidence; a check looks at what a
pattern cannot express (checksums, calendars, number plans) and may move the boundaries. What reaches
`THRESHOLD` is a candidate; `cmtmed.anonymize.detect.resolve` decides between overlapping ones.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple

from cmtmed.anonymize.detect.canonical import NUMERALS, Canonical

LABELLED: Final = 0.95
"""Confidence of a value that its own label introduces: 身份证号：…"""
VALID: Final = 0.85
"""Confidence of a form that proves itself: a checksum, a URL scheme."""
LIKELY: Final = 0.7
"""Confidence of a form that is rarely anything else."""
WEAK: Final = 0.45
"""Confidence of a form that needs context."""
THRESHOLD: Final = 0.5

LINK: Final = r"[\s:：=是为\-—,，、(（\"“「【\[→]{0,4}(?:就是|也是)?[\s:：=\"“]{0,2}"
"""What may stand between a label and its value."""
LONG_NUMBER: Final = rf"(?:[0-9{NUMERALS}][ \n\-.·—_/()（）]{{0,2}}){{7}}"
"""Hint for seven digits or more, however they are written."""


class Candidate(NamedTuple):
    """A span that may be an identifier.

    Attributes:
        canonical: the text it stands in.
        match: what the pattern matched.
        start: first index of the span in the canonical text.
        end: index after its last.
        confidence: 0 to 1; below `THRESHOLD` it is dropped.
    """

    canonical: Canonical
    match: re.Match[str]
    start: int
    end: int
    confidence: float

    @property
    def value(self) -> str:
        """The span as the pattern saw it."""
        return self.match.string[self.start : self.end]

    def before(self, distance: int) -> str:
        """Return up to ``distance`` characters before the span."""
        return self.canonical.text[max(0, self.start - distance) : self.start]

    def after(self, distance: int) -> str:
        """Return up to ``distance`` characters after the span."""
        return self.canonical.text[self.end : self.end + distance]

    def rated(self, confidence: float) -> Candidate:
        """Return the same span with another confidence."""
        return self._replace(confidence=confidence)


Check = Callable[[Candidate], Candidate | None]


@dataclass(frozen=True)
class Pattern:
    """One form of an identifier.

    Attributes:
        regex: its group ``value`` is the span; without such a group the whole match is.
        confidence: before context and check.
        digits: whether it runs on the view with Chinese numerals as digits.
        check: last word on each match; None drops it.
        hint: Rust pattern, without lookaround, that every text with this form matches; where it is empty the
            recognizer's own hint is all there is.
    """

    regex: re.Pattern[str]
    confidence: float
    digits: bool = False
    check: Check | None = None
    hint: str = ""


@dataclass(frozen=True)
class Context:
    """Words near a span that make it likelier or less likely.

    Attributes:
        words: pattern of the words.
        gain: added to the confidence, once, if any of them is near.
        before: how many characters to look back.
        after: how many to look ahead.
    """

    words: re.Pattern[str]
    gain: float
    before: int = 12
    after: int = 0

    def near(self, found: Candidate) -> bool:
        """Say whether one of the words is within reach."""
        return bool(
            (self.before and self.words.search(found.before(self.before)))
            or (self.after and self.words.search(found.after(self.after)))
        )


@dataclass(frozen=True)
class Recognizer:
    """Everything known about one type.

    Attributes:
        type: one of ``TYPES``.
        patterns: the forms.
        shared_hint: hint of the patterns that have none of their own.
        context: words that speak for or against.
        examples: texts with every identifier of this type marked ``⟦so⟧``; a test reads them.
        lookalikes: texts that hold none.
    """

    type: str
    patterns: tuple[Pattern, ...]
    shared_hint: str = ""
    context: tuple[Context, ...] = ()
    examples: tuple[str, ...] = ()
    lookalikes: tuple[str, ...] = ()

    @property
    def hints(self) -> dict[str, list[Pattern]]:
        """Rust patterns and the forms that each stands for; what matches none holds nothing of this type."""
        found: dict[str, list[Pattern]] = {}
        for pattern in self.patterns:
            found.setdefault(pattern.hint or self.shared_hint, []).append(pattern)
        return found

    def scan(self, text: Canonical, patterns: Iterable[Pattern] | None = None) -> Iterator[Candidate]:
        """Yield what reaches the threshold; spans may overlap.

        Args:
            text: the text.
            patterns: which of the forms to look for; all by default.
        """
        for pattern in self.patterns if patterns is None else patterns:
            group = "value" if "value" in pattern.regex.groupindex else 0
            for match in pattern.regex.finditer(text.digits if pattern.digits else text.text):
                start, end = match.span(group)
                found: Candidate | None = Candidate(text, match, start, end, pattern.confidence)
                if pattern.check and found:
                    found = pattern.check(found)
                if found is None or found.start >= found.end:
                    continue
                gain = sum(context.gain for context in self.context if context.near(found))
                if found.confidence + gain >= THRESHOLD:
                    yield found.rated(min(1.0, found.confidence + gain))


def compiled(pattern: str) -> re.Pattern[str]:
    """Compile a pattern without regard to case; labels come as QQ, qq and Qq."""
    return re.compile(pattern, re.IGNORECASE)
