"""What a text is about: the service, which is platform text, or the patient's care, which never is.

A frequent sentence is platform text only if it speaks of the service: its parties, its course, its courtesies
(您的资料我已经看过, 希望我的回答能帮到您). As soon as it names the body, an illness, a treatment or a way of life
(注意休息, 忌辛辣) it is medicine, however often it occurs. Two tables decide: phrases of the service, which are looked
up first because some hold the characters of the other (病情描述, 早日康复), and the words and characters of care.
"""

from __future__ import annotations

import re
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from cmtmed.text.canned import QUANTITY
from cmtmed.text.words.word_sets import WordSets

PHRASES: Final = (
    # Courtesies and wishes.
    "身体健康", "早日康复", "尽快康复", "早日恢复健康", "尽快恢复健康", "恢复健康", "康复", "健康", "生活愉快",
    "平安", "幸福",
    "没有关系", "没关系", "不客气", "不用客气", "不用谢", "不要着急", "别着急", "不足之处", "放心", "耐心", "细心",
    "用心", "衷心",
    "真心", "贴心", "关心", "开心", "安心", "诚心", "热心", "热情", "随便", "方便", "便于", "以便", "顺便", "已经",
    "曾经",
    # The consultation and what is handed in for it.
    "病情描述", "病情资料", "病情信息", "病情介绍", "病历资料", "病例资料", "病史资料", "症状描述", "描述的病情",
    "描述的症状",
    "叙述的病情", "叙述的症状", "检查资料", "检验资料", "疾病描述", "病友", "健康咨询", "用药咨询", "在线问诊",
    "问诊", "接诊",
    "面诊", "出诊时间", "坐诊时间", "诊室", "门诊时间", "医疗咨询", "医疗资料", "医药咨询", "健康问题", "疾病问题",
    "图片", "照片",
    "名片", "卡片", "语音", "视频", "热线", "针对", "查看", "查阅", "查收", "点击", "药师", "药房", "医师", "医生",
    "大夫", "病人",
    "患者", "患友", "手机", "心意", "麻烦", "技术", "学术", "互联网医院", "根据您的病情", "根据你的病情",
    "目前的病情", "药品说明",
)  # fmt: skip
"""Phrases of the service that hold characters of care, or are longer than a word of it."""

CARE: Final = (
    # Single characters: body, illness, complaint, food, drugs, procedures.
    *"病症治炎痛疼痒肿癌瘤疹疮疡溃血尿便药食饮吃喝酒烟睡眠术疗诊检孕胎娩乳胃肝肾肺肠脾胆骨肌肤皮腺腔膜眼耳鼻喉咽咳痰喘烧热汗晕"
    "吐泻糖菌毒疫苗针剂敷涂洗擦忌辣腻寒凉伤娠疾肢腿腰颈肩膝牙齿舌嗓胸腹肛痔脑脊瘀衰疲恶癫痫痹麻胀渴饿瘦胖",
    # Words.
    "休息", "歇息", "运动", "锻炼", "卫生", "情绪", "心态", "心情", "压力", "体重", "体质", "护理", "调理", "调养",
    "用量", "口服",
    "外用", "注射", "输液", "保暖", "劳累", "操劳", "熬夜", "过敏", "感染", "加重", "缓解", "好转", "发作", "复发",
    "复查", "随访", "随诊",
    "化验", "彩超", "超声", "核磁", "心电", "拍片", "影像", "功能", "遵医嘱", "医嘱", "医院", "就医", "急诊", "住院",
    "救治", "处理",
    "月经", "经期", "例假", "性生活", "同房", "怀孕", "受孕", "避孕", "遗传", "家族", "营养", "维生素", "蛋白",
    "激素", "抗生素", "免疫",
    "传播", "传染", "心脏", "心慌", "心悸", "心率", "心理", "抑郁", "焦虑", "紧张", "疲", "呼吸", "体温", "生活习惯",
    "作息", "起居", "观察",
    "注意", "留意", "避免", "防止", "预防", "保持", "坚持", "切勿", "手淫", "出院", "发育", "神经", "细胞", "组织",
    "器官", "指标", "正常",
    "异常", "严重", "危险", "副作用", "指征", "诱因", "病因", "原因", "导致", "引起", "考虑", "怀疑", "排除", "可能",
    "属于",
    "诊断", "确诊", "就诊", "复诊", "初诊", "误诊", "诊病", "会诊", "转诊", "训练", "不大", "没问题", "没有问题",
    "没什么问题", "大问题",
    "没事", "要紧", "担心", "害怕", "大碍", "无碍", "良性", "恶性", "不适",
    # Advice, whatever it advises.
    *(f"建议{word}" for word in ("您", "你", "去", "到", "先", "做", "在", "及", "尽", "应", "要", "找",
      "再", "可", "大家", "家长", "孩子")),
    "CT", "MRI", "DNA", "HPV", "HIV",
)  # fmt: skip
"""Words and characters of care; a text that holds one after `PHRASES` were taken out is never platform text."""

