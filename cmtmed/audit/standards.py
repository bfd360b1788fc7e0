"""The standards that the privacy statement names, and what this library does and does not do about each.

Sources: 中华人民共和国个人信息保护法 (in force since 2021-11-01), GB/T 35273-2020, GB/T 37964-2019, 45 CFR
164.514(b)(2).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal, NamedTuple

Coverage = Literal["yes", "partly", "no", "absent"]

COVERAGE: Final[Mapping[Coverage, tuple[str, str]]] = {
    "yes": ("looked for", "查找"),
    "partly": ("in part", "部分查找"),
    "no": ("**not looked for**", "**未查找**"),
    "absent": ("does not occur", "不存在"),
}
"""English and Chinese; none of them claims that everything was found."""


class Category(NamedTuple):
    """One of the eighteen identifiers of HIPAA's Safe Harbor.

    Attributes:
        letter: in 45 CFR 164.514(b)(2)(i).
        name: English and Chinese.
        types: identifier types of this library that belong to it.
        coverage: if none of these types is left in the text on purpose.
        note: what is and is not covered, English and Chinese.
        hashed_note: the same where ids are published as keyed hashes, if it differs.
    """

    letter: str
    name: tuple[str, str]
    types: tuple[str, ...]
    coverage: Coverage
    note: tuple[str, str]
    hashed_note: tuple[str, str] | None = None


SAFE_HARBOR: Final = (
    Category("A", ("Names", "姓名"), ("PERSON",), "yes", ("a nickname on its own is not", "单独出现的昵称除外")),
    Category(
        "B",
        ("Geographic subdivisions smaller than a state", "州（省）以下地理区划"),
        ("ADDRESS", "HOSPITAL", "ORG"),
        "partly",
        (
            "the name of a city mentioned in passing stays; postal codes only as part of an address",
            "顺带提到的城市名保留；邮编仅在地址中处理",
        ),
    ),
    Category(
        "C",
        ("Dates except year; ages over 89", "除年份外的日期；89 岁以上年龄"),
        ("DATE", "AGE90"),
        "partly",
        (
            "dates of birth and visits with year and day, and ages of 90 and over; days without a year and months stay",
            "处理带年份到日的出生、就诊日期及 90 岁以上年龄；无年份的日期与月份保留",
        ),
    ),
    Category("D", ("Telephone numbers", "电话号码"), ("PHONE",), "yes", ("public hotlines stay", "公共热线保留")),
    Category("E", ("Fax numbers", "传真号码"), ("PHONE",), "yes", ("treated as telephone numbers", "按电话号码处理")),
    Category("F", ("E-mail addresses", "电子邮箱"), ("EMAIL",), "yes", ("", "")),
    Category(
        "G",
        ("Social security numbers", "社会保障号码"),
        ("ID_CARD",),
        "partly",
        (
            "the resident identity number is the counterpart; those of other countries are not looked for",
            "以居民身份号码对应；其他国家的号码未查找",
        ),
    ),
    Category("H", ("Medical record numbers", "病历号"), ("MRN",), "yes", ("", "")),
    Category("I", ("Health plan beneficiary numbers", "医保、保险号"), ("INSURANCE",), "yes", ("", "")),
    Category(
        "J",
        ("Account numbers", "账号"),
        ("BANK_CARD", "ORDER", "WECHAT", "QQ", "SOCIAL"),
        "yes",
        ("", ""),
    ),
    Category(
        "K",
        ("Certificate and license numbers", "证照号码"),
        ("PASSPORT", "ID_CARD"),
        "partly",
        ("passports and identity cards only", "仅护照与身份证，其他证照未查找"),
    ),
    Category(
        "L",
        ("Vehicle identifiers", "车辆标识"),
        ("PLATE",),
        "partly",
        ("licence plates only, no chassis numbers", "仅车牌，车架号未查找"),
    ),
    Category("M", ("Device identifiers and serial numbers", "设备标识与序列号"), (), "no", ("", "")),
    Category("N", ("Web URLs", "网址"), ("URL",), "yes", ("", "")),
    Category("O", ("IP addresses", "IP 地址"), ("IP",), "yes", ("", "")),
    Category("P", ("Biometric identifiers", "生物识别标识"), (), "absent", ("text only", "仅含文本")),
    Category(
        "Q",
        ("Full-face photographs and comparable images", "正面照片及类似图像"),
        (),
        "absent",
        ("text only; links to pictures count as N", "仅含文本；图片链接按 N 处理"),
    ),
    Category(
        "R",
        ("Any other unique number, characteristic or code", "其他唯一号码、特征或代码"),
        ("ORDER", "WECHAT", "QQ", "SOCIAL"),
        "partly",
        (
            (
                "numbers and accounts; a rare illness, an unusual story, and the record numbers in the columns `id` "
                "and `source_id` stay"
            ),
            "仅号码与账号；罕见病情、特殊经历以及 `id`、`source_id` 列中的来源编号保留",
        ),
        ("numbers and accounts; a rare illness and an unusual story stay", "仅号码与账号；罕见病情与特殊经历保留"),
    ),
)

CHINESE: Final = (
    (
        ("PIPL art. 4", "《个人信息保护法》第四条"),
        (
            (
                "Anonymized information is not personal information. **This dataset is not claimed to be anonymized**: "
                "that is a legal judgement about data, means and context as a whole."
            ),
            "匿名化处理后的信息不属于个人信息。**本数据集不声称已匿名化**：是否构成匿名化须结合数据、手段与场景作法律判断。",
        ),
    ),
    (
        ("PIPL art. 28", "《个人信息保护法》第二十八条"),
        (
            (
                "Medical and health information, and any personal information of children under 14, is sensitive "
                "personal information. Whatever still identifies somebody in this dataset is of that category."
            ),
            "医疗健康信息及不满十四周岁未成年人的个人信息属于敏感个人信息。本数据集中仍可识别个人的内容即属此类。",
        ),
    ),
    (
        ("PIPL art. 51, 73(3)", "《个人信息保护法》第五十一条、第七十三条第三项"),
        (
            (
                "De-identification is a security measure after which nobody can be identified without additional "
                "information; replacing identifiers as listed above aims at this."
            ),
            "去标识化是一项安全技术措施，使个人信息在不借助额外信息的情况下无法识别特定自然人：上表所列处理以此为目标。",
        ),
    ),
    (
        ("PIPL art. 73(4)", "《个人信息保护法》第七十三条第四项"),
        (
            (
                "Anonymization must be irreversible. Consultations that are still on a public site can be found there "
                "by searching for their wording, which no replacement of identifiers prevents."
            ),
            "匿名化要求不能复原。若问诊原文仍在公开网站上，凭其文字即可检索到出处，替换标识符无法阻止。",
        ),
    ),
    (
        ("GB/T 35273-2020, 3.14, 3.15, 6.2, annex B", "GB/T 35273-2020 3.14、3.15、6.2、附录 B"),
        (
            (
                "Relevant here: de-identification before further use (6.2); data stays at the level of the individual "
                "(3.15). Not covered: lawfulness of collection, consent, storage, access control, requests of data "
                "subjects."
            ),
            "对应：使用前去标识化（6.2）；保留个体颗粒度（3.15）。不涉及：收集的合法性、授权同意、存储、访问控制与主体请求。",
        ),
    ),
    (
        ("GB/T 37964-2019", "GB/T 37964-2019"),
        (
            (
                "Written for microdata, that is, structured tables; used here as guidance for free text. Included: "
                "identifying and treating direct identifiers, verification (this audit). Not included: a model of the "
                "re-identification risk from quasi-identifiers (age, sex, place, illness), approval, monitoring."
            ),
            (
                "该指南针对微数据（结构化表格），此处作为自由文本的参考。方法包含：识别与处理直接标识符、验证（即本审计）。不包含：准标识符（年龄、性别、地域、"
                "病情）的重标识风险模型、审批与持续监控。"
            ),
        ),
    ),
    (
        ("GB/T 42460-2023, GB/T 39725-2020", "GB/T 42460-2023、GB/T 39725-2020"),
        ("Not assessed.", "未评估。"),
    ),
)
"""Standards of the People's Republic of China: name and note, English and Chinese."""
