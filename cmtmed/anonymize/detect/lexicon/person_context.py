"""Words around names: titles, labels and roles that introduce a name, and words that only look like one."""

from __future__ import annotations

from typing import Final

from cmtmed.anonymize.detect.lexicon.alternation import alternation
from cmtmed.anonymize.detect.lexicon.vocabulary import vocabulary

TITLES: Final = vocabulary("""
    主任医师 副主任医师 主治医师 住院医师 副主任 主任 主治 医生 医师 大夫 护士长 护士 教授 副教授 院长 科长 所长
    专家 老师 先生 女士 小姐 太太 夫人 阿姨 叔叔 大爷 大妈 大叔 大伯 大姐 大哥 大娘 大嫂 奶奶 爷爷 婆婆 伯伯
    老太太 老先生 老爷子 老奶奶 老爷爷 老师傅 师傅 同学 同志 药师 技师 博士 经理 书记 校长 处长 局长 警官 律师
    校医 村医 教练 店长 主管 营养师 治疗师 咨询师 师兄 师姐 护理 护师 护工 护理员 技术员 助理 秘书 老板 老板娘 班长
    队长 组长 站长 婶婶 姨妈 大婶 伯母 伯父 姑娘 先森 小朋友 宝宝妈妈 二叔 三叔 二哥 三哥 二姐 三姐 大舅 二舅 二爷
    三爷 二伯 三伯 老伯 老汉 检验师 麻醉师 研究员 规培 医助 郎中
    """)
SHORT_TITLES: Final = "姐|哥|叔|姨|总|嫂|伯|婶|工|老"
"""Alternation of titles of one character; each is little evidence."""
LABELS: Final = alternation(
    [
        *(
            f"{owner}{label}"
            for label in ("姓名", "名字")
            for owner in vocabulary("患者 病人 就诊人 患儿 家长 家属 孩子 宝宝 医生 我的 我 本人 真实 开户")
        ),
        *(
            f"{signer}{label}"
            for label in ("签名", "签字", "签章")
            for signer in vocabulary("患者 病人 家属 医生 医师 本人 责任")
        ),
        *vocabulary("""
            委托人 受托人 取药人 驾驶人 收款人 付款人 投保人 被保险人 申请人 代办人 陪护人 陪诊人 担保人 报案人
            法定代理人 申请者 取件人 订货人 下单人 报告人 登记人 介绍人 被监护人 手术者 器械护士 巡回护士
            姓名 名字 联系人 紧急联系人 收件人 收货人 寄件人 持卡人 户名 开户名 监护人 就诊人 曾用名 经办人 签名
            签字 署名 落款 参保人 户主
            """),
        *(
            f"{duty}{profession}"
            for profession in ("医生", "医师")
            for duty in vocabulary("主治 主管 经治 接诊 报告 审核 检查 送检 开单 首诊 麻醉 主刀 主诊 管床")
        ),
        *vocabulary("责任护士 主刀 术者 麻醉师 审核者 审核人 报告者 检查者 检验者 操作者 记录者"),
    ]
)
"""Alternation of labels that are followed by a colon or a verb and then a name."""
ROLES: Final = "家属|患者|病人|患儿|医生|大夫|护士|病号|医师"
"""Alternation of labels that are also headings (患者：), so that only a real surname counts after them."""
ACTIVITIES: Final = frozenset(("护理", "助理", "研究员"))
"""Titles that are activities too: 晏护理 is a person, 周护理 is a week of nursing."""
PHYSICIANS_OF_HISTORY: Final = frozenset(
    vocabulary("""
        张仲景 张景岳 孙思邈 李时珍 叶天士 朱丹溪 李东垣 王清任 吴鞠通 皇甫谧 张锡纯 陈修园 傅青主 刘完素 张子和 钱乙
        王叔和 葛洪 陶弘景 吴又可 薛己 徐灵胎 陈无择 许叔微 李中梓 汪昂 喻嘉言 程国彭 王孟英 费伯雄 唐容川 屠呦呦
        钟南山 林巧稚 白求恩 南丁格尔
        """)
)
"""Physicians of history: they are cited for their methods and are nobody's doctor."""
DRUGS_LIKE_NAMES: Final = frozenset(
    vocabulary("""
        谷维素 马应龙 康利爽 石楠叶 甘利欣 万艾可 葛根素 贺普丁 罗米芬 马来丁 安宫丸 邦迪安 毕奇金 孟鲁司 方达珂
        金施尔 金双歧 丁桂儿
        """)
)
"""Brands and substances whose name begins with a surname."""
ENGLISH_SYLLABLES: Final = frozenset(
    vocabulary("he she me ma ge ye you long man pan fan tan can wan men pin sun song wen an fang")
)
"""English words that are also syllables of pinyin."""
NO_LATIN_NAMES: Final = frozenset(
    vocabulary("App Wifi Vip Hello Hpv Covid Ct Mri Doctor Chat Gpt Ios Android Apple Plus Pro The This")
)
"""Capitalized words that are no given name."""
