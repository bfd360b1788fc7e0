"""Surrogates of one dialogue: every value gets another one of its type, the same wherever the value occurs.

HMAC-SHA256 under a secret key over type and value makes every choice (NISTIR 8053 calls this pseudonymization by keyed
hashing), so workers agree without communicating and nothing has to be remembered. Numbers pass the checks of their
format and can belong to nobody. A surrogate that equals a value of the same dialogue, or any value of the corpus, is
drawn again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import Final

from cmtmed.anonymize.replace.corpus_values import CorpusValues
from cmtmed.anonymize.replace.surrogates import dates, persons, phones
from cmtmed.anonymize.replace.surrogates.families import FAMILIES
from cmtmed.anonymize.replace.surrogates.keyed_random import KeyedRandom
from cmtmed.anonymize.replace.surrogates.persons import Mention

__all__ = ["MAX_SHIFT_DAYS", "Mention", "SurrogateGenerator"]

MAX_SHIFT_DAYS: Final = 180
"""Dates of a dialogue move by one to this many days, all by the same number."""
_ATTEMPTS: Final = 200


class SurrogateGenerator:
    """Generates surrogates under one key.

    Args:
        key: the secret; the object does not show it.
        corpus_values: values of the corpus, none of which may become a surrogate; none by default.
    """

    __slots__ = ("_corpus_values", "_key")

    def __init__(self, key: bytes, corpus_values: CorpusValues | None = None) -> None:
        self._key = key
        self._corpus_values = corpus_values or CorpusValues(key, [])

    def generate(self, dialogue_id: str, mentions: Sequence[Mention], dialogue_text: str) -> list[str | None]:
        """Generate a surrogate for every identifier of one dialogue.

        Args:
            dialogue_id: the offset of the dates follows from it.
            mentions: the identifiers, in reading order.
            dialogue_text: the text of the whole dialogue.

        Returns:
            One for each mention; None where there is none (a lunar date), which is to be tagged instead.

        >>> mentions = [Mention("PERSON", "王建国"), Mention("PERSON", "建国"), Mention("PERSON", "王", after="先生")]
        >>> SurrogateGenerator(b"sixteen letters.").generate("a/1", mentions, "王建国，建国，王先生")
        ['薛泽超', '泽超', '薛']
        """
        person_mentions = [mention for mention in mentions if mention.type == "PERSON"]
        names = persons.draw_names(self._key, person_mentions, dialogue_text, self._corpus_values)
        shifted_dates = self._shift_dates(dialogue_id, [mention.text for mention in mentions if mention.type == "DATE"])
        values = self._draw_values([mention for mention in mentions if mention.type in FAMILIES], dialogue_text)
        by_type = {"PERSON": names, "DATE": shifted_dates}
        return [
            by_type[mention.type].get(mention.text)
            if mention.type in by_type
            else values.get((mention.type, mention.text))
            for mention in mentions
        ]

    def _shift_dates(self, dialogue_id: str, texts: Sequence[str]) -> dict[str, str | None]:
        """Shift all dates of a dialogue by the first offset that turns none of them into another one."""
        parsed_dates = {text: dates.parse_date(text) for text in dict.fromkeys(texts)}
        days = {parsed[0] for parsed in parsed_dates.values() if parsed}
        for offset in self._iter_offsets(dialogue_id):
            # No date may become another date of the dialogue: a reader would take it for the real one.
            if days.isdisjoint({day + timedelta(days=offset) for day in days if _can_shift(day)}):
                return {
                    text: parsed[1](parsed[0] + timedelta(days=offset)) if parsed and _can_shift(parsed[0]) else None
                    for text, parsed in parsed_dates.items()
                }
        return dict.fromkeys(texts)

    def _iter_offsets(self, dialogue_id: str) -> Iterator[int]:
        random = KeyedRandom(self._key, "offset", dialogue_id)
        for _ in range(_ATTEMPTS):
            days = 1 + random.randbelow(MAX_SHIFT_DAYS)
            yield days if random.randbelow(2) else -days

    def _draw_values(self, mentions: Sequence[Mention], dialogue_text: str) -> dict[tuple[str, str], str | None]:
        """Draw surrogates by type and text; two ways of writing one value get two ways of writing one surrogate."""
        originals = {FAMILIES[mention.type].normalize(mention.text) for mention in mentions}
        originals |= {mention.text for mention in mentions}
        drawn_values: set[str] = set()
        attempts: dict[tuple[str, str], int | None] = {}
        surrogates: dict[tuple[str, str], str | None] = {}
        for identifier_type, text in dict.fromkeys((mention.type, mention.text) for mention in mentions):
            subject = _subject_of(identifier_type, text)
            if subject in attempts:
                # Another way of writing the same value.
                attempt = attempts[subject]
                surrogates[identifier_type, text] = (
                    None if attempt is None else self._draw(identifier_type, text, attempt)
                )
                continue
            attempts[subject] = surrogates[identifier_type, text] = None
            for attempt in range(_ATTEMPTS):
                surrogate = self._draw(identifier_type, text, attempt)
                if surrogate is None:
                    break
                value = FAMILIES[identifier_type].normalize(surrogate)
                if (
                    value not in originals
                    and value not in drawn_values
                    and surrogate not in dialogue_text
                    and value not in self._corpus_values
                ):
                    attempts[subject], surrogates[identifier_type, text] = attempt, surrogate
                    drawn_values.add(value)
                    break
        return surrogates

    def _draw(self, identifier_type: str, text: str, attempt: int) -> str | None:
        random = KeyedRandom(self._key, *_subject_of(identifier_type, text), str(attempt))
        return FAMILIES[identifier_type].draw(text, random)


def _subject_of(identifier_type: str, text: str) -> tuple[str, str]:
    """Return type and value that the choices depend on; a phone number used as a handle counts as a phone number."""
    number = phones.parse_mobile(text) if identifier_type == "WECHAT" else None
    return ("PHONE", number) if number else (identifier_type, FAMILIES[identifier_type].normalize(text))


def _can_shift(day: date) -> bool:
    return 1880 < day.year < 2100
