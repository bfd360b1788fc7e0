"""ID_CARD: citizen identity numbers of 18 or 15 digits, and other personal certificates by their label.

The check character is MOD 11-2 of GB 11643-1999. A failed check lowers the confidence but never clears a number that
is introduced by 身份证: with a typing slip it still identifies a person.
"""

from __future__ import annotations

import re
from datetime import date
from typing import Final

from cmtmed.anonymize.detect.lexicon.vocabulary import vocabulary
from cmtmed.anonymize.detect.recognizer import (
    LABELLED,
    LIKELY,
    LINK,
    LONG_NUMBER,
    VALID,
    WEAK,
    Candidate,
    Context,
    Pattern,
    Recognizer,
    ignore_case,
)

_WEIGHTS: Final = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_PROVINCES: Final = frozenset(
    vocabulary("""
        11 12 13 14 15 21 22 23 31 32 33 34 35 36 37 41 42 43 44 45 46 50 51 52 53 54 61 62 63 64 65 71 81 82 83
        """)
)
_WORDS: Final = (
    r"身份证|身分证|证件号|证件|身份号|公民身份|sfz|identity|军官证|士兵证|驾驶证|驾照|出生证|残疾证|居住证|户口"
)


def has_valid_checksum(number: str) -> bool:
    """Say whether the check character of an 18-character identity number is right (GB 11643-1999, MOD 11-2).

    >>> has_valid_checksum("11010519491231002X")
    True
    """
    total = sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, number[:17], strict=True))
    return "10X98765432"[total % 11] == number[17].upper()


def _is_birth_date(digits: str) -> bool:
    """Say whether eight digits are a date on which a living person can have been born."""
    try:
        day = date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        return False
    return 1890 <= day.year <= 2035


def _check_citizen_number(candidate: Candidate) -> Candidate | None:
    """Rate a number by its province code, its date of birth and its check character."""
    number = re.sub(r"[^0-9Xx]", "", candidate.value)
    has_province = number[:2] in _PROVINCES
    if len(number) == 15:
        return candidate.with_confidence(LIKELY if has_province and _is_birth_date("19" + number[6:12]) else 0.3)
    is_valid, has_birth_date = has_valid_checksum(number), _is_birth_date(number[6:14])
    if is_valid and has_birth_date:
        return candidate.with_confidence(VALID + 0.1)
    if has_province and has_birth_date:
        return candidate.with_confidence(LIKELY)
    return candidate.with_confidence(WEAK if has_birth_date or (is_valid and has_province) else 0.3)


RECOGNIZER: Final = Recognizer(
    type="ID_CARD",
    shared_hint=LONG_NUMBER,
    patterns=(
        Pattern(
            re.compile(
                r"(?<![0-9])(?<![0-9][ \-.])\d{6}[ \-.]?\d(?:[ \-.]?\d){10}[ \-.]?[0-9Xx](?![0-9A-Za-z])(?![ \-.]\d)"
            ),
            WEAK,
            digits=True,
            check=_check_citizen_number,
        ),
        Pattern(
            re.compile(r"(?<![0-9A-Za-z])\d{6}[ \-]?\d{6}[ \-]?\d{3}(?![0-9A-Za-z])"),
            WEAK,
            digits=True,
            check=_check_citizen_number,
        ),
        Pattern(
            ignore_case(
                rf"(?:{_WORDS})(?:号码|号|编号|ID)?(?:报一下|发你|尾号"
                rf"|填)?{LINK}(?:[军武海空字第南北兰沈济成广]{{1,4}})?"
                r"(?P<value>\d(?:[ \-.]?\d){7,18}(?:[ ]?[A-Z])?)(?![0-9A-Za-z])"
            ),
            LABELLED,
            digits=True,
        ),
        Pattern(
            ignore_case(
                rf"(?:军官证|士兵证|出生证|出生医学证明)(?:号码|号"
                rf"|编号)?{LINK}(?P<value>[军武海空南北兰沈济成广政参后装]?字?第?[A-Z]?\d{{6,10}}号?)"
            ),
            LABELLED,
            digits=True,
        ),
    ),
    context=(Context(ignore_case(_WORDS), 0.4, before=16, after=10),),
    examples=(
        "身份证号⟦11010519491231002X⟧",
        "身份证：⟦110105 19491231 0021⟧",  # fails its checksum
        "⟦110105491231002⟧是我老身份证号",
        "证件号⟦11010519491231002x⟧",
    ),
    lookalikes=("条码123456789012345678", "pi是3.14159265358979323846"),
)
