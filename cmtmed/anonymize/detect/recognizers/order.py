"""ORDER: numbers of purchases, deliveries, bookings, prescriptions and receipts."""

from __future__ import annotations

import re
from typing import Final

from cmtmed.anonymize.detect.recognizer import (
    LABELLED,
    LIKELY,
    LINK,
    Candidate,
    Pattern,
    Recognizer,
    ignore_case,
)

_LABELS: Final = (
    r"(?:订单|快递|运单|物流|邮件|包裹|流水|交易|支付|缴费|退款|退费|收费|预约|挂号|取号|处方|医嘱|发票|收据"
    r"|票据|咨询单?|问诊|服务单?|工单|售后)"
    r"(?:凭证|序列|流水)?单?(?:编号|号码|号|码|ID)|单号|(?:取件|取药|核销|验证|就诊|取号|预约)码|order "
    r"?(?:no\.?|number|id)"
)


def _check_digit_count(candidate: Candidate) -> Candidate | None:
    """Accept numbers of four digits or more."""
    return candidate if sum(char.isdigit() for char in candidate.value) >= 4 else None


_CARRIERS: Final = (
    r"订单|快递|运单|圆通|中通|申通|韵达|顺丰|极兔|百世|邮政|EMS|德邦|京东|淘宝|天猫|拼多多|美团|饿了么|菜鸟|单号"
)


def _check_unlabelled(candidate: Candidate) -> Candidate | None:
    """Without a word for number, accept long numbers only, and no telephone number."""
    digits = re.sub(r"\D", "", candidate.value)
    is_phone = len(digits) == 11 and digits.startswith("1") and digits == candidate.value
    return None if len(digits) < 8 or is_phone else candidate


RECOGNIZER: Final = Recognizer(
    type="ORDER",
    shared_hint=(
        r"(?i)(?:号|码|ID|order).{0,8}[0-9〇零一二三四五六七八九]|(?:SF|YT|JD|ZTO|YD|STO|EMS"
        r"|JT)[A-Z]{0,3}[0-9]{10}"
    ),
    patterns=(
        Pattern(
            ignore_case(
                rf"(?:{_LABELS}){LINK}(?:No\.?|#)?[ ]?(?P<value>[A-Z]{{0,8}}-?\d[0-9A-Z]{{2,29}}"
                rf"(?:-[0-9A-Z]{{1,20}}){{0,4}})(?![0-9A-Za-z])(?!\.\d)"
            ),
            LABELLED,
            digits=True,
            check=_check_digit_count,
        ),
        Pattern(
            ignore_case(rf"(?:{_LABELS}){LINK}(?P<value>\d{{2,6}}(?:[ ]\d{{2,6}}){{1,5}})(?![0-9A-Za-z.])"),
            LABELLED - 0.05,
            digits=True,
            check=_check_digit_count,
        ),
        Pattern(
            ignore_case(
                rf"(?:{_CARRIERS})(?:快递|速递|快运|速运|物流|包裹|订单|单|的|号|上|里|买的){{0,3}}[\s:：是为，,]{{0,2}}"
                r"(?P<value>[A-Z]{0,4}[ \-]?\d(?:[ \-]?[0-9A-Z]){7,25})(?![0-9A-Za-z])(?!\.\d)"
            ),
            LABELLED,
            digits=True,
            check=_check_unlabelled,
            hint=rf"(?i)(?:{_CARRIERS}).{{0,8}}[0-9]",
        ),
        Pattern(
            re.compile(r"(?<![0-9A-Za-z])(?:SF|YT|JDV?[A-Z]{0,2}|ZTO|YD|STO|JT)\d{10,15}(?![0-9A-Za-z])"),
            LIKELY,
        ),
    ),
    examples=(
        "订单号：⟦202305061234567⟧",
        "快递单号⟦SF1234567890123⟧",
        "预约号⟦A10293⟧",
        "处方编号是⟦RX2023-0099⟧",
        "发票号码⟦01234567⟧",
        "圆通快递⟦YT 2200 0000 0000⟧",
        "淘宝订单⟦3300000000000000000⟧的护膝",
    ),
    lookalikes=("预约号已满", "单号日期限行", "挂号费50元", "订单3天没发货"),
)
