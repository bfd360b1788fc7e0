"""Pseudonyms: for every value another one of its kind, the same wherever the value stands.

HMAC-SHA256 under a secret key over type and value makes every choice (NISTIR 8053 calls this pseudonymization by keyed
hashing), so that workers agree without talking and nothing has to be remembered. Numbers satisfy the checks of their
form and can belong to nobody; a surrogate never equals a value that stands in the same dialogue, for which another
is drawn there, nor one that was seen anywhere in the corpus.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import Final

from cmtmed.anonymize.replace.corpus_values import Seen
from cmtmed.anonymize.replace.surrogates import dates, persons, phones
from cmtmed.anonymize.replace.surrogates.families import FAMILIES
from cmtmed.anonymize.replace.surrogates.keyed_random import Draws
from cmtmed.anonymize.replace.surrogates.persons import Mention

__all__ = ["FARTHEST", "Mention", "Surrogates"]

FARTHEST: Final = 180
"""Dates of a dialogue move by one to this many days, all by the same number."""
_ATTEMPTS: Final = 200


class Surrogates:
    """Gives surrogates under one key.

    Args:
        key: the secret; the object does not show it.
        seen: values of the corpus, none of which may become a surrogate; by default none.
    """

    __slots__ = ("_key", "_seen")

    def __init__(self, key: bytes, seen: Seen | None = None) -> None:
        self._key = key
        self._seen = seen or Seen(key, [])

    def of_dialogue(self, identity: str, mentions: Sequence[Mention], said: str) -> list[str | None]:
        """Give everything that was found in one dialogue its surrogate.

        Args:
            identity: id of the dialogue; its dates move by an offset that follows from it.
            mentions: what was found, in reading order.
            said: the text of the whole dialogue.

        Returns:
            One for each mention; None where there is none to be had (a lunar date): tag it instead.

        >>> mentions = [Mention("PERSON", "王建国"), Mention("PERSON", "建国"), Mention("PERSON", "王", after="先生")]
        >>> Surrogates(b"sixteen letters.").of_dialogue("a/1", mentions, "王建国，建国，王先生")
        ['薛泽超', '泽超', '薛']
        """
        names = persons.surrogates(self._key, [one for one in mentions if one.type == "PERSON"], said, self._seen)
        days = self._shifted(identity, [one.text for one in mentions if one.type == "DATE"])
        others = self._others([one for one in mentions if one.type in FAMILIES], said)
        known = {"PERSON": names, "DATE": days}
        return [
            known[one.type].get(one.text) if one.type in known else others.get((one.type, one.text)) for one in mentions
        ]

    def _shifted(self, identity: str, texts: Sequence[str]) -> dict[str, str | None]:
        read = {text: dates.read(text) for text in dict.fromkeys(texts)}
        known = {day for found in read.values() if found for day in [found[0]]}
        for days in self._offsets(identity):
            # No day may become another day of the dialogue: a reader would take it for the real one.
            if known.isdisjoint({day + timedelta(days=days) for day in known if _movable(day)}):
                return {
                    text: found[1](found[0] + timedelta(days=days)) if found and _movable(found[0]) else None
                    for text, found in read.items()
                }
        return dict.fromkeys(texts)

    def _offsets(self, identity: str) -> Iterator[int]:
        draws = Draws(self._key, "offset", identity)
        for _ in range(_ATTEMPTS):
            days = 1 + draws.below(FARTHEST)
            yield days if draws.below(2) else -days

    def _others(self, mentions: Sequence[Mention], said: str) -> dict[tuple[str, str], str | None]:
        real = {FAMILIES[one.type].value(one.text) for one in mentions} | {one.text for one in mentions}
        used: set[str] = set()
        attempts: dict[tuple[str, str], int | None] = {}
        result: dict[tuple[str, str], str | None] = {}
        for kind, text in dict.fromkeys((one.type, one.text) for one in mentions):
            about = _about(kind, text)
            if about in attempts:
                # Another way of writing the same value.
                attempt = attempts[about]
                result[kind, text] = None if attempt is None else self._made(kind, text, attempt)
                continue
            attempts[about] = result[kind, text] = None
            for attempt in range(_ATTEMPTS):
                new = self._made(kind, text, attempt)
                if new is None:
                    break
                value = FAMILIES[kind].value(new)
                if value not in real and value not in used and new not in said and value not in self._seen:
                    attempts[about], result[kind, text] = attempt, new
                    used.add(value)
                    break
        return result

    def _made(self, kind: str, text: str, attempt: int) -> str | None:
        return FAMILIES[kind].make(text, Draws(self._key, *_about(kind, text), str(attempt)))


def _about(kind: str, text: str) -> tuple[str, str]:
    """Return type and value that the choices depend on; a telephone number is one also where it is a handle."""
    number = phones.mobile(text) if kind == "WECHAT" else None
    return ("PHONE", number) if number else (kind, FAMILIES[kind].value(text))


def _movable(day: date) -> bool:
    return 1880 < day.year < 2100
