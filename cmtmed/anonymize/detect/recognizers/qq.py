"""QQ: numbers of QQ accounts and groups (扣扣, 企鹅号, Q群)."""

from __future__ import annotations

import re
from typing import Final

from cmtmed.anonymize.detect.recognizer import LABELLED, LIKELY, Candidate, Pattern, Recognizer, ignore_case

_NAMES: Final = (
    r"(?<![A-Za-z])Q[ ]?Q|叩叩|扣(?=[:：是])|扣扣|抠抠|企鹅|球球|秋秋|蔻蔻|(?:加|\+)我?的?[Qq扣]|Q群|扣群"
    r"|(?<![A-Za-z0-9])Q(?=[号吧是上]"
    r"|[:：]|[ ]?[1-9]\d{6})"
)


def _check_distant_number(candidate: Candidate) -> Candidate | None:
    """Reject a number at some distance from its label if another label stands in between, or if it is a mobile."""
    other_label = re.search("电话|手机|微信|邮箱|身份证|号码是1", candidate.match["between"])
    return None if other_label or re.fullmatch(r"1[3-9]\d{9}", candidate.value) else candidate


def _check_number(candidate: Candidate) -> Candidate | None:
    """Reject the beginning of an e-mail address."""
    return None if candidate.text_after(2).lstrip().startswith("@") else candidate


RECOGNIZER: Final = Recognizer(
    type="QQ",
    shared_hint=r"(?i)q|🐧|[扣抠]|叩叩|企鹅|球球|秋秋|蔻蔻",
    patterns=(
        Pattern(
            ignore_case(
                rf"(?:{_NAMES})(?:交流|患者|病友)?群?(?:号码?|账号|帐号|ID)?吧?[\s:：=是为,，、(（\"“]{{0,4}}(?:就是)?"
                r"(?P<value>[1-9](?:[ \-]?\d){4,10})(?![0-9A-Za-z%])"
            ),
            LABELLED,
            digits=True,
            check=_check_number,
        ),
        # QQ上找我就行，12345678: some words may stand in between, but not the label of another number.
        Pattern(
            ignore_case(
                r"(?:(?<![A-Za-z])Q[ ]?Q|扣扣|企鹅"
                r"|🐧)(?P<between>[^0-9A-Za-z。；;\n]{0,10})(?P<value>[1-9]\d{5,10})(?![0-9A-Za-z%元块])"
            ),
            LIKELY,
            digits=True,
            check=_check_distant_number,
        ),
    ),
    examples=(
        "QQ⟦123456789⟧",
        "扣扣：⟦一二三四五六七⟧",
        "企鹅号是⟦87654321⟧",
        "加q⟦2345678901⟧",
        "您加我Q吧，⟦7500000000⟧",
        "QQ上找我就行，⟦750000000⟧",
        "病友群 Q群号⟦345678912⟧",
    ),
    lookalikes=("辅酶Q10每天30mg", "QQ邮箱", "QT间期450", "企鹅养了12只"),
)
