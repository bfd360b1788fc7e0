"""QQ: numbers of the messenger and of its groups (扣扣, 企鹅号, Q群)."""

from __future__ import annotations

from typing import Final

from cmtmed.anonymize.recognizer import LABELLED, Candidate, Pattern, Recognizer, compiled

_NAMES: Final = (
    r"(?<![A-Za-z])Q[ ]?Q|叩叩|扣(?=[:：是])|扣扣|抠抠|企鹅|球球|秋秋|蔻蔻|(?:加|\+)我?的?[Qq扣]|Q群|扣群"
    r"|(?<![A-Za-z0-9])Q(?=[号吧是上]"
    r"|[:：]|[ ]?[1-9]\d{6})"
)


def _number(found: Candidate) -> Candidate | None:
    return None if found.after(2).lstrip().startswith("@") else found


RECOGNIZER: Final = Recognizer(
    type="QQ",
    shared_hint=r"(?i)q|[扣抠]|叩叩|企鹅|球球|秋秋|蔻蔻",
    patterns=(
        Pattern(
            compiled(
                rf"(?:{_NAMES})(?:交流|患者|病友)?群?(?:号码?|账号|帐号|ID)?吧?[\s:：=是为,，、(（\"“]{{0,4}}(?:就是)?"
                r"(?P<value>[1-9](?:[ \-]?\d){4,10})(?![0-9A-Za-z%])"
            ),
            LABELLED,
            digits=True,
            check=_number,
        ),
    ),
    examples=(
        "QQ⟦123456789⟧",
        "扣扣：⟦一二三四五六七⟧",
        "企鹅号是⟦87654321⟧",
        "加q⟦2345678901⟧",
        "您加我Q吧，⟦7500000000⟧",
        "病友群 Q群号⟦345678912⟧",
    ),
    lookalikes=("辅酶Q10每天30mg", "QQ邮箱", "QT间期450", "企鹅养了12只"),
)
