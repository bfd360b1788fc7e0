"""Text that platforms insert into dialogues: adverts, canned disclaimers, placeholders for pictures.

One readable table. A rule is a regular expression over one sentence; what it matches is no part of the consultation.
Rules ask for two pieces of evidence (what is offered, and the call to come and get it), because patients and doctors
speak of apps and accounts too. A clause that names a quantity, such as a dose, is never removed along with an advert or
disclaimer beside it, unless the quantity belongs to the offer (立减20元, 24小时在线).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import pairwise
from typing import Final

from cmtmed.text.canned import has_quantity

PLACEHOLDER: Final = (
    r"[\[【［(（<]\s*(?:图片|照片|图像|表情|动画表情|语音|视频|文件|附件|链接|名片|位置|红包|img|image|pic|photo|emoji|voice|video)"
    r"(?:消息|信息|已过期|\d{0,3})?\s*[\]】］)）>]"
)
"""A placeholder for something that was not text: [图片], 【语音】, (image)."""

ADVERT: Final[tuple[str, ...]] = (
    # An app, a public account or a QR code, and the call to download, follow or scan it.
    r"(?:下载|安装|打开|登录|扫码下载).{0,16}(?:APP|App|app|客户端|小程序)",
    r"(?:APP|App|app|客户端).{0,12}(?:下载|安装|领取|扫码)",
    r"(?:关注|搜索|添加).{0,14}(?:公众号|服务号|订阅号|视频号)",
    r"(?:长按|扫描|扫一扫|识别).{0,10}二维码",
    # An offer: coupons, free consultations, discounts.
    r"(?:领取|赠送|送|抢|享).{0,8}(?:优惠券|代金券|红包|大礼包|体验券)",
    r"(?:限时|首单|新用户|会员).{0,10}(?:优惠|折扣|立减|免费|特价|[0-9]折)",
    r"(?:点击|戳).{0,8}(?:链接|这里|此处|下方|查看|购买|咨询|预约)",
    r"(?:免费|在线|24小时|二十四小时).{0,6}(?:咨询|客服|服务)热线",
    # A platform that speaks of itself.
    r"(?:本|我)(?:平台|网站|站).{0,24}(?:提供|推出|为您|专家|名医|欢迎|签约)",
    r"足不出户.{0,20}(?:问诊|看病|名医|就医)",
    r"(?:评价|好评|打赏|送心意|五星).{0,10}(?:支持|鼓励|一下|哦|谢谢)",
    r"(?:系统|平台)(?:提示|消息|通知|自动回复)[：:]",
    r"(?:本次|此次)(?:咨询|问诊|会话|服务)(?:已|将)(?:自动)?(?:结束|关闭|完成|到期)",
    r"(?:版权所有|未经授权|转载请注明|举报|来源[：:]).{0,30}(?:转载|网|平台|侵权|$)",
)

DISCLAIMER: Final[tuple[str, ...]] = (
    r"(?:以上|上述|本|此)(?:内容|建议|回答|回复|意见|信息|答复|解答|咨询)?.{0,10}仅供参考",
    r"(?:不能|不可|无法|不)(?:代替|替代|取代|作为).{0,14}(?:面诊|当面诊疗|线下就诊|医生诊断|诊断依据|医生的?诊[断治疗]|医嘱|就医)",
    r"(?:仅代表|只代表).{0,6}(?:医生)?个人(?:观点|意见|看法)",
    r"(?:平台|网站).{0,10}不(?:承担|负).{0,10}责任",
)

# A sentence can match a rule only if it holds one of these; looked up for a whole batch at once.
CUES: Final[tuple[str, ...]] = (
    "APP", "App", "app", "客户端", "小程序", "公众号", "服务号", "订阅号", "视频号", "二维码", "优惠", "代金券",
    "红包", "大礼包", "体验券", "折扣", "立减", "免费", "特价", "折", "链接", "点击", "戳", "热线", "平台", "网站",
    "我站", "本站", "足不出户", "评价", "好评", "打赏", "送心意", "五星", "版权", "授权", "转载", "举报", "来源",
    "仅供参考", "代替", "替代", "取代", "作为", "仅代表", "只代表", "系统", "会话", "咨询", "问诊", "服务",
)  # fmt: skip

_ADVERT: Final = re.compile("|".join(ADVERT))
_DISCLAIMER: Final = re.compile("|".join(DISCLAIMER))
_COMMA: Final = re.compile(r"[，,；;]")
_OFFER: Final = re.compile(
    r"元|￥|¥|折|优惠|免费|立减|特价|专家|名医|用户|会员|新人|名额|在线|24小时|全国|全天|平台|网站|热线|电话|客服|问诊|极速|响应"
    r"|准字|https?:|www\.|订单|赠送|正品|包邮|无理由|客户端|[Aa][Pp][Pp]|APP"
)
"""Words of an offer: a clause that holds one names no quantity of a treatment."""

_LIST_NUMBER: Final = re.compile(r"^\s*(?:\d+\s*[.．、:：)）]|[（(]\d+[）)]|[①-⒛])\s*(?!\d)")

_MIN_CHARS_BEFORE_ADVERT: Final = 20
"""An advert takes its whole sentence with it, unless this much was said before it began."""

_MIN_CHARS_BESIDE_DISCLAIMER: Final = 8
"""What a disclaimer leaves of its sentence is kept if it is at least this long."""


def is_boilerplate(sentence: str) -> bool:
    """Return whether a sentence holds an advert or a canned disclaimer.

    >>> is_boilerplate("下载某某健康APP，名医在线。")
    True
    >>> is_boilerplate("建议您下载一个记录血糖的表格。")
    False
    """
    return _ADVERT.search(sentence) is not None or _DISCLAIMER.search(sentence) is not None


def remove_boilerplate(sentence: str) -> str:
    """Remove adverts and disclaimers from a sentence; the result is empty if it holds nothing else.

    >>> remove_boilerplate("建议先查血常规，根据结果再用药，以上建议仅供参考。")
    '建议先查血常规，根据结果再用药。'
    >>> remove_boilerplate("每次两片，一日三次，更多问题点击链接咨询！")
    '每次两片，一日三次。'
    >>> remove_boilerplate("下载某某健康APP，名医在线。")
    ''
    """
    while advert := _ADVERT.search(sentence):
        shortened = _remove_advert(sentence, advert)
        if len(shortened) >= len(sentence):
            break
        sentence = shortened
    while disclaimer := _DISCLAIMER.search(sentence):
        shortened = _remove_disclaimer(sentence, disclaimer)
        if len(shortened) >= len(sentence):
            break
        sentence = shortened
    return sentence


def _remove_advert(sentence: str, advert: re.Match[str]) -> str:
    """Return what an advert leaves of its sentence: what was said at length before it, and every dosage."""
    start = _clause_start(sentence, advert.start())
    before = sentence[:start]
    if start < _MIN_CHARS_BEFORE_ADVERT:
        before = _keep_dosage(before, _ADVERT)
    return _finish(sentence, before, _keep_dosage(sentence[start:], _ADVERT))


def _remove_disclaimer(sentence: str, disclaimer: re.Match[str]) -> str:
    """Return what a disclaimer leaves of its sentence: what was said at length around it, and every dosage."""
    start = _clause_start(sentence, disclaimer.start())
    comma = _COMMA.search(sentence, disclaimer.end())
    end = comma.end() if comma else len(sentence)
    before, after = (
        text if len(text) >= _MIN_CHARS_BESIDE_DISCLAIMER else _keep_dosage(text, _DISCLAIMER)
        for text in (sentence[:start], sentence[end:])
    )
    return _finish(sentence, before, _keep_dosage(sentence[start:end], _DISCLAIMER), after)


def _keep_dosage(text: str, rule: re.Pattern[str]) -> str:
    """Return the clauses that name a quantity that is no part of an offer, up to where the rule matches in each."""
    cuts = [0, *(match.end() for match in _COMMA.finditer(text)), len(text)]
    clauses = []
    for start, end in pairwise(cuts):
        match = rule.search(text[start:end])
        clause = text[start : start + match.start()] if match else text[start:end]
        if has_quantity(_LIST_NUMBER.sub("", clause)) and not _OFFER.search(clause):
            clauses.append(clause)
    return _join(clauses)


def _clause_start(sentence: str, position: int) -> int:
    """Return where the clause around a position begins."""
    return max((match.end() for match in _COMMA.finditer(sentence, 0, position)), default=0)


def _join(clauses: Iterable[str]) -> str:
    """Join clauses, with a comma where one was cut short."""
    text = ""
    for clause in clauses:
        if text and clause and not _COMMA.fullmatch(text[-1]):
            text += "，"
        text += clause
    return text


def _finish(sentence: str, *remains: str) -> str:
    """Join what is left of a sentence, ended by a full stop unless its own end is left."""
    text = _join(remains)
    last = next((clause for clause in reversed(remains) if clause), "")
    if last and sentence.endswith(last):
        return text
    return text.rstrip("，,；; ") + "。" if text else ""
