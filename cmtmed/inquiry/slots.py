"""What an inquiry asks for, by the words it holds; the first slot whose words occur wins.

The order is that of how much a word tells: 多久 asks for a duration whatever else is said, 疼 is a symptom only if the
clause names no examination, drug or earlier illness.
"""

from __future__ import annotations

import re
from typing import Final

_WORDS: Final[tuple[tuple[str, str], ...]] = (
    ("allergy", r"(?<!抗)过敏(?!性|科)  禁忌的?药  药物?禁忌"),
    (
        "demographics",
        r"""
        (?<!块有)(?<!节有)(?<!瘤有)(?<!口有)(?<!包有)多大(?:了|啦|年龄|年纪|岁|$|[?？])  多大的?(?:孩子|宝宝)
        (?:孩子|宝宝|您|你|患者)多大  几个月大  年龄  几岁  多少岁  周岁  岁数  月龄  年纪  生日  出生(?:年月|日期)
        性别  男[的孩性]?还是女  女[的孩性]?还是男  男女  男孩[?？吗还]  女孩[?？吗还]  男性还是女性  女性还是男性
        身高  体重  多重  多少斤  多少公斤  几斤  (?<!血压)(?<!血糖)(?<!体温)(?<!度数)多高
        职业  做什么工作  什么工作  几年级  民族  结婚  已婚  婚否
        """,
    ),
    (
        "duration",
        r"""
        多久  多长  多少时间  (?<![这那前后近过])几[天年周](?!级)  几个(?:月|星期|礼拜|小时)  几小时  多少[天年]
        几号  哪[天年]  哪一[天年]
        (?:什么|啥)时候(?:开始|出现|发现|得|起)  从(?:什么|啥)时候  (?:什么|啥)时间  何时  多会儿?
        (?:早|最早|开始|出现|发现|发病|患病|确诊|持续|末次)[^，。、]{0,6}(?:时间|日期)  时间(?:长|多|[?？]|吗|$)
        持续(?:时间|了)  病程  频率  频繁(?:吗|么|不|[?？])  间隔  经常(?:吗|么|发作|出现)  才有的  才出现  才开始
        (?:一天|每天|一周|每周|每月|一个月|一年|晚上|夜里)[^，。]{0,6}(?:几|多少)次  (?:几|多少)次[?？。]*$
        """,
    ),
    (
        "history",
        r"(?:治疗|得|患|看)(?:的是|的)?(?:什么|啥|哪种|哪些)(?:疾)?病  确诊(?![^，。]{0,6}(?:检查|报告|结果))",
    ),
    (
        "exam",
        r"""
        检查  化验  验[尿血孕光]  单子  肝功能?  肾功能?  甲功  肺功能  肿瘤标志  报告  结果  指标  数值  数据
        CT|ct  [Bb][超型]  彩超  超声  核磁|磁共振|MRI  [Xx][光线]  片子  拍片  胃镜|肠镜|喉镜|宫腔镜  造影  心电图
        脑电图  骨密度
        血常规|尿常规|便常规|常规  病理  活检  穿刺  抽血  筛查  体检  皮试  试纸  测  激素(?:水平|六项)  六项
        抗体  抗原
        (?<![高低])血压(?!高[?？吗么、或])  (?<![高低])血糖(?!高[?？吗么、或])  血压[高低]  血脂  转氨酶  肌酐
        尿蛋白  病毒(?:载)?量  体温多少  多少度  几度
        心率  脉搏  胎心  孕酮  (?:hcg|HCG)  视力  度数  舌苔  分型  分期  级别  阴性  阳性
        (?<!血)管扩张  盂扩张  积水  积液  腹水  占位  钙化  增厚
        照片  图片  拍[张个照]  发[张图]  发(?:给我|来|过来)  给我看
        量(?:过)?(?:血压|体温|血糖)  查[过了]  没查  怎么发现  方式发现
        看过(?:医生|大夫)  就诊过  就过诊  去(?:过)?医院  看过[^，。]{0,4}科
        """,
    ),
    (
        "medication",
        r"""
        药  效果  疗效  益生菌  治疗(?!$)  打过?针  输液  点滴  吊针  挂水  服用  口服  外用  剂量  注射  用过
        吃过  擦  涂  抹  敷
        抗生素|消炎|激素  膏  剂  胶囊  颗粒(?!感)  [一-龥]丸  喷雾  胰岛素  头孢  沙星  西林  沙坦  地平  他汀  拉唑
        处理过  停药  换药  几片  几粒  怎么治  治过  尝试过  采取过?  什么(?:方法|办法|措施)  化疗  放疗  疗程
        康复训练  理疗  针灸  避孕(?:药|措施)  保健品  叶酸  维生素
        """,
    ),
    (
        "history",
        r"""
        第一次  头一次  初次  首次  复发过  发作过  病史  疾病史  医疗史  确诊  诊断  老毛病
        有没有[^，。]{0,8}病(?:吗|么|呢|$|[?？])
        (?:其他|其它|别的)(?:的)?(?:基础|慢性|确认|确定)?[^，。]{0,4}疾?病  什么疾?病
        过去  以前  既往  之前  曾  类似的?(?:情况|症状|经历)  得过  患过  痔
        家人  亲戚  家族  遗传  家里人  父母  先天  早产  足月
        手术(?!(?:之|以)?后)  动过刀  外伤  受伤  受过  骨折  摔  撞  扭  碰[到伤]  被[^，。]{0,4}咬  诱因
        怀孕|孕周|备孕|几胎|生育|流产|人流|生过|剖腹|剖宫|顺产|哺乳|上环|取环
        月经|末次|停经|例假|绝经|痛经|经量|经期|周期  性生活史
        基础病  慢性病  传染  高血压(?:吗|、|，|或|病|$|[?？])  血压高(?:吗|么|、|或|[?？])
        糖尿病(?:吗|、|，|或|$|[?？])  血糖高(?:吗|么|、|或|[?？])
        心脏病  冠心病  乙肝  结核  住过院  住院  输血  接种  疫苗  接触  去过[^，。]{0,6}(?:地区|疫区)
        """,
    ),
    (
        "lifestyle",
        r"""
        饮食  营养  水果  蔬菜  喝水  水喝  吃[得的](?:好|多|少|怎)  吃(?:了|的)?(?:什么|啥)  吃饭  饭后吃  辛辣
        油腻  咖啡  浓茶  上火
        喂养  母乳  奶粉  牛奶  辅食  挑食  零食  偏食  减肥  节食  口味
        刷牙  牙线  漱口  防晒  清洁  护肤  化妆  眼霜  护发  洗  保暖  湿度
        作息  睡眠  睡(?:得|觉)  熬夜  休息(?:好|得)  抽烟|吸烟  喝酒|饮酒  烟酒  运动  锻炼  压力  工作  上班
        加班  劳累  习惯  生活
        性生活  同房  久坐  用眼  手机  电脑  姿势  枕头  鞋  环境  宠物  装修  户外  娱乐  心情
        """,
    ),
    (
        "symptom",
        r"""
        困扰  情绪  急躁  易怒  焦虑  休息  持续性  间断  阵发  流口水  多大  大小  正常
        疼|痛|痒|烧|热|咳|痰|吐|恶心|拉|泻|便|血|肿|红|晕|麻(?!烦)|胀|酸|喘|气|疹|皮|硬|包|块|脱|掉|尿|味
        哪里  部位  症状  感觉  不舒服  不适  颜色  分泌物  出汗  乏力  食欲  胃口  异常  反应  表现  加重  缓解  好转
        严重  程度  性质  规律  情况  怎么(?:了|样|回事|个)  发作  抽搐  精神  心慌  白带
        头|眼|耳|鼻|嗓|喉|胸|腹|腰|腿|脚|手
        """,
    ),
)
"""Slot and the patterns of its words, set apart by white space; history is there twice: 什么病 outweighs the rest."""
_COMPILED: Final = tuple((slot, re.compile("|".join(words.split()))) for slot, words in _WORDS)


