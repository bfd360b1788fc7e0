"""Dialogues in which the doctor asks early, never and late, and tables with the questions marked."""

from __future__ import annotations

from cmtmed.stages.tag_inquiries import TagInquiries
from tests.support.dialogues import doctor, table, user

ASKS = [
    user("头疼"),
    doctor("多久了？有没有发烧？"),
    user("三天，没有"),
    doctor("建议多休息，先吃布洛芬。"),
    user("好"),
    doctor("嗯。"),
]


TELLS = [user("胃胀"), doctor("建议饭后走一走，少吃甜的。"), user("知道了"), doctor("不客气。")]


LATE = [user("咳嗽"), doctor("先喝水，注意休息。有痰吗？"), user("有"), doctor("什么颜色？")]


def tag_table(*dialogues, **columns):
    rows = table(*dialogues, **columns)
    return rows.with_columns(TagInquiries().apply(rows.select("messages"))["inquiries"])
