"""EMAIL: addresses with @ or its stand-ins (艾特, at, 圈a), and with 点 or dot in place of the dots."""

from __future__ import annotations

import re
from typing import Final

from cmtmed.anonymize.detect.recognizer import LABELLED, VALID, Pattern, Recognizer, ignore_case

_AT: Final = (
    r"(?:[ ]?@[ ]?|[ ]?艾特[ ]?|[ ]?小老鼠[ ]?|[ ]?圈a[ ]?|[ ]?[(（\[【#][ ]?(?:at|@|艾特)[ "
    r"]?[)）\]】#][ ]?|[ ]at[ ]|(?<=[0-9])at(?=qq|163|126|gmail))"
)
_DOT: Final = r"(?:\.|[ ]?点[ ]?|[ ]?[(（\[]?dot[)）\]]?[ ]?|[ ]?[(（\[][.点][)）\]][ ]?|[ ]?。(?=com|cn|net))"
_LOCAL: Final = r"(?<![A-Za-z0-9._%+\-])[A-Za-z0-9](?:[A-Za-z0-9_%+\-]|\.(?=[A-Za-z0-9])|点(?=[A-Za-z0-9])){0,63}"
_TOP: Final = r"(?:com|cn|net|org|edu|gov|io|me|info|hk|tw|us|uk|jp|de|vip|top|xyz|cc)"
_PROVIDER: Final = r"(?:qq|vip\.qq|163|126|139|189|sina|sohu|yeah|gmail|hotmail|outlook|foxmail|aliyun|icloud|yahoo)"

RECOGNIZER: Final = Recognizer(
    type="EMAIL",
    shared_hint=r"(?i)@|艾特|小老鼠|圈a|[(（\[【#] ?at ?[)）\]】#]| at |[0-9]at",
    patterns=(
        Pattern(
            ignore_case(
                rf"{_LOCAL}{_AT}[A-Za-z0-9\-]{{1,40}}(?:{_DOT}[A-Za-z0-9\-]{{1,40}}){{0,3}}{_DOT}{_TOP}"
                rf"(?![A-Za-z0-9])"
            ),
            LABELLED,
            digits=True,
        ),
        Pattern(ignore_case(rf"{_LOCAL}{_AT}{_PROVIDER}(?![A-Za-z0-9.点])"), VALID, digits=True),
        Pattern(
            re.compile(
                r"(?<![A-Za-z0-9._%+\-])[A-Za-z0-9][A-Za-z0-9._%+\-]{0,63}@"
                r"(?:[A-Za-z0-9\-]{1,40}\.){1,4}[A-Za-z]{2,10}"
            ),
            VALID,
        ),
    ),
    examples=(
        "发到⟦zhang.san@example.com⟧吧",
        "邮箱⟦12345678艾特qq点com⟧",
        "⟦lisi at example dot com⟧",
        "⟦wang_wu(at)163.com⟧",
        "我的qq邮箱：⟦7654321@qq.com⟧。",
    ),
    lookalikes=("请@我一下", "体温38 at night", "血压120@80"),
)
