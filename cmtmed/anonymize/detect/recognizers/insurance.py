"""INSURANCE: numbers of social insurance, medical insurance and insurance policies."""

from __future__ import annotations

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
    r"(?:医保|社保|社会保障|社会保险|医疗保险|新农合|农合|合作医疗|居民医保|职工医保|参保人?|保险|保单"
    r"|养老保险|大病保险|商业保险|公积金|医疗证|生育保险)"
    r"(?:电子凭证|个人)?(?:卡|证|本|单)?(?:个人)?(?:编号|编码|号码|卡号|账号|帐号|号|ID)|(?:医保|社保|农合"
    r"|社会保障|市民|医疗|健保)[卡证]|保单|个人编号|医保电脑号|电脑号|健保"
)
_BARE: Final = (
    r"(?:职工|居民|城乡|异地|省|市)?(?:医保|社保|新农合|农合)(?:卡|证|本)?(?:号|卡号)?"
    r"|(?:医保|社保)[^，。,;；0-9]{0,8}(?:卡号|编号|号码)"
)


def _check_digit_count(candidate: Candidate) -> Candidate | None:
    """Accept numbers of six digits or more."""
    return candidate if sum(char.isdigit() for char in candidate.value) >= 6 else None


RECOGNIZER: Final = Recognizer(
    type="INSURANCE",
    shared_hint=r"市民卡|门特|门慢|大病|医保|社保|健保|参保|社会保|医疗保险|农合|合作医疗|参保|保险|保单|公积金|医疗[证卡]|个人编号|电脑号",
    patterns=(
        Pattern(
            ignore_case(
                rf"(?:{_LABELS})(?:号码|号)?{LINK}(?P<value>[A-Z]{{0,6}}-?\d[0-9A-Z]{{1,24}}(?:[- "
                rf"][0-9A-Z]{{2,8}}){{0,4}})(?![0-9A-Za-z])(?!\.\d)"
            ),
            LABELLED + 0.01,
            digits=True,
            check=_check_digit_count,
        ),
        # Without a word for number only a long number counts: 医保70% and 医保2000 are amounts.
        Pattern(
            ignore_case(rf"(?:{_BARE})[\s:：是为]{{0,3}}(?P<value>[A-Z]{{0,4}}\d{{8,20}})(?![0-9A-Za-z])(?!\.\d)"),
            LABELLED,
            digits=True,
        ),
        Pattern(
            ignore_case(
                r"(?:医保|社保|社会保障|社会保险|医疗保险|农合|参保|保单|医疗证|市民卡|门特|门慢|大病)[^0-9A-Za-z。；;，,\n]{0,10}(?:号|卡|证|码|编号|账户|手册)"
                r"[^0-9A-Za-z。；;，,\n]{0,6}(?P<value>[A-Z]{0,4}\d{6,20})(?![0-9A-Za-z元块万])(?!\.\d)"
            ),
            LIKELY,
            digits=True,
        ),
    ),
    examples=(
        "医保卡号⟦0012345678⟧",
        "社保号：⟦110105001234⟧",
        "保单号⟦PA2023001234567⟧",
        "职工医保⟦88100000000⟧，异地备案了",
        "参保号⟦00-7700-0000⟧",
        "新农合证号是⟦130429001234⟧",
    ),
    lookalikes=("医保报销70%", "医保卡里有2000元", "社保交了15年", "保险公司3年理赔"),
)
