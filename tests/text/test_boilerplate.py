"""What a platform wrote is known, what people say is left alone, and no dose goes with an advert."""

from __future__ import annotations

from collections import Counter

import polars as pl
import pytest

from cmtmed.text.boilerplate import clean_text, is_boilerplate, remove_boilerplate
from cmtmed.text.platform_candidates import find_candidates

PLATFORM = (
    "下载云舟健康APP，三甲名医在线等您。",
    "请关注我们的微信公众号“云舟健康”。",
    "长按识别二维码，领取新人礼包。",
    "首单优惠，限时立减20元！",
    "点击下方链接预约专家门诊。",
    "以上建议仅供参考，不能代替面诊。",
    "本回答仅代表医生个人观点。",
    "系统提示：本次咨询已结束。",
    "本平台为您提供全国签约专家的在线服务。",
)


PEOPLE = (
    "我下载了一个记录血糖的表格。",
    "药的说明书上写着免费咨询电话，打不通。",
    "建议您关注血压变化。",
    "平时在平台期体重不掉。",
    "站久了腿会不会肿？",
    "打折的保健品不要买。",
    "不能代替药物治疗。",
    "孩子扫了一眼就说看不清。",
)


@pytest.mark.parametrize("sentence", PLATFORM)
def test_platform_sentences_are_known(sentence):
    assert is_boilerplate(sentence)


@pytest.mark.parametrize("sentence", PEOPLE)
def test_what_people_say_is_left_alone(sentence):
    assert not is_boilerplate(sentence)


@pytest.mark.parametrize(
    ("sentence", "remaining"),
    [
        ("每次两片，一日三次，更多问题点击链接咨询！", "每次两片，一日三次。"),
        ("阿莫西林每次两片一日三次点击下方链接购买！", "阿莫西林每次两片一日三次。"),
        ("扫码下载APP领取优惠券，阿莫西林每次0.5g。", "阿莫西林每次0.5g。"),
        ("一日三次，以上建议仅供参考。", "一日三次。"),
        ("以上建议仅供参考，一日两次。", "一日两次。"),
        ("体温38.5℃以上吃药，以上仅供参考，多喝水。", "体温38.5℃以上吃药，多喝水。"),
        ("限时优惠，首单立减20元，点击链接！", ""),
        ("三甲名医24小时在线，下载云舟健康APP。", ""),
        ("1. 下载云舟健康APP领取优惠券。", ""),
    ],
)
def test_an_advert_takes_no_dose_with_it(sentence, remaining):
    assert remove_boilerplate(sentence) == remaining
    assert remove_boilerplate(remaining) == remaining


@pytest.mark.parametrize(
    ("text", "reason", "remaining"),
    [
        ("头痛三天[语音 12秒]", "placeholder", "头痛三天"),
        ("头痛三天【处方卡片】", "card", "头痛三天"),
        ("已为您开具处方，请按医嘱服药。", "card", "请按医嘱服药。"),
        ("已为您开具处方，布洛芬每次0.2g。", "card", "布洛芬每次0.2g。"),
        ("您好，很高兴为您服务！头痛多久了？", "greeting", "头痛多久了？"),
        ("您好很高兴为您服务如果确诊高血压应当按时吃药。", "greeting", "如果确诊高血压应当按时吃药。"),
        ("先查血常规。（本次咨询已结束）", "notice", "先查血常规。"),
        ("系统提示：医生已接诊。头痛多久了？", "notice", "头痛多久了？"),
        ("已为您转接至消化内科。胃痛多久了？", "notice", "胃痛多久了？"),
        ("头痛三天，详见病历", "referral", "头痛三天。"),
        ("多喝水，请对我的回复做出评价，谢谢！", "rating", "多喝水。"),
        ("多喝水，医生回复仅供参考。", "disclaimer", "多喝水。"),
        ("多喝水。以上是对“咳嗽怎么办？”这个问题的建议，希望对您有帮助，祝您健康！", "canned", "多喝水。"),
        ("点击咨询，建议您做胃镜", "advert", "建议您做胃镜"),
        ("多喝水。以上只是一些建议，并不能代替医生的诊断。", "disclaimer", "多喝水。以上只是一些建议。"),
        ("系统提示：本次咨询已结束，如有需要请再次发起问诊。多喝水。", "notice", "多喝水。"),
    ],
)
def test_every_removal_has_its_reason(text, reason, remaining):
    removed = Counter()
    assert clean_text(text, removed) == remaining
    assert set(+removed) == {reason}
    assert clean_text(remaining, Counter()) == remaining
    assert find_candidates(pl.Series([text])).platform.tolist() == [True]


@pytest.mark.parametrize(
    "text",
    [
        "过敏史：详见病历",
        "检查结果仅供参考，以复查为准。",
        "感染来源：呼吸道。",
        "需要评价一下心功能。",
        "请耐心等待检查结果。",
        "建议转诊到上级医院。",
        "已为您开具处方：阿莫西林胶囊",
        "保健品不能代替医生的治疗。",
        "热敷只是缓解疼痛的方法，不能代替医生的诊断。",
        "血压计只是辅助工具，并不能代替医生的诊断。",
        "如果您还有其他问题，我会很乐意为您解答。",
        "病灶已转移到肝。",
        "水泡戳破后看看有没有感染。",
        "以上是对“咳嗽3天怎么办”这个问题的建议。",
    ],
)
def test_what_says_something_stays(text):
    removed = Counter()
    assert clean_text(text, removed) == text
    assert not +removed


def test_a_question_quoted_from_the_dialogue_is_not_lost_with_its_quotation():
    text = "多喝水。以上是对“咳嗽3天怎么办”这个问题的建议。"
    assert clean_text(text, Counter(), join_others=lambda: "医生，咳嗽3天怎么办") == "多喝水。"
