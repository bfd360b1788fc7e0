"""Small talk: what people say before they say anything, and the short answers that any patient may give.

A turn of nothing else does not tell one consultation from another: 医生您好, 在吗, 请问一下, 是的, 35岁. The words are
listed in folded form (see `cmtmed.text.folding`), so that neither punctuation nor script matters.
"""

from __future__ import annotations

from typing import Final

import polars as pl

_TITLES: Final = "医生|大夫|医师|主任|教授|老师|专家|护士|客服|亲"
_YOU: Final = f"(?:(?:尊敬|敬爱|亲爱)的)?(?:{_TITLES}|您|你)(?:们|{_TITLES})?"

_BIT: Final = "(?:一|几)?(?:下|些|个|点)?"
_MATTER: Final = "(?:问题|事情|情况|病情|事儿|事|病)?"
_CONSULT: Final = "咨询|请教|询问|问|了解"

GREETINGS: Final = (
    f"(?:{_YOU})?(?:早上|上午|中午|下午|晚上|大家)好(?:啊|呀|哦)?",
    rf"\p{{Han}}{{1,2}}(?:{_TITLES})(?:您|你)?们?好(?:啊|呀)?",
    "早安|晚安|午安|新年好|节日好|新年快乐|节日快乐",
    f"{_YOU}(?:{_YOU})?好(?:啊|呀|哦|呢)?",
    f"(?:请问)?(?:{_YOU}|有人|现在)?在(?:线)?(?:吗|么|嘛|不在线?|不|没)(?:啊|呀)?",
    f"(?:请问)?有(?:没有)?(?:人|{_TITLES})(?:在线?)?(?:吗|么|嘛|不)?",
    "hello|hi|hey|哈喽|哈罗|哈啰|哈咯|嗨|喂|嘿",
    f"(?:不好意思|抱歉|冒昧)?(?:打扰|打搅|麻烦|辛苦|劳驾|拜托)(?:{_YOU})?(?:一下|下|了)?",
    f"(?:非常|十分|多|太|很)?(?:谢谢|感谢|谢)(?:{_YOU})?(?:了|啦)?(?:{_YOU})?",
    "".join(
        (
            "(?:我|就)?(?:是)?(?:想|要|有事|需要)(?:请|向|跟|找)?",
            f"(?:{_YOU})?(?:{_CONSULT}|聊)(?:问)?{_BIT}(?:{_YOU})?{_BIT}{_MATTER}",
        )
    ),
    f"请问(?:一下|下)?(?:{_YOU})?",
    f"(?:请问|{_CONSULT})(?:一|几)?(?:下|些|个|点)(?:{_YOU})?{_BIT}{_MATTER}",
    f"(?:我)?(?:有|还有)(?:一|几|些)?(?:个|点)?(?:问题|事情|事)(?:想|要|需要)?(?:{_CONSULT})?(?:一下|下)?(?:{_YOU})?",
    "".join(
        (
            f"(?:{_YOU})?(?:能不能|可不可以|能|可以)?帮(?:我|忙|一下)?",
            "(?:看看|看|分析|解答|解释)?(?:一下|下)?(?:吗|么|呗|吧)?",
        )
    ),
    f"(?:{_YOU})?(?:现在)?(?:方便|忙|有空|有时间)(?:吗|么|不)",
    "在线等|求助|求解|求教|急急|急",
    f"{_YOU}|啊|呀|哦|嗯|呃|额|那个|就是",
)
"""Greetings, thanks, forms of address, and announcements of a question that follows."""

_NUMERALS: Final = "[0-9零一二两三四五六七八九十百几半多]{1,4}"

REPLIES: Final = (
    "是的|是|对的|对|不是|没有|没|有的|有|好的|好|行|可以|嗯嗯|嗯|哦哦|哦|不知道|知道了|明白了|明白|收到|稍等|等一下",
    "男性|女性|男|女|本人|我本人|自己|我自己|孩子|小孩|宝宝",
    f"(?:今年|年龄)?{_NUMERALS}(?:周)?岁(?:多|半|了)?",
    "".join(
        (
            f"(?:大概|大约|差不多|快|有)?{_NUMERALS}(?:个)?(?:多)?",
            "(?:小时|天|日|周|星期|礼拜|月|年)(?:多|半|左右|了|吧)*",
        )
    ),
    "请?看?(?:一下)?(?:图片|照片|图|语音|视频)(?:如下|在上面)?|如图|如上|如下|见图",
)
"""Answers that fit many questions of a doctor, and references to what is not in the text."""

_SMALL_TALK: Final = "|".join((*GREETINGS, *REPLIES))
_LEADING: Final = f"^(?:{'|'.join(GREETINGS)})+"


def count_content(folded: pl.Series) -> pl.Series:
    """Count the characters of folded texts that are not small talk (UInt32).

    >>> count_content(pl.Series(["医生您好在吗", "我想咨询一下问题", "是的35岁", "您好头痛怎么办"])).to_list()
    [0, 0, 0, 5]
    """
    return folded.str.replace_all(_SMALL_TALK, "").str.len_chars()


def strip_greetings(folded: pl.Series) -> pl.Series:
    """Remove the greetings with which folded texts begin.

    >>> strip_greetings(pl.Series(["医生您好请问感冒吃什么药", "感冒吃什么药"])).to_list()
    ['感冒吃什么药', '感冒吃什么药']
    """
    return folded.str.replace(_LEADING, "")
