"""PASSPORT: passports and travel permits; a bare number looks too much like a drug approval to be accepted alone."""

from __future__ import annotations

import re
from typing import Final

from cmtmed.anonymize.detect.recognizer import LABELLED, LINK, WEAK, Context, Pattern, Recognizer, ignore_case

_WORDS: Final = r"护照|通行证|台胞证|回乡证|旅行证|海员证|passport"

RECOGNIZER: Final = Recognizer(
    type="PASSPORT",
    shared_hint=r"(?i)护照|通行证|台胞证|回乡证|旅行证|海员证|passport",
    patterns=(
        Pattern(
            ignore_case(
                rf"(?:{_WORDS})(?:号码|号|编号|No\.?|number)?{LINK}(?P<value>[A-Z]{{1,2}}[ ]?\d{{6,10}}"
                rf"|[A-Z]{{1,2}}[ \-]?\d{{3,4}}[ \-]\d{{3,5}}"
                rf"|\d{{8,10}}|[A-Z]\d[A-Z]{{2}}\d{{4,5}})(?![0-9A-Za-z])"
            ),
            LABELLED,
            digits=True,
        ),
        # 证件类型：护照；证件号码：e12345678: a letter before the digits distinguishes this certificate from others.
        Pattern(
            ignore_case(r"证件号?码?[\s:：是为]{0,3}(?P<value>[A-Z]{1,2}\d{7,8})(?![0-9A-Za-z])"),
            LABELLED,
            hint=r"证件号?码?[\s:：是为]{0,3}[A-Za-z]",
        ),
        Pattern(re.compile(r"(?<![0-9A-Za-z])(?:E[A-HJ-NP-Z]\d{7}|[EGDPSCHMT]\d{8})(?![0-9A-Za-z])"), WEAK),
    ),
    context=(
        Context(ignore_case(_WORDS + "|出国|出境|签证|英文|姓名拼音|移民"), 0.4, before=24, after=12),
        Context(re.compile(r"准字|批准|注册证|文号|批号"), -0.8, before=8),
    ),
    examples=("护照号⟦E12345678⟧", "护照：⟦EA1234567⟧", "港澳通行证⟦C12345678⟧", "⟦G12345678⟧是我的护照"),
    lookalikes=("国药准字H20050138", "护照办理7个工作日", "批准文号S20050138"),
)
