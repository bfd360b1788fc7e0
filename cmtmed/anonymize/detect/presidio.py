"""Adapter for Microsoft Presidio: our recognizers in pipelines that are built on it.

Needs the extra ``presidio``. Presidio calls each of its recognizers for each text, but ours share one pass; therefore a
single `CmtmedRecognizer` stands for all types. No language model is needed: `build_analyzer` replaces it with an engine
that finds our identifiers in a thousand texts at once, which Presidio's ``BatchAnalyzerEngine`` makes use of.

>>> engine = build_analyzer()
>>> results = engine.analyze("王医生您好，电话13800138000", language="zh")
>>> [(result.entity_type, result.start, result.end) for result in results]
[('PERSON', 0, 1), ('PHONE_NUMBER', 8, 19)]

For millions of texts use `cmtmed.find_identifiers` directly: inside Presidio most of the time is spent in Presidio
itself, and text by text ours goes into many small calls. Importing this module loads spaCy, and torch where it is
installed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Final

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
"""Score of every result, the one that Presidio assigns to results of models that report none.

Our confidences choose between readings of one text, and have served their purpose when a result is returned; they are
no probabilities that a threshold could be applied to.
"""
MIN_BATCH_SIZE: Final = 1000
"""Least number of texts that are searched together; a batch of Presidio's is one text by default."""
STANDARD_NAMES: Final[Mapping[str, str]] = {
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
"""Presidio's own entity names, by identifier type; types without one are named ``CN_`` plus our name."""


def get_entity_name(identifier_type: str, *, standard: bool = True) -> str:
    """Return the name of an identifier type in Presidio.

    Args:
        identifier_type: one of ``TYPES``.
        standard: whether to use Presidio's own name where there is one. Operators and other recognizers know that
            name, but hospitals and other organizations then share one.

    >>> get_entity_name("PHONE"), get_entity_name("PHONE", standard=False), get_entity_name("WECHAT")
    ('PHONE_NUMBER', 'CN_PHONE', 'CN_WECHAT')
    """
    own_name = f"CN_{identifier_type}"
    return STANDARD_NAMES.get(identifier_type, own_name) if standard else own_name


class CmtmedRecognizer(EntityRecognizer):
    """All our recognizers, or those of some types, as one Presidio recognizer.

    Results are what `find_identifiers` finds in the text: disjoint, offsets in code points, each with `SCORE`.

    Args:
        types: the types to report; all by default. The others are still searched for, because they decide what an
            overlapping span is: a number that is a bank card is no phone.
        standard: see `get_entity_name`.
        language: code under which the recognizer is registered.

    Raises:
        UsageError: a type is unknown, or none is given.
    """

    def __init__(self, types: Iterable[str] = TYPES, *, standard: bool = True, language: str = LANGUAGE) -> None:
        reported_types = {types} if isinstance(types, str) else set(types)
        for identifier_type in sorted(reported_types):
            if identifier_type not in TYPES:
                hint = did_you_mean(identifier_type, TYPES)
                raise UsageError(f"unknown identifier type {identifier_type!r}; {hint}")
        if not reported_types:
            raise UsageError("types is empty; name at least one, or leave it out for all")
        self.entity_names = {
            identifier_type: get_entity_name(identifier_type, standard=standard)
            for identifier_type in TYPES
            if identifier_type in reported_types
        }
        entities = list(dict.fromkeys(self.entity_names.values()))
        super().__init__(supported_entities=entities, name="cmtmed", supported_language=language)

    def load(self) -> None:
        """Do nothing: patterns are compiled on import."""

    def analyze(
        self, text: str, entities: list[str], nlp_artifacts: NlpArtifacts | None = None
    ) -> list[RecognizerResult]:
        """Find identifiers in a text.

        Args:
            text: the text.
            entities: the entities to return, by their names in Presidio; all of them if the list is empty.
            nlp_artifacts: what the engine made of the text; those of `IdentifierEngine` hold our identifiers already.

        Returns:
            One result for each identifier, sorted by start.
        """
        identifiers: list[Identifier] | None = getattr(nlp_artifacts, "identifiers", None)
        if identifiers is None:
            (identifiers,) = find_identifiers([text])
        return [
            RecognizerResult(
                entity_type=self.entity_names[identifier_type],
                start=start,
                end=end,
                score=SCORE,
                recognition_metadata={
                    RecognizerResult.RECOGNIZER_NAME_KEY: self.name,
                    RecognizerResult.RECOGNIZER_IDENTIFIER_KEY: self.id,
                },
            )
            for start, end, identifier_type in identifiers
            if identifier_type in self.entity_names and (not entities or self.entity_names[identifier_type] in entities)
        ]


class IdentifierEngine(NoOpNlpEngine):
    """NLP engine that finds our identifiers, in place of a language model, and passes them to `CmtmedRecognizer`.

    Presidio's engines provide tokens and lemmas; this one attaches what `find_identifiers` finds, and no tokens.
    Recognizers with context words that are added beside ours therefore see no context.

    Args:
        language: the one language that it serves.
    """

    def __init__(self, language: str = LANGUAGE) -> None:
        super().__init__([{"lang_code": language, "model_name": "none"}])

    def process_text(self, text: str, language: str) -> NlpArtifacts:
        """Return the artifacts of one text, with its identifiers."""
        artifacts = super().process_text(text, language)
        (artifacts.identifiers,) = find_identifiers([text])
        return artifacts

    def process_batch(
        self,
        texts: Iterable[str | tuple[str, object]],
        language: str,
        batch_size: int = 1,
        n_process: int = 1,
        *,
        as_tuples: bool = False,
        **options: object,
    ) -> Iterator[tuple[object, ...]]:
        """Yield each text with its artifacts.

        Args:
            texts: texts, or pairs of a text and anything else.
            language: the language that this engine serves.
            batch_size: number of texts to search together, but never fewer than `MIN_BATCH_SIZE`.
            n_process: not used.
            as_tuples: whether ``texts`` holds pairs; the second element of each is yielded too.
            options: ignored with a warning in the log, as in Presidio.
        """
        remaining = iter(texts)
        while batch := list(islice(remaining, max(batch_size, MIN_BATCH_SIZE))):
            rows = list(super().process_batch(batch, language, batch_size, n_process, as_tuples=as_tuples, **options))
            for row, identifiers in zip(rows, find_identifiers([row[0] for row in rows]), strict=True):
                row[1].identifiers = identifiers
                yield row


def build_recognizers(types: Iterable[str] = TYPES, *, standard: bool = True) -> list[EntityRecognizer]:
    """Build the recognizers to add to a Presidio registry for Chinese text: see `CmtmedRecognizer`."""
    return [CmtmedRecognizer(types, standard=standard)]


def build_analyzer(types: Iterable[str] = TYPES, *, standard: bool = True) -> AnalyzerEngine:
    """Build a Presidio analyzer with our recognizers, for ``language="zh"``, that loads no model.

    Args:
        types: see `CmtmedRecognizer`.
        standard: see `get_entity_name`.
    """
    return AnalyzerEngine(
        registry=RecognizerRegistry(build_recognizers(types, standard=standard), supported_languages=[LANGUAGE]),
        nlp_engine=IdentifierEngine(),
        supported_languages=[LANGUAGE],
    )
