"""WECHAT: WeChat handles, however the label is disguised (薇信, 卫星, 加V, ➕v, vx)."""

from __future__ import annotations

import re
from typing import Final

from cmtmed.anonymize.detect.lexicon.vocabulary import vocabulary
from cmtmed.anonymize.detect.recognizer import LABELLED, LIKELY, Candidate, Pattern, Recognizer, ignore_case

_NAMES: Final = (
    r"[微薇威徽]\s?[❤♥♡]?\s?信|v信|w信|[V微薇威徽]\s?[❤♥♡]|(?<![A-Za-z])v[心芯我]|[薇微威][心芯]|绿泡泡|卫星|wechat|weixin"
    r"|(?<![A-Za-z])(?:wx|vx|wxh|vxin|v ?x)(?![A-Za-z_]{3})"
)
_ADD: Final = r"(?:加|\+)个?我?的?(?:v信|vx|v(?!it)|[薇微威]信?)"
_LINK: Final = (
    r"(?:号码?|账号|帐号|ID|名|搜索?|查找|扫)?[\s:：=是为,，、(（\"“【\[→]{0,4}(?:就是|也是)?[\s:：=\"“]{0,2}"
)
_NOT_A_HANDLE: Final = frozenset(vocabulary("wechat weixin app http https www qq wifi pdf doctor hello ok"))


def _check_handle(candidate: Candidate) -> Candidate | None:
    """Reject plain words without a colon, and numbers that are said to be telephone and handle at once."""
    value = candidate.value
    if value.lower() in _NOT_A_HANDLE or candidate.text_after(1) == "@":
        return None
    text_before = candidate.canonical.text[: candidate.match.start()][-8:]
    if re.search(r"(?:手机|电话|同号)[号码/、和与及跟或\s&]{0,3}$", text_before):
        return None
    is_linked = re.search(r"号|[:：=是]|ID", candidate.match[0][: -len(value)])
    return candidate if is_linked or re.search(r"[0-9_\-]", value) else None


def _check_distant_handle(candidate: Candidate) -> Candidate | None:
    """Reject a handle at some distance from its label if words of another subject stand in between."""
    other_subject = re.search(
        "支付|付款|转账|公众号|小程序|视频号|抖音|快手|微博|小红书|QQ|邮箱|挂号|群|报告", candidate.match["between"]
    )
    return None if other_subject else _check_handle(candidate)


RECOGNIZER: Final = Recognizer(
    type="WECHAT",
    shared_hint=(
        r"(?i)微.{0,3}信|[微薇威徽][:： ]?[a-z]|[薇威徽vw].{0,2}信|(?:v|[微薇威])[心芯]|v我|[我她他您]的?v|❤|♥|绿泡泡"
        r"|卫星|wechat|weixin|wx|v ?x|(?:加|\+)个?我?的?[v薇微威]"
        r"|v[:：]|wxid_"
    ),
    patterns=(
        Pattern(
            ignore_case(
                rf"(?:(?:{_NAMES})|{_ADD}){_LINK}(?P<value>[A-Za-z][-_A-Za-z0-9]{{4,19}}"
                rf"|[A-Za-z](?:[ ][A-Za-z0-9_]){{5,19}}|[0-9](?:[ \-]?[0-9]){{4,11}})(?![-_A-Za-z0-9@])"
            ),
            LABELLED,
            digits=True,
            check=_check_handle,
        ),
        Pattern(
            ignore_case(
                r"(?<![A-Za-z0-9.])v[:：]\s?(?P<value>[A-Za-z][-_A-Za-z0-9]{5,19}"
                r"|1[3-9]\d{9})(?![-_A-Za-z0-9@])"
            ),
            LABELLED,
            digits=True,
        ),
        Pattern(
            ignore_case(
                r"(?:[薇微威徽]|[我她他您]的?v)[:：\s]?(?P<value>(?=[-_A-Za-z]*[0-9])[A-Za-z][-_A-Za-z0-9]{5,19})(?![-_A-Za-z0-9@])"
            ),
            LABELLED,
            check=_check_handle,
        ),
        Pattern(
            ignore_case(
                r"(?<![-_A-Za-z0-9@])(?P<value>(?=[-_A-Za-z]*[0-9])[A-Za-z][-_A-Za-z0-9]{5,19})"
                r"(?:\+|加|\s)?(?:这个|我的?|是我的?)?(?:(?<=[^A-Za-z0-9_-])v信?|[微薇]信?)(?![-A-Za-z0-9信])"
            ),
            LIKELY,
            hint=r"(?i)[0-9a-z_](?:\+|加| )?(?:这个|我的?|是我的?)?(?:[^a-z0-9_-]v|[微薇])",
        ),
        # 微信找我就行，abc_12345: some words may stand between the network's name and an unmistakable handle.
        Pattern(
            ignore_case(
                r"(?:[微薇威]信|wechat|(?<![A-Za-z])vx)(?P<between>[^0-9A-Za-z。；;\n]{1,10})"
                r"(?P<value>(?=[-_A-Za-z]*[0-9_])[A-Za-z][-_A-Za-z0-9]{5,19})(?![-_A-Za-z0-9@.])"
            ),
            LIKELY,
            check=_check_distant_handle,
        ),
        Pattern(re.compile(r"(?:(?<![A-Za-z0-9])|(?<=[vw]x)|(?<=[VW]X))wxid_[a-z0-9]{6,20}"), LIKELY + 0.2),
    ),
    examples=(
        "加我微信⟦zhang_san88⟧",
        "薇信号：⟦lisixiaolu⟧",
        "加V⟦wangwu2024⟧聊",
        "卫星⟦abc12345⟧",
        "我的vx是⟦yy-520520⟧",
        "➕v ⟦doctor_li01⟧",
        "微信⟦13800138000⟧",
    ),
    lookalikes=("可以用微信支付", "卫星云图2024", "微信同号", "微信 App 里挂号", "v1leads和V5导联"),
)