_SYMPTOMS: Final = re.compile(
    "^[^，。]{0,14}(?:的|什么|哪些|其他)?症状(?!.{0,3}(?:出现|持续|开始)?(?:多久|多长|几|什么时候|何时))"
    "(?:[和、与及以或]|表现|吗|呢|$|[?？])"
)
"""Of several things the one that is asked first: 症状和治疗情况."""
_NOT_NOW: Final = re.compile("过类似|家人|家里|家族|亲戚|父母|兄弟|姐妹")
"""… unless they are those of earlier days or of the family."""
_INTENT: Final = re.compile("(?:是否|有没有|您|你)(?:希望|愿意|打算|考虑(?!过))(?!.{0,4}(?:怀孕|要孩子|生))|愿不愿意")
"""What somebody wants is none of the slots."""


def slot_of(asked: str) -> tuple[str, str]:
    """Return the slot of an asking clause and the word that decided (empty for ``other``).

    >>> slot_of("对什么药过敏吗")
    ('allergy', '过敏')
    """
    if _INTENT.search(asked):
        return "other", ""
    if _SYMPTOMS.search(asked) and not _NOT_NOW.search(asked):
        return "symptom", "症状"
    for slot, pattern in _COMPILED:
        found = pattern.search(asked)
        if found:
            return slot, found.group()
    return "other", ""


_WISHES: Final = re.compile(
    "想|打算|准备|考虑|愿意|希望|计划|需要|要求|选择|担心|城市|地区|哪里人|谁"
    "|为什么|原因|经济|保险|医保|距离|方便|本人|关系|认识|知道|了解|信息|资料|情况"
)


def unnamed(sentence: str) -> str:
    """Return the slot of a question whose words tell none: if not about wishes and circumstances, it is about the body.

    >>> unnamed("您打算什么时候回来？"), unnamed("右边更明显吗")
    ('other', 'symptom')
    """
    return "other" if _WISHES.search(sentence) else "symptom"
