"""PERSON: names of patients, relatives and staff; of a surname with a title (王医生), the surname only.

A bare title is no identifier, so that the dialogue keeps reading well. Of a half-hidden name (王某某, 李××) only the
surname is left to be found.
"""

from __future__ import annotations

from typing import Final

from cmtmed.anonymize.detect.recognizer import Recognizer
from cmtmed.anonymize.detect.recognizers.person import introduced, minority_and_latin, titled, unintroduced

RECOGNIZER: Final = Recognizer(
    type="PERSON",
    patterns=(
        *titled.PATTERNS,
        *introduced.PATTERNS,
        *unintroduced.PATTERNS,
        *minority_and_latin.PATTERNS,
    ),
    examples=(
        "⟦王⟧医生您好",
        "上次⟦李⟧主任看过",
        "⟦王建国⟧医生在吗",
        "我叫⟦李秀兰⟧，今年45",
        "患者姓名：⟦张伟⟧",
        "我妈叫⟦赵桂芬⟧",
        "姓名：⟦阿依古丽·买买提⟧",
        "⟦欧阳⟧教授好",
        "我老公⟦张志强⟧住院了",
        "谢谢⟦徐⟧大夫",
        "⟦王建国⟧，男，56岁",
        "带⟦王⟧某某去看病",
        "患者⟦李⟧××，女",
        "我家⟦乐乐⟧（⟦孔令浩⟧）发烧",
        "取药人⟦别春花⟧，明天来",
    ),
    lookalikes=(
        "谢谢医生",
        "和医生沟通",
        "请向医生说明",
        "任何医生都会这样说",
        "高血压，常见病",
        "白术10g，王不留行15g",
        "徐长卿和何首乌",
        "帕金森，唐氏筛查",
        "于医生指导下用药",
        "关于医生的建议",
        "主任医师的号",
        "这张医生开的单子",
        "我叫什么都行",
        "祝医生工作顺利",
        "某某医院的医生",
        "对于某些人",
        "任某一天都行",
    ),
)