CUES: Final = (
    "您好", "你好", "感谢", "谢谢", "多谢", "客气", "祝", "希望", "期望", "高兴", "荣幸", "乐意", "欢迎", "咨询",
    "问诊", "接诊",
    "平台", "服务", "医生", "大夫", "医师", "药师", "客服", "助手", "值班", "科室", "诊室", "回复", "答复", "解答",
    "回答", "答案", "解释",
     "帮助", "帮到", "帮您", "协助", "资料", "信息", "信任", "信赖", "支持", "理解", "配合", "满意", "评价",
    "好评", "关注", "联系", "提问", "问题",
    "疑问", "疑虑", "参考", "描述", "叙述", "陈述", "提供", "稍等", "稍候", "等待", "等候", "耐心", "在线", "系统",
    "订单", "预约", "随时", "告诉",
    "查看", "点击", "对话", "会话", "留言", "消息", "通知", "提示", "提醒", "声明", "转发", "转载", "版权",
    "原创", "来源", "收藏", "公益", "义诊",
)  # fmt: skip
"""Words of the service: a canned sentence holds at least one of them."""

QUESTION: Final = (
    r"[?？]|[吗呢么][\s。！!.”\"』」）)，,：:]*$|请问|多久|多少"
    r"|多大|有没有|是否|是不是|能否|可否|哪[里儿些个种]|怎么|怎样|如何"
)
"""A question, also without its mark."""

_NO_QUESTION: Final = ("有什么问题", "有什么疑问", "有任何问题", "是否满意")
_DEPENDENT: Final = (
    r"^(?:请|就|则|那么?|可以?|再|也|随时|才|这样|以免|以便|并|而|且"
    r"|从而|方|都|应|要|会|将|需要?|必须|能|及时|尽快|及早|由)"
)
"""How a clause begins that depends on the one before."""

_BRANCH: Final = (
    r"[若假除没未非虽但却只仅才勿禁]|如果|不[^客用]|无[^法论]|要是|一旦|的话|因为|由于|为了|尽管|无论|我想|我要"
)
"""A part of a sentence that holds one of these decides what the rest means."""
_PERSONAL: Final = (
    r"我叫|我姓|名叫|姓名|我的名字|本人|我住|家住|住址|身份证"
    r"|电话[是为:：号]|手机[是为:：号]|微信[是为:：号]"
)
"""How people introduce themselves. What identifies a person is left for redaction, which needs it to find the name
again where it stands without an introduction."""
_ORDERED_PHRASES: Final = sorted(PHRASES, key=len, reverse=True)
_PHRASE_CHARACTERS: Final = frozenset("".join(PHRASES))
PLAIN_CARE: Final = tuple(word for word in CARE if _PHRASE_CHARACTERS.isdisjoint(word))
"""Words of care that share no character with a phrase of the service: a text that holds one speaks of care."""
_TOPICS: Final = re.compile("|".join(map(re.escape, _ORDERED_PHRASES)))
_CARE: Final = re.compile("|".join(map(re.escape, CARE)))
_WORDS: Final = WordSets([CUES, PLAIN_CARE, CARE, PHRASES])
_CARE_WORDS: Final = WordSets([CARE])
_QUANTITY: Final = re.compile(QUANTITY)
_QUESTION: Final = re.compile(QUESTION)


def speaks_of_care(text: str) -> bool:
    """Return whether a text names the body, an illness, a treatment, a quantity or a way of life.

    >>> [speaks_of_care(text) for text in ("祝您早日康复", "注意休息", "您的病情描述我看过了", "每次两片")]
    [False, True, False, True]
    """
    return _QUANTITY.search(text) is not None or _CARE.search(_TOPICS.sub(" ", text)) is not None


OPENER: Final = re.compile(
    r"如果|如有|若|假如|要是|一旦|只要|除非|因为|由于|虽然|尽管|无论|不管|即使|当|出现|有[^，,：:]{0,12}(?:时|者|的话)$"
)
"""A clause that leaves its sentence open: the next one cannot go without it."""


def is_question(text: str) -> bool:
    """Return whether a text asks something, also without a question mark.

    >>> [is_question(text) for text in ("多久了", "有什么问题随时联系我", "您是哪里人")]
    [True, False, True]
    """
    for phrase in _NO_QUESTION:
        text = text.replace(phrase, "")
    return _QUESTION.search(text) is not None


def find_service_texts(texts: pl.Series) -> npt.NDArray[np.bool_]:
    """Find the texts that speak of the service, of no person, and of nothing else.

    Args:
        texts: String without nulls.

    Returns:
        A Boolean per text: it holds a cue, asks nothing, and `speaks_of_care` is false.

    >>> find_service_texts(pl.Series(["感谢您的信任", "感谢您的信任，注意休息", "您的病情描述我看过了"])).tolist()
    [True, False, True]
    """
    has_cue, has_plain_care, has_care, has_phrase = _WORDS.mark(texts)
    found: npt.NDArray[np.bool_] = has_cue & ~has_plain_care & (~has_care | has_phrase)
    # Phrases are taken out only where that decides.
    unclear = np.flatnonzero(found & has_care)
    if len(unclear):
        remains = texts.gather(unclear).str.replace_many(_ORDERED_PHRASES, [" "], leftmost=True)
        found[unclear] = ~_CARE_WORDS.mark(remains)[0]
    rows = np.flatnonzero(found)
    text = pl.col(texts.name)
    excluded = (
        text.str.contains(QUANTITY)
        | text.str.replace_many(list(_NO_QUESTION), [""]).str.contains(QUESTION)
        | text.str.contains(_PERSONAL)
    )
    found[rows] = texts.gather(rows).to_frame().select(~excluded).to_series().to_numpy()
    return found


def splits_off_expr(text: pl.Expr) -> pl.Expr:
    """Return whether the rest of a sentence says the same without this part of it."""
    return ~text.str.contains(_BRANCH) & ~text.str.contains(_DEPENDENT)
