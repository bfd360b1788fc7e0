"""SOCIAL: accounts and nicknames on other networks (微博, 抖音, 小红书, Telegram), and bare @mentions."""

from __future__ import annotations

import re
from typing import Final

from cmtmed.anonymize.detect.lexicon.dictionary import is_common_word
from cmtmed.anonymize.detect.recognizer import (
    LABELLED,
    LIKELY,
    LINK,
    Candidate,
    Pattern,
    Recognizer,
    ignore_case,
)
from cmtmed.text.han import HAN

_NETWORKS: Final = (
    r"抖音|抖.?号|抖因|斗音|小红书|小红薯|红薯|快手|微博|围脖|b站|哔哩哔哩|知乎|豆瓣|贴吧|陌陌|探探|soul|推特|twitter|脸书|facebook|instagram|telegram|电报|纸飞机"
    r"|whatsapp|skype|钉钉|支付宝|淘宝|旺旺|视频号|公众号|头条号|今日头条|西瓜(?:视频|号)|飞书|领英|linkedin|tiktok|youtube|discord|github|好大夫|闲鱼|百家号|简书|微视|小地瓜|喜马拉雅|虎扑|全民K歌|得物"
)
# Also laboratory abbreviations (TG, INS): only with an explicit 号, ID or @ are they networks.
_ABBREVIATIONS: Final = r"(?<![A-Za-z])(?:TG|FB|YY|LINE|INS|X)"
_HANDLE: Final = r"@?[A-Za-z0-9][A-Za-z0-9_.\-]{3,29}(?<![.\-])"
_NICK: Final = rf"[A-Za-z0-9_\-{HAN}]{{2,16}}"
_NOT_A_HANDLE: Final = re.compile(
    r"(?i)^(?:app|https?|www|vlog|facebook|twitter|instagram|tumblr|youtube|linkedin|tiktok|telegram|skype|analytics|\d{1,4}|\d+(?:mg|ml|\.).*)$"
)


def _check_account(candidate: Candidate) -> Candidate | None:
    """Reject words and quantities that are no handle."""
    return None if _NOT_A_HANDLE.match(candidate.value) else candidate


def _check_nickname(candidate: Candidate) -> Candidate | None:
    """Reject ordinary words: after 搜 and 关注 they are what somebody searched for, not a user's name."""
    return None if is_common_word(candidate.value) else _check_account(candidate)


def _check_mention(candidate: Candidate) -> Candidate | None:
    """Reject mentions of everybody and of roles."""
    return None if re.search(r"医生|大夫|所有人|全体|我$|你$|大家|客服", candidate.value) else candidate


RECOGNIZER: Final = Recognizer(
    type="SOCIAL",
    shared_hint=rf"(?i){_NETWORKS}|(?:TG|FB|YY|LINE|INS)(?:号|账号|帐号|ID|[:：] ?@)|@|我?网名|昵称|用户名",
    patterns=(
        Pattern(
            ignore_case(
                rf"(?:{_NETWORKS})(?:号码?|账号|帐号|ID|uid|用户名)?(?:搜索?|关注|加)?{LINK}(?P<value>{_HANDLE})(?![A-Za-z0-9_@])"
            ),
            LABELLED,
            digits=False,
            check=_check_account,
        ),
        Pattern(
            ignore_case(rf"{_ABBREVIATIONS}(?:号|账号|帐号|ID)[\s:：是为]{{0,3}}(?P<value>{_HANDLE})(?![A-Za-z0-9_@])"),
            LABELLED,
            check=_check_account,
        ),
        Pattern(
            ignore_case(rf"{_ABBREVIATIONS}[\s:：]{{0,2}}(?P<value>@[A-Za-z0-9_]{{4,30}})(?![A-Za-z0-9_@])"),
            LABELLED,
            check=_check_account,
        ),
        Pattern(
            ignore_case(
                rf"(?:{_NETWORKS})(?:上|里)?(?:的?(?:昵称|账号|帐号|用户名|名字|名|ID|号))?(?:是|叫|为|[:：])?\s?(?P<value>@[A-Za-z0-9_\-]{{4,24}}(?![A-Za-z0-9_\-])|@{_NICK})"
            ),
            LABELLED,
        ),
        Pattern(
            ignore_case(
                rf"(?:(?:{_NETWORKS})(?:上|里)?的?(?:昵称|账号|帐号|用户名|名字|名|ID|号)|网名|(?<![A-Za-z])昵称|用户名)"
                rf"(?:是|叫做?|为|[:：])\s?[\"“「【]?(?P<value>@?(?!(?:什么|啥|多少|哪个|不|我|你)){_NICK})(?=[\"”」】\s,，。;；!！)）(（]|$)"
            ),
            LABELLED,
            check=_check_account,
        ),
        Pattern(
            ignore_case(
                rf"(?:{_NETWORKS})[^0-9A-Za-z。；;，,\n]{{1,8}}(?P<value>(?=[A-Za-z_.]*[0-9_])[A-Za-z0-9][A-Za-z0-9_.]{{4,24}})(?![A-Za-z0-9_@])"
            ),
            LIKELY,
            check=_check_account,
        ),
        Pattern(
            ignore_case(
                rf"(?:{_NETWORKS})(?:上|里)?(?:账号|帐号|号)?(?:名字?叫|叫做?|关注一?下?|搜索?一?下?|ID|昵称|网名)[是叫:：]?\s?[\"“「【]?"
                rf"(?P<value>(?!(?:什么|啥|多少|哪|不|我|你|了|一|到|过|的)|[A-Za-z0-9_.\-]{{4,}}[{HAN}]){_NICK})(?=[\"”」】\s,，。;；!！)）(（]|$)"
            ),
            LABELLED,
            check=_check_nickname,
        ),
        Pattern(
            ignore_case(
                rf"(?:{_NETWORKS})(?:号|账号|ID)?[\s:：]{{1,2}}(?P<value>[{HAN}]{{2,10}}[0-9_]{{1,8}})(?=[\s,，。;；!！)）(（]|$)"
            ),
            LABELLED,
        ),
        Pattern(
            re.compile(
                rf"(?:我的?)?(?:网名|昵称)(?P<value>(?!(?:什么|啥|多少|哪|不|我|你|了|是|叫|为|的|改|和|：|:)){_NICK})(?=[\"”」】\s,，。;；!！)）(（]|$)"
            ),
            LIKELY,
            check=_check_nickname,
        ),
        Pattern(
            re.compile(
                rf"(?<![A-Za-z0-9._@])@(?=[A-Za-z0-9_\-]{{0,8}}[{HAN}])[A-Za-z0-9_\-{HAN}]{{2,16}}(?=[\s:：,，。]|$)"
            ),
            0.55,
            check=_check_mention,
        ),
    ),
    examples=(
        "抖音号：⟦kangfu_2024⟧",
        "微博⟦@小鱼儿爱健康⟧",
        "小红书ID⟦9527886655⟧",
        "我的B站账号叫⟦阿圆日记⟧",
        "TG号 ⟦wang_lao5⟧",
        "Telegram：⟦@lisi_med⟧",
    ),
    lookalikes=("刷抖音看到的", "TG 1.7mmol/L", "INS 12.3", "支付宝付款500", "微博上说", "@医生 在吗"),
)
