"""What platforms write into dialogues: adverts, canned disclaimers, placeholders for pictures.

One readable table. A rule is a regular expression over one sentence; a sentence that matches is no part of the
consultation. Rules ask for two pieces of evidence (what is offered, and the call to come and get it), because
patients and doctors speak of apps and accounts too.
"""

from __future__ import annotations

import re
from typing import Final

PLACEHOLDER: Final = (
    r"[\[【［(（<]\s*(?:图片|照片|图像|表情|动画表情|语音|视频|文件|附件|链接|名片|位置|红包|img|image|pic|photo|emoji|voice|video)"
    r"(?:消息|信息|已过期|\d{0,3})?\s*[\]】］)）>]"
)
"""Stands for something that was no text: [图片], 【语音】, (image)."""

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

# A sentence can only match a rule if it holds one of these; looked up for a whole batch at once.
CUES: Final[tuple[str, ...]] = (
    "APP", "App", "app", "客户端", "小程序", "公众号", "服务号", "订阅号", "视频号", "二维码", "优惠", "代金券",
    "红包", "大礼包", "体验券", "折扣", "立减", "免费", "特价", "折", "链接", "点击", "戳", "热线", "平台", "网站",
    "我站", "本站", "足不出户", "评价", "好评", "打赏", "送心意", "五星", "版权", "授权", "转载", "举报", "来源",
    "仅供参考", "代替", "替代", "取代", "作为", "仅代表", "只代表", "系统", "会话", "咨询", "问诊", "服务",
)  # fmt: skip

_ADVERT: Final = re.compile("|".join(ADVERT))
_DISCLAIMER: Final = re.compile("|".join(DISCLAIMER))
_COMMA: Final = re.compile(r"[，,；;]")

_TOLD_CHARS: Final = 20
"""An advert takes its whole sentence with it, unless so much was said before it began."""

_KEPT_CHARS: Final = 8
"""What a disclaimer leaves of its sentence is kept if it is as long as this."""


def is_boilerplate(sentence: str) -> bool:
    """Say whether a sentence holds an advert or a canned disclaimer.

    >>> is_boilerplate("下载某某健康APP，名医在线。")
    True
    >>> is_boilerplate("建议您下载一个记录血糖的表格。")
    False
    """
    return _ADVERT.search(sentence) is not None or _DISCLAIMER.search(sentence) is not None


def without_boilerplate(sentence: str) -> str:
    """Return what is left of a sentence without its adverts and disclaimers; nothing, if it is nothing else.

    >>> without_boilerplate("建议先查血常规，根据结果再用药，以上建议仅供参考。")
    '建议先查血常规，根据结果再用药。'
    >>> without_boilerplate("下载某某健康APP，名医在线。")
    ''
    """
    advert = _ADVERT.search(sentence)
    if advert:
        start = _clause(sentence, advert.start())
        sentence = _ended(sentence[:start]) if start >= _TOLD_CHARS else ""
    while found := _DISCLAIMER.search(sentence):
        start = _clause(sentence, found.start())
        behind = _COMMA.search(sentence, found.end())
        before, after = sentence[:start], sentence[behind.end() :] if behind else ""
        before = before if len(before) >= _KEPT_CHARS else ""
        after = after if len(after) >= _KEPT_CHARS else ""
        sentence = before + after if after else _ended(before)
    return sentence


def _clause(sentence: str, at: int) -> int:
    """Return where the clause begins that holds a place."""
    return max((found.end() for found in _COMMA.finditer(sentence, 0, at)), default=0)


def _ended(told: str) -> str:
    return told.rstrip("，,；; ") + "。" if told else ""
