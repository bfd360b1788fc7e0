"""PLATE: vehicle plates of mainland China (GA 36-2018), with eight characters for new-energy vehicles."""

from __future__ import annotations

from typing import Final

from cmtmed.anonymize.detect.recognizer import (
    VALID,
    WEAK,
    Candidate,
    Context,
    Pattern,
    Recognizer,
    ignore_case,
)

_PROVINCES: Final = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼"


def _check_plate(candidate: Candidate) -> Candidate | None:
    """Require two digits and allow three letters after the region's letter: anything else is another kind of code."""
    characters = [char for char in candidate.value[2:] if char.isalnum()]
    digit_count = sum(char.isdigit() for char in characters)
    letter_count = sum(char.isascii() and char.isalpha() for char in characters)
    if digit_count < 2 or letter_count > 3:
        return None
    is_lower_case = candidate.value[1].islower()
    return candidate.with_confidence(0.6 if is_lower_case else VALID)


RECOGNIZER: Final = Recognizer(
    type="PLATE",
    shared_hint=rf"(?i)[{_PROVINCES}] ?[A-HJ-NP-Z][ ·•.\-]?[A-HJ-NP-Z0-9]{{4}}|WJ",
    patterns=(
        Pattern(
            ignore_case(
                rf"[{_PROVINCES}][ ]?[A-HJ-NP-Z][ ·•.\-]?(?:[A-HJK][ ]?[A-HJ-NP-Z0-9]\d{{4}}|\d{{5}}[A-HJK]"
                rf"|[A-HJ-NP-Z0-9]{{5}}|[A-HJ-NP-Z0-9]{{4}}[挂学警港澳领])"
                r"(?![0-9A-Za-z])"
            ),
            VALID,
            check=_check_plate,
        ),
        Pattern(
            ignore_case(rf"(?<![A-Za-z])WJ[ ]?[{_PROVINCES}]?[·\-]?\d{{2}}[·\-]?[0-9A-Z]{{4,5}}(?![0-9A-Za-z])"),
            0.6,
        ),
    ),
    context=(Context(ignore_case(r"批号|型号|批次|病毒|毒株"), -WEAK, before=6),),
    examples=("车牌⟦京A12345⟧", "⟦粤B·D12345⟧停在门口", "开⟦沪AD12345⟧来的", "⟦冀D9K88挂⟧"),
    lookalikes=("新冠A型", "云A病区", "维生素B12", "甘A", "川B12"),
)
