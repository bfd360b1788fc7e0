"""INSURANCE: numbers of social and medical insurance, and of policies."""

from __future__ import annotations

from typing import Final

from cmtmed.anonymize.recognizer import LABELLED, LINK, Candidate, Pattern, Recognizer, compiled

_LABELS: Final = (
    r"(?:医保|社保|社会保障|社会保险|医疗保险|新农合|农合|合作医疗|居民医保|职工医保|参保人?|保险|保单"
    r"|养老保险|公积金|医疗证|生育保险)"
    r"(?:电子凭证|个人)?(?:卡|证|本|单)?(?:个人)?(?:编号|编码|号码|卡号|账号|帐号|号|ID)|(?:医保|社保|农合"
    r"|医疗)[卡证]|保单|个人编号|医保电脑号|电脑号"
)


def _number(found: Candidate) -> Candidate | None:
    return found if sum(char.isdigit() for char in found.value) >= 6 else None


RECOGNIZER: Final = Recognizer(
    type="INSURANCE",
    shared_hint=r"医保|社保|社会保|医疗保险|农合|合作医疗|参保|保险|保单|公积金|医疗[证卡]|个人编号|电脑号",
    patterns=(
        Pattern(
            compiled(
                rf"(?:{_LABELS})(?:号码|号)?{LINK}(?P<value>[A-Z]{{0,6}}-?\d[0-9A-Z]{{4,24}}(?:[- "
                rf"][0-9A-Z]{{2,8}}){{0,4}})(?![0-9A-Za-z])(?!\.\d)"
            ),
            LABELLED + 0.01,
            digits=True,
            check=_number,
        ),
    ),
    examples=(
        "医保卡号⟦0012345678⟧",
        "社保号：⟦110105001234⟧",
        "保单号⟦PA2023001234567⟧",
        "新农合证号是⟦130429001234⟧",
    ),
    lookalikes=("医保报销70%", "医保卡里有2000元", "社保交了15年", "保险公司3年理赔"),
)
