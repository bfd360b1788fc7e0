"""Detection of a file's encoding.

A wrong guess yields text that looks like Chinese and means nothing, so a record with undecodable bytes goes to
quarantine and no character is ever guessed. Detection tries, in this order: a byte order mark; strict UTF-8 over a
sample; and the best of GB18030, Big5, UTF-16 and charset-normalizer's guess, scored by the share of common Chinese
characters in the decoded sample.
"""

from __future__ import annotations

import codecs
import re
from collections import Counter
from typing import Final

from cmtmed.io.bytestream import SAMPLE_BYTES

_BOMS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # begins like that of UTF-16
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_CANDIDATES: Final = ("gb18030", "big5hkscs", "utf-16-le", "utf-16-be")
# Three consecutive UTF-8 Chinese characters do not occur by chance in text of another encoding.
_UTF8_RUN: Final = re.compile(rb"(?:[\xe3-\xe9][\x80-\xbf][\x80-\xbf]|\xef\xbc[\x80-\xbf]){3}")

# The most frequent characters of Chinese text, in both scripts. They make up a third or more of real text and next to
# nothing of text decoded with the wrong encoding.
_COMMON: Final = frozenset(
    "的一是不了在有人我他这个们中来上大为和国地到以说时要就出会可也你对生能而子那得于着下自之年过发后作里用道行所然家种事成方多经么去法"
    "学如都同现当没动面起看定天分还进好小部其些主样理心她本前开但因只从想实日军者意无力它与长把机十民第公此已工使情明性知全三又关点正业外将两"
    "高间由问很最重并物手应战向头文体政美相见被利什二等产或新己制身果加西斯月话合回特代内信表化老给世位次度门任常先海通教儿原东声提立及比员解"
    "水名真论处走义各入几口认条平系气题活尔更别打女变四神总何电数安少报才结反受目太量再感建务做接必场件计管期市直德资命山金指克许统区保至队形社"
    "便空决治展马科司五基眼书非则听白却界达光放强即像难且权思王象完设式色路记南品住告类求据程北边死张该交规万取拉格望觉术领共确传师观清今切院让"
    "药痛病医疗症检查服食血压糖孩子胃肠炎肝肾肺咳嗽烧热疼您好吗请医師這個們來國為說時會發後裡種經麼學過還點業長機關兩間問應頭體藥檢醫療"
    "，。？！：；、（）"
)


def detect_encoding(sample: bytes) -> str:
    """Return the encoding of a file whose first bytes are ``sample``.

    Args:
        sample: up to `SAMPLE_BYTES` bytes; the last character may be cut.

    Returns:
        A codec name; ``utf-8`` if the sample is plain ASCII or no other encoding fits better.
    """
    for bom, name in _BOMS:
        if sample.startswith(bom):
            return name
    if _is_decodable(sample, "utf-8"):
        return "utf-8"
    scores = {name: _score(sample, name) for name in _list_candidates(sample)}
    best = max(scores, key=lambda name: scores[name], default="utf-8")
    # A UTF-8 file with a few broken bytes decodes well in none of them.
    if _UTF8_RUN.search(sample) and _score_as_utf8(sample) >= scores.get(best, 0.0):
        return "utf-8"
    return best if scores.get(best, 0.0) > 0 else "utf-8"


def _list_candidates(sample: bytes) -> list[str]:
    from charset_normalizer import from_bytes

    guess = from_bytes(sample[: 2**15]).best()
    guessed = [codecs.lookup(guess.encoding).name] if guess else []
    supported = [name for name in guessed if name in {"gb18030", "gbk", "gb2312", "big5", "big5hkscs", "utf-16"}]
    return list(
        dict.fromkeys(
            [*_CANDIDATES, *({"gbk": "gb18030", "gb2312": "gb18030"}.get(codec, codec) for codec in supported)]
        )
    )


def _is_decodable(sample: bytes, name: str) -> bool:
    try:
        codecs.getincrementaldecoder(name)().decode(sample, final=len(sample) < SAMPLE_BYTES)
    except UnicodeDecodeError:
        return False
    return True


def _score(sample: bytes, name: str) -> float:
    """Return the share of common Chinese among the sample's non-ASCII characters; undecodable bytes lower it."""
    aligned = sample[: len(sample) // 2 * 2] if name.startswith("utf-16") else sample
    text = codecs.getincrementaldecoder(name)("replace").decode(aligned)
    return _share_of_common(text)


def _score_as_utf8(sample: bytes) -> float:
    return _share_of_common(codecs.getincrementaldecoder("utf-8")("replace").decode(sample))


def _share_of_common(text: str) -> float:
    counts = {character: count for character, count in Counter(text).items() if character > "\x7f"}
    total = sum(counts.values())
    return sum(count for character, count in counts.items() if character in _COMMON) / total if total else 0.0


def is_utf8_record(raw: bytes) -> bool:
    """Return whether a record of a file in another encoding is UTF-8.

    GB18030 decodes nearly any bytes, so such a record would turn into nonsense without an error.
    """
    if not _UTF8_RUN.search(raw):
        return False
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
