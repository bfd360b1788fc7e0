"""Our recognizers as one of Microsoft Presidio's: Chinese identifiers in pipelines that are built on it.

Needs the extra ``presidio``. Presidio asks each of its recognizers about each text; ours share one pass, therefore a
single `CmtmedRecognizer` stands for all types. No language model is needed; in its place `analyzer` puts an engine
that looks for our identifiers in a thousand texts at once, which Presidio's ``BatchAnalyzerEngine`` makes use of.

>>> engine = analyzer()
>>> [(one.entity_type, one.start, one.end) for one in engine.analyze("王医生您好，电话13800138000", language="zh")]
[('PERSON', 0, 1), ('PHONE_NUMBER', 8, 19)]

For millions of texts use `cmtmed.find_identifiers` directly: inside Presidio most of the time is Presidio's own, and
text by text ours is the cost of many small calls. Importing this module loads spaCy, and torch where it is installed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any, Final

try:
    from presidio_analyzer import AnalyzerEngine, EntityRecognizer, RecognizerRegistry, RecognizerResult
    from presidio_analyzer.nlp_engine import NlpArtifacts, NoOpNlpEngine
except ImportError as error:
    raise ImportError("presidio-analyzer is missing; install it with: pip install 'cmtmed[presidio]'") from error

from cmtmed.anonymize.detect.find import find_identifiers
from cmtmed.anonymize.identifier import TYPES, Identifier
from cmtmed.errors import UsageError, did_you_mean

LANGUAGE: Final = "zh"
SCORE: Final = 0.85
"""Score of every result, the one that Presidio gives to results of models that tell none.

Our confidences choose between readings of one text and have done so when a result comes out; they are no
probabilities that a threshold could be set on.
"""
TOGETHER: Final = 1000
"""Texts that are looked at together, at least; a batch of Presidio's is one text by default."""
STANDARD: Final[Mapping[str, str]] = {
    "PERSON": "PERSON",
    "PHONE": "PHONE_NUMBER",
    "BANK_CARD": "CREDIT_CARD",
    "EMAIL": "EMAIL_ADDRESS",
    "URL": "URL",
    "IP": "IP_ADDRESS",
    "ADDRESS": "LOCATION",
    "HOSPITAL": "ORGANIZATION",
    "ORG": "ORGANIZATION",
    "DATE": "DATE_TIME",
    "AGE90": "AGE",
}
"""Presidio's own names where it has one; the other types are called ``CN_`` and our name."""


def entity_name(kind: str, *, standard: bool = True) -> str:
    """Return what a type is called in Presidio.

    Args:
        kind: one of ``TYPES``.
        standard: whether Presidio's own name is used where there is one. It is the name that operators and other
            recognizers know; but hospitals and other organizations then share one.

    >>> entity_name("PHONE"), entity_name("PHONE", standard=False), entity_name("WECHAT")
    ('PHONE_NUMBER', 'CN_PHONE', 'CN_WECHAT')
    """
    return STANDARD.get(kind, f"CN_{kind}") if standard else f"CN_{kind}"


