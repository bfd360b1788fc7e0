"""What an inquiry asks for, by the words it holds; the first slot whose words occur wins."""

from __future__ import annotations

import re
from typing import Final

_WORDS: Final[tuple[tuple[str, str], ...]] = (
    ("allergy", r"过敏(?!性|科)"),
    (
        "demographics",
        r"多大(?:了|年龄|年纪|岁|$|[?？])|年龄|几岁|多少岁|年纪|性别|男[的孩性]?还是女|身高|体重|多重|多高|什么职业|职业|做什么工作|民族|结婚|已婚|几个月大|多大的?(?:孩子|宝宝)|(?:孩子|宝宝|您|你|患者)多大",
    ),
    (
        "duration",
        r"多久|多长时间|多少时间|几天(?!一次)|多少天|几个月|几年|多少年|几周|(?:什么|啥)时候(?:开始|出现|发现|得|起)|何时|从(?:什么|啥)时候|持续(?:时间|了)|病程|几小时",
    ),
    (
        "exam",
        r"检查|化验|报告|CT|ct|B超|b超|彩超|超声|核磁|磁共振|MRI|X光|x光|片子|拍片|胃镜|肠镜|血常规|尿常规|便常规|指标|结果|心电图|照片|图片|拍[张个照]|发[张图]|舌苔|血压多少|血糖多少|血压高|体温多少|多少度|几度|病理|活检|量(?:过)?(?:血压|体温|血糖)|测",
    ),
    ("medication", r"药|治疗(?!$)|打过?针|输液|点滴|服用|剂量|注射|用过|吃过|擦|涂|抗生素|激素|疫苗|处理过"),
    (
        "history",
        r"病史|以前|既往|之前|曾|家族|遗传|得过|患过|手术|外伤|受伤|怀孕|月经|末次|停经|例假|基础病|慢性病|传染|高血压(?:吗|、|，|或)|糖尿病(?:吗|、|，|或)|接触|家里人|父母|流产|生育|几胎|性生活史|诊断",
    ),
    (
        "lifestyle",
        r"饮食|吃(?:了|的)?(?:什么|啥)|吃饭|睡眠|睡(?:得|觉)|熬夜|抽烟|吸烟|喝酒|饮酒|烟酒|运动|锻炼|作息|压力|工作|习惯|性生活|同房|辛辣|喝水|生活|喂养|母乳|奶粉|久坐|护肤|化妆",
    ),
    (
        "symptom",
        r"疼|痛|痒|烧|热|咳|痰|吐|恶心|拉|泻|便|血|肿|红|晕|麻|哪里|部位|症状|感觉|不舒服|不适|颜色|分泌物|味|出汗|乏力|食欲|胃口|胀|酸|鼻|喘|气|疹|皮|硬|包|块|脱|掉|尿|异常|反应|表现|加重|缓解|好转|严重|程度|性质|规律|情况|怎么(?:了|样|回事|个)|发作|抽搐|精神|心慌|头|眼|耳|嗓|喉|胸|腹|腰|腿|脚|手",
    ),
)
_COMPILED: Final = tuple((slot, re.compile(pattern)) for slot, pattern in _WORDS)


def slot_of(asked: str) -> tuple[str, str]:
    """Return the slot of an asking clause and the word that decided (empty for ``other``).

    >>> slot_of("对什么药过敏吗")
    ('allergy', '过敏')
    """
    for slot, pattern in _COMPILED:
        found = pattern.search(asked)
        if found:
            return slot, found.group()
    return "other", ""
