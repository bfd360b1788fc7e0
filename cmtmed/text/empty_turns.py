"""Turns that say nothing: punctuation, what forms and exports write for a missing text, and answers to no question.

One readable table of patterns for Polars, each over a whole turn.
"""

from __future__ import annotations

from typing import Final

_EDGE: Final = r"[\s\p{P}\p{Z}]*"

BLANK: Final = r"^[^\p{L}\p{N}\p{So}+＋±√×]*$"
"""Nothing that could be read: no letter, digit or symbol."""

_MISSING: Final = (
    "空白?|null|nan|nil|undefined|#n/?a|未填写?|未描述|无内容|"
    "暂无(?:内容|描述|回复|回答|数据|信息)|无(?:描述|回复|数据)"
)
MISSING: Final = rf"(?i)^{_EDGE}(?:{_MISSING}){_EDGE}$"
"""What stands for a missing text, whoever is said to have written it."""

_DENIAL: Final = "无|暂无|没有?|没有的|都?没有?过?|均?无|none|no|n/?a"
_SIGNS: Final = r"[^\p{L}\p{N}]+"
DENIAL: Final = rf"(?i)^(?:{_EDGE}(?:{_DENIAL}){_EDGE}|{_SIGNS})$"
"""An answer if a question stands before it, and a placeholder otherwise: 无, 没有, N/A, ++."""

_ACKNOWLEDGEMENT: Final = (
    "嗯+|哦+|噢+|喔+|啊+|额+|呃+|哈+|好+|好的|好滴|好吧|行|可以|是的?|对的?|收到|明白了?|知道了?|ok|okay"
    "|(?:谢谢|多谢|感谢)(?:您|你|了|啦|医生|大夫)*"
)
REPLY: Final = rf"(?i)^{_EDGE}(?:\d{{1,3}}|(?:(?:{_ACKNOWLEDGEMENT}){_EDGE})+){_EDGE}$"
"""An answer or an acknowledgement that says nothing as the first words of a dialogue: 1, 嗯, 好的, 谢谢医生."""

ASKS: Final = (
    r"(?m)[?？吗嘛呢]|有没|有无|是否|能否|[是要能会]不[是要能会]|可不可以|多久|多少|多大|几[天次个年岁月周片粒]"
    r"|哪|什么|啥|怎|如何|[么没否吧不有][\s。.!！~～…，,]*$|描述|补充|提供|告诉|说一?下|说说|[病敏族术育药]史[\s:：]*$"
)
"""A text that may be a question; it is better to keep an answer too many than to lose one."""

YES_OR_NO: Final = (
    r"(?m)[吗嘛]|有没|有无|是否|能否|[是要能会好行对]不[是要能会好行对]|可不可以|[么没否吧不][\s?？。.!！~～…]*$"
)
"""A text that may be a question to which 没有 is an answer."""
