"""Text that was decoded in the wrong encoding: repair where the repair is certain, and measure what is lost.

Three mistakes occur in crawls, alone and one after the other, in a whole text or in part of it:

- UTF-8 read as Latin-1 or Windows-1252: 头痛 is ``å¤´ç—›``;
- UTF-8 read as GBK: 医生 is 鍖荤敓;
- GBK read as Latin-1 or Windows-1252: 头痛 is ``Í·Í´``.

Each is undone over the runs of characters that can be nothing else: their bytes are complete characters of the other
encoding, and what they decode to is ordinary Chinese. A run whose bytes were replaced (``�``, 锟斤拷, ?) cannot be
repaired any more; `count_lost` counts it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable
from functools import cache
from itertools import pairwise
from typing import Final

from cmtmed.text.conversion import traditional_only
from cmtmed.text.han import is_han
from cmtmed.text.standard import frequent_characters, standard_characters

_WINDOWS: Final = {bytes([code]).decode("cp1252", errors="ignore"): code for code in range(0x80, 0xA0)}
# Characters of single-byte encodings by the byte that they stand for; Latin-1 leaves 0x80 to 0x9f as controls.
_BYTE_OF: Final = {**{chr(code): code for code in range(0x80, 0x100)}, **{c: b for c, b in _WINDOWS.items() if c}}


def _characters_of(first: int, last: int) -> str:
    return "".join(re.escape(character) for character, byte in _BYTE_OF.items() if first <= byte <= last)


_NEXT: Final = f"[{_characters_of(0x80, 0xBF)}]"
# Beside another such character it is a part of something else, such as GBK read in the same way.
_UTF8_AS_LATIN: Final = re.compile(
    f"(?<![\x80-\xff])(?:[Â-ß]{_NEXT}|[à-ï]{_NEXT}{{2}}|[ð-ô]{_NEXT}{{3}})+(?![\x80-\xff])"
)
_GBK_AS_LATIN: Final = re.compile(f"(?:[{_characters_of(0x81, 0xFE)}][@-~{_characters_of(0x80, 0xFE)}])+")
_UTF8: Final = re.compile(
    rb"(?:[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|\xf0[\x90-\xbf][\x80-\xbf]{2})(?:[\x00-\x7f]*"
    rb"(?:[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|\xf0[\x90-\xbf][\x80-\xbf]{2}))*[\x00-\x7f]*"
)
_SYMBOLS: Final = frozenset("°±×÷·µ²³½¼¾‘’“”…—–•℃℉‰αβγδμΩ≤≥≈→←↑↓★☆●○■□▲△√①②③④⑤⑥⑦⑧⑨⑩ⅠⅡⅢⅣⅤ∶～￥〇々")

_REPLACED: Final = r"[锟斤拷]*(?:锟斤|斤拷锟|拷锟斤)[锟斤拷]*|\ufffd+|烫{4,}|屯{4,}|葺{4,}|[锛銆鈥][?\ufffd]+"
"""What is left of lost characters: U+FFFD, U+FFFD read as GBK (锟斤拷), unset memory (烫烫), half a mark (锛?)."""
LOST: Final = re.compile(_REPLACED)
_LOST_BESIDE_NUMBER: Final = re.compile(rf"[0-9.](?:{_REPLACED})|(?:{_REPLACED})[0-9.]")
_HIGH_PAIRS: Final = re.compile(r"[\u00a1-\u00fe]{4}")
_HIGH_LATIN: Final = re.compile(r"[\u00a1-\u00ff]{2,}")

_FIRST_PAIRS: Final = (
    *((lead, middle) for lead in range(0xE3, 0xEA) for middle in range(0x80, 0xC0)),
    (0xEF, 0xBC), (0xEF, 0xBD), (0xE2, 0x80),
)  # fmt: skip
"""The first two bytes of an ideograph, a full-width character or a mark in UTF-8."""

_PASSES: Final = 6
_MIN_CERTAIN: Final = 5
"""From this number of characters on, bytes that are valid UTF-8 were UTF-8."""
_MIN_GARBLED: Final = 2


@cache
def suspect_pattern() -> str:
    """Return a pattern for Polars that every text matches that `repair_mojibake` changes or `count_lost` counts."""
    after = "".join(sorted(set(_BYTE_OF) - set(map(chr, range(0xC0, 0x100)))))
    return (
        f"[Â-ô][{re.escape(after)}]|[À-ÖØ-ö][\u00a1-\u00fe]|[\u00a1-\u00fe][À-ÖØ-ö]|{_garbled_characters()}"
        r"|\x{fffd}|锟斤|拷锟|烫{4}|屯{4}|葺{4}|[锛銆鈥][?\x{fffd}]"
    )


@cache
def list_suspect_words() -> list[str]:
    """Return characters and words of which every text holds one that matches `suspect_pattern`."""
    latin = list(map(chr, range(0xC0, 0xFF)))
    return [*latin, *_decode_pairs(_FIRST_PAIRS), *"锛銆鈥\ufffd", "锟斤", "拷锟", *(4 * char for char in "烫屯葺")]


@cache
def _garbled_characters() -> str:
    """Return a pattern of the characters that the first two of a text become when its UTF-8 is read as GBK.

    Six bytes are three characters: the first byte of each ideograph begins the first one and ends the second one.
    """
    seconds = [(last, lead) for last in range(0x81, 0xC0) for lead in (*range(0xE3, 0xEA), 0xEF)]
    thirds = [(middle, last) for middle in range(0x81, 0xC0) for last in range(0x80, 0xC0)]
    first, second, third = ("".join(_decode_pairs(pairs)) for pairs in (_FIRST_PAIRS, seconds, thirds))
    return f"[{first}](?:[{second}][{third}€]|€[{first}])"


def _decode_pairs(pairs: Iterable[tuple[int, int]]) -> list[str]:
    """Return the characters that pairs of bytes are in GBK, in order."""
    decoded = {bytes(codes).decode("gb18030", errors="ignore") for codes in pairs}
    return sorted(character for character in decoded if len(character) == 1)


@cache
def _garbled_pattern() -> re.Pattern[str]:
    return re.compile(_garbled_characters())


def repair_mojibake(text: str) -> str:
    """Decode again what was decoded in the wrong encoding.

    >>> repair_mojibake("患者：鍖荤敓浣犲ソ"), repair_mojibake("å¤´ç—›3å¤©"), repair_mojibake("Í·Í´£¬ÎÒ")
    ('患者：医生你好', '头痛3天', '头痛，我')
    """
    for _ in range(_PASSES):
        repaired = _decode_utf8(text)
        if repaired == text:
            repaired = _decode_gbk(_decode_latin(text))
        if repaired == text:
            break
        text = repaired
    return text


def count_lost(text: str) -> int:
    """Count the characters of a text that stand for text that is lost; the whole text counts if it is garbled.

    >>> count_lost("发烧三天锟斤拷锟斤拷"), count_lost("头痛�"), count_lost("刘锟，被烫伤")
    (6, 1, 0)
    """
    lost = sum(map(len, LOST.findall(text)))
    triples = len(_garbled_pattern().findall(text))
    # A row of × or · is no letter, and hides a telephone number.
    latin = sum(len(run) for run in _HIGH_LATIN.findall(text) if 3 * sum(map(_is_letter, run)) >= len(run))
    is_garbled = (triples >= _MIN_GARBLED and 9 * triples >= len(text)) or (
        latin > 3 * _MIN_GARBLED and 4 * latin > len(text)
    )
    return max(lost, len(text)) if is_garbled else lost


def has_lost_number(text: str) -> bool:
    """Return whether something is lost beside a digit, where it may have been one: 0�5mg."""
    return _LOST_BESIDE_NUMBER.search(text) is not None


def _decode_utf8(text: str) -> str:
    """Decode UTF-8 that was read in a single-byte encoding."""
    runs = list(_UTF8_AS_LATIN.finditer(text))
    # é…” ends a sentence in French: one character is certain only if it holds what no sentence ends with.
    if not any(len(run[0]) > 4 or any("\x80" <= character <= "\xbf" for character in run[0]) for run in runs):
        return text
    decoded = [_decode(run[0], _BYTE_OF.__getitem__, "utf-8") for run in runs]
    return _splice(text, ((run.start(), run.end(), new or run[0]) for run, new in zip(runs, decoded, strict=True)))


def _decode_latin(text: str) -> str:
    """Decode GBK that was read in a single-byte encoding, if all that looks like it is ordinary Chinese."""
    runs = [match for match in _GBK_AS_LATIN.finditer(text) if any(map(_is_letter, match[0]))]
    raw = "".join(run[0] for run in runs)
    # The second byte is seldom ASCII in GBK, and always in a word of another language: größer.
    if not _HIGH_PAIRS.search(raw) or 4 * sum(map(str.isascii, raw)) > len(raw):
        return text
    if sum(map(_is_letter, raw)) * 3 < len(raw) or len(set(raw)) < 3:
        return text
    decoded = [_decode(run[0], _byte_of_gbk, "gb18030") for run in runs]
    # Any two bytes are a character of GBK: only the characters tell.
    if not all(new and _is_mostly_ordinary(new) for new in decoded) or sum(map(is_han, "".join(map(str, decoded)))) < 2:
        return text
    # Now that the text is known to be GBK, so are the runs without a letter: µ½ is 到, ¡£ is 。.
    return _GBK_AS_LATIN.sub(lambda run: _decode(run[0], _byte_of_gbk, "gb18030") or run[0], text)


def _byte_of_gbk(character: str) -> int:
    return _BYTE_OF.get(character) or ord(character)


def _is_letter(character: str) -> bool:
    return "\u00c0" <= character <= "\u00ff" and character.isalpha()


def _decode(run: str, to_byte: Callable[[str], int], encoding: str) -> str | None:
    """Decode the bytes that characters stand for; None if they are no text or no ordinary characters."""
    try:
        decoded = bytes(map(to_byte, run)).decode(encoding)
    except UnicodeDecodeError:
        return None
    return decoded if _is_text(decoded) else None


def _decode_gbk(text: str) -> str:
    """Decode UTF-8 that was read as GBK."""
    if not _garbled_pattern().search(text):
        return text
    # Windows and browsers read the byte 0x80, which GBK does not have, as the euro sign.
    encoded = [b"\x80" if char == "€" else char.encode("gb18030", errors="replace") for char in text]
    starts = [0]
    for char_bytes in encoded:
        starts.append(starts[-1] + len(char_bytes))
    index_of = {start: index for index, start in enumerate(starts)}
    raw = b"".join(encoded)
    changes = []
    position = 0
    while position < len(text):
        match = _UTF8.match(raw, starts[position])
        end = match and _find_end(raw, starts[position], match.end(), index_of)
        if not end:
            position += 1
            continue
        decoded = raw[starts[position] : end].decode("utf-8")
        if _is_repair(text[position : index_of[end]], decoded):
            changes.append((position, index_of[end], decoded))
            position = index_of[end]
        else:
            position += 1
    return _splice(text, changes)


def _find_end(raw: bytes, start: int, end: int, index_of: dict[int, int]) -> int | None:
    """Return the last end of a character in both encodings."""
    while end > start:
        is_start = end == len(raw) or raw[end] & 0xC0 != 0x80
        if end in index_of and is_start:
            return end
        end -= 1
    return None


def _is_repair(before: str, after: str) -> bool:
    """Return whether two texts of the same bytes are mojibake and what it was made of."""
    wide = [character for character in after if character > "\x7f"]
    ideographs = [character for character in before if is_han(character)]
    uncommon = sum(character not in frequent_characters() for character in ideographs)
    chinese = sum(is_han(character) or "\u3000" <= character <= "\u303f" or character > "\uff00" for character in wide)
    if len(wide) < _MIN_CERTAIN:
        # 杞茶。 has the bytes of 轲衣: a short run is certain if it consists of what nobody writes.
        return len(wide) >= 2 and chinese == len(wide) and 3 * uncommon >= len(before) and all(map(_is_ordinary, wide))
    return uncommon > 0 and 2 * chinese >= len(wide) and _is_text(after)


def _is_text(decoded: str) -> bool:
    """Return whether bytes that are valid were meant: always if there are many, a few if they are ordinary text."""
    wide = [character for character in decoded if character > "\x7f"]
    if len(wide) >= _MIN_CERTAIN:
        return not any(unicodedata.category(character) == "Cn" for character in wide)
    return all(_is_ordinary(character) or character in _BYTE_OF for character in wide)


def _is_ordinary(character: str) -> bool:
    """Return whether Chinese text consists of such characters."""
    return (
        character in standard_characters()
        or character in _SYMBOLS
        or "\u3000" <= character <= "\u3017"
        or "\uff01" <= character <= "\uff5e"
        or character in traditional_only()
    )


def _is_mostly_ordinary(decoded: str) -> bool:
    return 10 * sum(map(_is_ordinary, decoded)) >= 9 * len(decoded)


def _splice(text: str, changes: Iterable[tuple[int, int, str]]) -> str:
    """Replace spans of a text, given in order and without overlap."""
    changes = [(0, 0, ""), *changes, (len(text), len(text), "")]
    segments = [new + text[end : following[0]] for (_, end, new), following in pairwise(changes)]
    return "".join(segments)
