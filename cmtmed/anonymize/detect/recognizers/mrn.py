"""MRN: numbers under which a hospital files a patient: records, admissions, examinations, cards, beds."""

from __future__ import annotations

import re
from typing import Final

from cmtmed.anonymize.detect.recognizer import (
    LABELLED,
    LIKELY,
    LINK,
    WEAK,
    Candidate,
    Context,
    Pattern,
    Recognizer,
    ignore_case,
)
from cmtmed.text.han import HAN

_LABELS: Final = (
    r"(?:病案|病历|住院|门诊|急诊|就诊|诊疗|登记|病例|病人|患者|检查|检验|化验|影像|放射|超声|内镜|病理|标本"
    r"|样本|切片|体检|档案|建档|建册|留观|透析|报告单?|申请单?|CT|MRI?|DR|X光|B超|彩超|心电图?|CR)"
    r"(?:检查|就诊|登记)?(?:卡|本|单)?(?:序列|流水|索引)?(?:编号|号码|号|ID)|(?:就诊|诊疗|门诊|健康|一卡通"
    r"|病历)卡(?:卡?号)?|条形?码号?|(?<![A-Za-z])(?:MRN|PID|patient ?id)|登记号|诊号|(?<![A-Za-z])ID号"
)
_NO_BED: Final = r"位|单|垫|被|头|尾|上|边|旁|下|前|铺|架|板|棉|休|罩|品|笠"


def _check_digit_count(candidate: Candidate) -> Candidate | None:
    """Require enough digits to single somebody out; 门诊号23 is a position in a queue."""
    digit_count = sum(char.isdigit() for char in candidate.value)
    return candidate if digit_count >= 4 else candidate.with_confidence(WEAK) if digit_count >= 3 else None


RECOGNIZER: Final = Recognizer(
    type="MRN",
    shared_hint=(
        r"(?i)(?:号|ID|编号|码|卡|MRN|PID)[^。，,]{0,8}[0-9〇零一二三四五六七八九]"
        r"|[0-9一二三四五六七八九十号]\+?\s?床|床(?:号|位号)|病床"
    ),
    patterns=(
        Pattern(
            ignore_case(
                rf"(?:{_LABELS}){LINK}(?:No\.?|#)?[ ]?(?P<value>[A-Z]{{0,5}}-?\d[0-9A-Z]{{0,19}}"
                rf"(?:[-/][0-9A-Z]{{1,12}}){{0,3}})(?![0-9A-Za-z])(?![.]\d)"
            ),
            LABELLED,
            digits=True,
            check=_check_digit_count,
        ),
        Pattern(
            ignore_case(rf"(?:{_LABELS}){LINK}(?P<value>\d{{2,6}}(?:[ ]\d{{2,6}}){{1,4}})(?![0-9A-Za-z.])"),
            LABELLED - 0.05,
            digits=True,
            check=_check_digit_count,
        ),
        Pattern(
            ignore_case(
                r"(?:住院|病案|病历|门诊|就诊|诊疗|体检|检查|检验|化验|病理|影像|标本|登记)[^0-9A-Za-z。；;，,\n]{0,8}(?:号码?|卡|ID|编码)"
                r"[^0-9A-Za-z。；;，,\n]{0,6}(?P<value>[A-Z]{0,4}\d{5,16})(?![0-9A-Za-z元块万])(?!\.\d)"
            ),
            LIKELY,
            digits=True,
            check=_check_digit_count,
        ),
        Pattern(
            ignore_case(
                r"(?:体检|团检|单子|报告|B超|CT|化验|片子|检查|病理|标本|胶片)[^。；;0-9]{0,10}(?:编号|编码|序号)[\s:：是为]{0,3}"
                r"(?P<value>[A-Z]{0,4}\d[0-9A-Z]*(?:-[0-9A-Z]+){0,3})(?![0-9A-Za-z])"
            ),
            LABELLED - 0.1,
            digits=True,
            check=_check_digit_count,
        ),
        Pattern(
            ignore_case(
                rf"(?:病?床号?|床位号?|床号)(?:号码?)?[\s:：是为]{{1,3}}(?P<value>(?:[{HAN}]{{1,3}})?[A-Z]?\+?\d{{1,4}}(?:-\d{{1,2}})?"
                r"|[一二三四五六七八九十]{1,3}号)(?![0-9])(?!\s?[元块天个人张cm])"
            ),
            LABELLED,
        ),
        Pattern(
            re.compile(
                rf"(?<![0-9.第一二三四五六七八九十])(?P<value>(?:加|抢救|抢|监护|"
                rf"\+)?\d{{1,4}}(?:-\d{{1,2}})?\s?号?(?:病)?床)(?!{_NO_BED})"
            ),
            LIKELY,
        ),
        Pattern(
            re.compile(
                rf"(?<![0-9.第一二三四五六七八九十])(?P<value>[一二三四五六七八九十]{{1,3}}号(?:病)?床)(?!{_NO_BED})"
            ),
            LIKELY,
        ),
        Pattern(
            re.compile(
                rf"(?<![0-9.第一二三四五六七八九十])(?P<value>[二三四五六七八九]?十[一二三四五六七八九]?床)"
                rf"(?!{_NO_BED})"
            ),
            WEAK,
        ),
    ),
    context=(
        Context(re.compile(r"有|设|共|开放|编制|增加|不足|规模|张"), -0.3, before=4),
        Context(re.compile(r"病房|病区|住院|护士|楼|科|病室"), 0.1, before=12, after=6),
    ),
    examples=(
        "住院号：⟦0012345⟧",
        "病案号是⟦ZY20230015⟧",
        "我在3楼⟦12床⟧",
        "床号：⟦36⟧",
        "就诊卡号⟦100023456⟧",
        "检查号⟦CT20230506-012⟧",
        "⟦十二号床⟧的家属",
    ),
    lookalikes=("医院有300张床位", "每天卧床8小时", "盖3床被子", "门诊号23", "一床棉被", "住院7天"),
)
