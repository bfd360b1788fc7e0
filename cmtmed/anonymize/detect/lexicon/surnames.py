"""Surnames, by how much further evidence each one needs.

They are the Hundred Family Surnames and further ones from today's registers.
"""

from __future__ import annotations

from typing import Final

from cmtmed.anonymize.detect.lexicon.vocabulary import vocabulary

PLAIN_SURNAMES: Final = frozenset(
    "王李张刘陈杨赵黄周吴徐孙胡朱林郭马罗梁宋郑谢韩唐冯董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘"
    "杜戴夏钟汪田任姜范石姚谭廖邹熊金陆郝孔崔康毛邱秦江史顾侯邵孟龙段雷钱汤尹黎易武乔贺赖龚文庞樊殷施"
    "陶洪翟颜倪严芦季俞章鲁葛伍韦申尤毕聂焦柳邢岳齐梅莫庄辛左涂谷祁舒耿牟卜詹苗凌费纪靳盛童欧甄"
    "项曲游阳裴席卫屈鲍位覃霍翁甘景柯阮柴蒙滕宁肖闫仇冉佟楚苑邬栾戚隋窦娄桑"
    "郗禤凃佴邴郤阚仵茆郇昝眭钭郦訾蒯璩綦嵇邰呙蔺逄郄缑隗郜羿庹莘仝鄢邝佘仉芮冼殳逯乜褟笪茹扈韶忻岑湛胥庾竺亓贲钮缪酆郏荀"
    "刁辜谯鞠汲仡庚颉臧宓厍糜闰弘敖巩沃郁瞿雒奚蓟闵毋屠栗宦巫骆晁雍厉矫仲喻粟琚尧匡苟柏衡邸浦晏戈褚姬慕戎穆禄卓冀狄寇"
    "廉储於桓昌靖蓬宾虞禹蒲危濮艾巢贡夔茅惠符牧贝宿丛裘凤卿桂漆荣卞杭池兰麦井晋燕隆祖阙饶乌鹿伊付迟郎荆蓝伏宗"
    "谌揣妫鄂吉盖农冯诸聂危占漆"
)
"""Surnames whose character is seldom anything else before a title or a given name."""

FUNCTION_WORD_SURNAMES: Final = frozenset("祝于向和从由经时应都来国水位上代连别与同后年字才过能但生相战空线信区全")
"""Surnames whose character is a function word: the surrounding clause must allow no other reading."""

EVERYDAY_WORD_SURNAMES: Final = frozenset(
    "万常成单明平安何方白高关管路满解包牛查温车冷容宫房华古米沙简强闻党权计师封支商步边原向展况乐帅宰益融幸慎"
    "妥候终续渠逢植充劳腾宣普习咸索暴揭仁仰堵勾撒税养扶滑印双阴终豆富薄尼秋母羊劲智松盘斯奉折广班布虎利司尚青"
    "公银修木楼云留谈居须通海花初红越鱼边东种干山南元火铁麻哈扎阿巴农树束藏修成昂简巨丑籍皮苍"
)
"""Surnames whose character is an everyday noun, verb or adjective.

They count at the start of a clause, or where somebody is addressed or mentioned.
"""

SINGLE_SURNAMES: Final = PLAIN_SURNAMES | FUNCTION_WORD_SURNAMES | EVERYDAY_WORD_SURNAMES
"""All surnames of a single character."""

COMPOUND_SURNAMES: Final = frozenset(
    vocabulary("""
        欧阳 司马 上官 诸葛 东方 皇甫 尉迟 公孙 慕容 令狐 司徒 夏侯 长孙 宇文 端木 轩辕 呼延 独孤 南宫 西门 闻人
        公冶 单于 梁丘 左丘 东门 南门 谷梁 漆雕 乐正 亓官 司城 段干 公良 夹谷 范姜 澹台 完颜 叶赫 拓跋 司空 申屠 鲜于
        钟离 万俟 赫连 濮阳 淳于 太史 公羊 仲孙 闾丘 东郭 百里 第五 司寇 宗政
        """)
)
"""Surnames of two characters."""

MEASURE_WORD_SURNAMES: Final = frozenset("张段项顶支包管节组双单车周季章位")
"""Surnames whose character is also a measure word: 一张, 这段, 两周."""
