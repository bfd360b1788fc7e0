"""Who speaks, judged by what is said: patients ask, complain and thank; doctors advise, explain and ask back.

The words and their weights are log odds of how often a turn of a doctor and one of a patient contains them, rounded
from counts over several public corpora and pulled together where the corpora differ. A single short turn says little; the mean
over a column says nearly everything.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

# ruff: noqa: E501 (the table below reads best in long lines)

_HEAD: Final = 400
"""Characters of a turn that are looked at."""
_LIMIT: Final = 6.0

_DOCTOR: Final = {
    4.0: "建议你 建议您 建議您 建議你 您的描述 你的描述 您的情况 你的情况 您的情況 据您 据你 不客气 不客氣 祝您 祝你 早日康复 早日康復 我建议 如果您 您可以 指导意见 "
    "意见建议 病情分析 问题分析 总结建议 处理意见 處理意見 请您 请问您 您这个 您這個 您目前 您平时",
    3.0: "你可以 根据 根據 首先 此外 清淡 辛辣 以免 有助于 有助於 对症 對症 遵医嘱 遵醫囑 正规医院 必要时 必要時 均衡 摄入 适量 富含 循环 常见的 是一种 包括 "
    "随时 即可 避免 给您 帮您 您好，请 宝宝多大 多大了 多大年纪 多久了 做过什么检查 有没有做过 过敏史 病史 哪里不舒服 建议",
    2.0: "建議 考虑 考慮 可能是 由于 由於 及时 及時 复查 復查 复诊 復診 积极 保持 注意 不要 口服 一天三次 每日 每天 每次 有没有 有沒有 是否 引起 所致 需要 最好 "
    "可以 应该 属于 建议 治疗 休息 饮食 观察 排除 服用 上传 發來 拍照 化验单 你的 您",
    0.8: "你 如果 比如 等 一般 多喝水",
}  # fmt: skip
_PATIENT: Final = {
    4.0: "谢谢医生 謝謝醫生 谢谢大夫 谢谢您 怎么办 怎麼辦 該怎麼 该怎么 怎么回事 怎麼回事 我想知道 我想问 我想問 想问一下 想咨询 想諮詢 请问医生 医生您好 "
    "医生你好 醫生您好 醫師您好 大夫您好 我最近 我今年 我该 我應該 我应该 我老公 我老婆 我妈 我爸 我孩子 我家 我女儿 我儿子 本人 我的",
    3.0: "最近 前段时间 检查说 医生说 醫生說 一直都 是不是 什么药 能治好吗 严重吗 嚴重嗎 正常吗 有影响吗 有哪些 好几 难受 為什麼 为什么 请问 請問 如何治疗 怎么治 "
    "怎样治 不知道 担心 会不会 會不會 去年 昨天 今天 前天 昨晚 上周 几天了 天了 年了 月了 周了 岁了 怎么 怎麼 怎样",
    2.0: "谢谢 謝謝 一直 感觉 感覺 有点 有點 总是 老是 可是 但是我 今年 年前 晚上 疼 痛 难 我 好的 嗯 没有 沒有 还是 還是 后来 現在 现在 听说 啊 医生 什么 吗",
    0.8: "了 呢 岁 歲 出现 昨 前 ",
}  # fmt: skip


def _compile(weights: dict[float, str]) -> dict[str, float]:
    return {word: weight for weight, words in weights.items() for word in words.split()}


_WEIGHTS: Final = {
    **{word: -weight for word, weight in _compile(_PATIENT).items()},
    **_compile(_DOCTOR),
}
_WORDS: Final = re.compile("|".join(map(re.escape, sorted(_WEIGHTS, key=len, reverse=True))))


def score_voice(text: str) -> float:
    """Return how much a turn sounds like a doctor's (above 0, at most 6) or a patient's (below 0).

    >>> score_voice("建议您清淡饮食，必要时复查") > 0 > score_voice("我最近头痛，请问怎么办？")
    True
    """
    score = sum(_WEIGHTS[word] for word in set(_WORDS.findall(text[:_HEAD])))
    return max(-_LIMIT, min(_LIMIT, score))


def mean_voice(texts: Iterable[str]) -> float:
    """Return the mean of `score_voice` over texts; 0 if there are none."""
    scores = [score_voice(text) for text in texts if text.strip()]
    return sum(scores) / len(scores) if scores else 0.0
