"""BANK_CARD: payment card numbers (ISO/IEC 7812: issuer prefix and Luhn check digit), and accounts by their label."""

from __future__ import annotations

import re
from typing import Final

from cmtmed.anonymize.detect.recognizer import (
    LABELLED,
    LINK,
    LONG_NUMBER,
    VALID,
    Candidate,
    Context,
    Pattern,
    Recognizer,
    ignore_case,
)

_WORDS: Final = (
    r"(?<!医保)(?<!社保)(?<!就诊)(?<!诊疗)(?<!会员)(?<!病历)卡号|银行卡|信用卡|储蓄卡|借记卡|工资卡|银行账[号户]|银行帐[号户]|收款账[号户]"
    r"|[工建农中交招邮]行卡?|邮储|信用社|打款|转账|汇款|退款到|银联|尾号"
)
_LENGTHS: Final = {
    "62": range(16, 20),
    "4": range(16, 17),
    "5": range(16, 17),
    "3": range(15, 17),
    "6": range(16, 20),
    "9": range(16, 20),
}


def has_valid_luhn(number: str) -> bool:
    """Say whether the check digit of a card number is right (ISO/IEC 7812-1, annex B).

    >>> has_valid_luhn("4111111111111111"), has_valid_luhn("4111111111111112")
    (True, False)
    """
    products = [int(digit) * (2 if index % 2 else 1) for index, digit in enumerate(reversed(number))]
    return sum(product - 9 if product > 9 else product for product in products) % 10 == 0


def _check_card(candidate: Candidate) -> Candidate | None:
    """Rate a number by its issuer's lengths and its check digit."""
    number = re.sub(r"\D", "", candidate.value)
    is_unionpay = number.startswith("62")
    lengths = _LENGTHS.get("62" if is_unionpay else number[0], range(0))
    if len(number) not in lengths:
        return candidate.with_confidence(0.3)
    if has_valid_luhn(number):
        return candidate.with_confidence(VALID)
    return candidate.with_confidence(0.5 if is_unionpay and len(number) in {16, 19} else 0.3)


RECOGNIZER: Final = Recognizer(
    type="BANK_CARD",
    shared_hint=LONG_NUMBER,
    patterns=(
        Pattern(
            re.compile(r"(?<![0-9])(?<![0-9][ \-.])[3-69]\d{3}(?:[ \-]?\d){11,15}(?![0-9])(?![ \-]\d)"),
            0.3,
            digits=True,
            check=_check_card,
        ),
        Pattern(
            ignore_case(rf"(?:{_WORDS}|账号|帐号|账户)(?:号码|卡号|号)?{LINK}(?P<value>\d(?:[ \-]?\d){{11,20}})(?!\d)"),
            LABELLED,
            digits=True,
        ),
    ),
    context=(Context(ignore_case(_WORDS), 0.4, before=16, after=8),),
    examples=(
        "退款到⟦6222 0200 0000 0000 003⟧吧",
        "卡号⟦6222020000000000001⟧",  # fails Luhn
        "招行⟦4111111111111111⟧",
    ),
    lookalikes=("序列4111111111111112没有意义", "医保报销比例62.5，押金6000"),
)