class CmtmedRecognizer(EntityRecognizer):
    """All our recognizers, or those of some types, as one recognizer of Presidio's.

    Results are what `find_identifiers` finds in the text: disjoint, offsets in code points, each with `SCORE`.

    Args:
        types: which types to report; all by default. The others are still looked for, because they decide what an
            overlapping span is: a number that is a bank card is no phone.
        standard: see `entity_name`.
        language: code under which the recognizer is registered.

    Raises:
        UsageError: a type is unknown, or none is given.
    """

    def __init__(self, types: Iterable[str] = TYPES, *, standard: bool = True, language: str = LANGUAGE) -> None:
        wanted = {types} if isinstance(types, str) else set(types)
        for kind in sorted(wanted):
            if kind not in TYPES:
                raise UsageError(f"no identifier type is called {kind!r}; {did_you_mean(kind, TYPES)}")
        if not wanted:
            raise UsageError("types is empty; name at least one, or leave it out for all")
        self.names = {kind: entity_name(kind, standard=standard) for kind in TYPES if kind in wanted}
        super().__init__(
            supported_entities=list(dict.fromkeys(self.names.values())), name="cmtmed", supported_language=language
        )

    def load(self) -> None:
        """Do nothing: patterns are compiled on import."""

    def analyze(
        self, text: str, entities: list[str], nlp_artifacts: NlpArtifacts | None = None
    ) -> list[RecognizerResult]:
        """Find identifiers in a text.

        Args:
            text: the text.
            entities: names, as Presidio knows them, of those that are asked for; an empty list asks for all.
            nlp_artifacts: what the engine made of the text; `IdentifierEngine` has found ours already.

        Returns:
            One result for each, by start.
        """
        found: list[Identifier] | None = getattr(nlp_artifacts, "identifiers", None)
        return [
            RecognizerResult(
                entity_type=self.names[kind],
                start=start,
                end=end,
                score=SCORE,
                recognition_metadata={
                    RecognizerResult.RECOGNIZER_NAME_KEY: self.name,
                    RecognizerResult.RECOGNIZER_IDENTIFIER_KEY: self.id,
                },
            )
            for start, end, kind in (find_identifiers([text])[0] if found is None else found)
            if kind in self.names and (not entities or self.names[kind] in entities)
        ]


class IdentifierEngine(NoOpNlpEngine):
    """In the place of a language model: finds our identifiers and hands them to `CmtmedRecognizer`.

    Presidio's engine tells its recognizers about tokens and lemmas; this one attaches what `find_identifiers` finds,
    and no tokens. Recognizers with context words, added beside ours, therefore see no context.

    Args:
        language: the one language it serves.
    """

    def __init__(self, language: str = LANGUAGE) -> None:
        super().__init__([{"lang_code": language, "model_name": "none"}])

    def process_text(self, text: str, language: str) -> NlpArtifacts:
        """Return artifacts with the identifiers of one text."""
        artifacts = super().process_text(text, language)
        (artifacts.identifiers,) = find_identifiers([text])
        return artifacts

    def process_batch(
        self,
        texts: Iterable[Any],
        language: str,
        batch_size: int = 1,
        n_process: int = 1,
        *,
        as_tuples: bool = False,
        **options: Any,
    ) -> Iterator[tuple[Any, ...]]:
        """Yield each text with its artifacts.

        Args:
            texts: texts, or pairs of a text and anything else.
            language: the one that this engine serves.
            batch_size: texts that are looked at together, but never fewer than `TOGETHER`.
            n_process: not used.
            as_tuples: whether ``texts`` holds pairs; the second of each is yielded too.
            options: refused with a warning in the log, as Presidio does.
        """
        items = iter(texts)
        while block := list(islice(items, max(batch_size, TOGETHER))):
            told = super().process_batch(block, language, batch_size, n_process, as_tuples=as_tuples, **options)
            rows = list(told)
            for row, found in zip(rows, find_identifiers([row[0] for row in rows]), strict=True):
                row[1].identifiers = found
                yield row


def recognizers(types: Iterable[str] = TYPES, *, standard: bool = True) -> list[EntityRecognizer]:
    """Return what to add to a registry of Presidio's for Chinese text: see `CmtmedRecognizer`."""
    return [CmtmedRecognizer(types, standard=standard)]


def analyzer(types: Iterable[str] = TYPES, *, standard: bool = True) -> AnalyzerEngine:
    """Return an engine of Presidio's that knows our recognizers, for ``language="zh"``, and loads no model.

    Args:
        types: see `CmtmedRecognizer`.
        standard: see `entity_name`.
    """
    return AnalyzerEngine(
        registry=RecognizerRegistry(recognizers(types, standard=standard), supported_languages=[LANGUAGE]),
        nlp_engine=IdentifierEngine(),
        supported_languages=[LANGUAGE],
    )
