"""What a platform wrote is known, what people say is left alone, and no dose goes with an advert."""

from __future__ import annotations

import pytest

from cmtmed.text.boilerplate import is_boilerplate, remove_boilerplate

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
        ("体温38.5℃以上吃药，以上仅供参考，多喝水。", "体温38.5℃以上吃药。"),
        ("限时优惠，首单立减20元，点击链接！", ""),
        ("三甲名医24小时在线，下载云舟健康APP。", ""),
        ("1. 下载云舟健康APP领取优惠券。", ""),
    ],
)
def test_an_advert_takes_no_dose_with_it(sentence, remaining):
    assert remove_boilerplate(sentence) == remaining
    assert remove_boilerplate(remaining) == remaining
