"""Family names, by how much evidence each needs beside it."""

from __future__ import annotations

from typing import Final

from cmtmed.anonymize.lexicon.vocabulary import vocabulary

COMMON: Final = frozenset(
    "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘"
    "杜戴夏钟汪田任姜范方石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段雷钱汤尹黎易武乔贺赖龚文庞樊殷施"
    "陶洪翟安颜倪严牛芦季俞章鲁葛伍韦申尤毕聂焦柳邢岳齐梅莫庄辛管左涂谷祁舒耿牟卜路詹关苗凌费纪靳盛童欧甄"
    "项曲游阳裴席卫查屈鲍位覃霍翁甘景单包柯阮柴蒙滕宁肖于闫仇冉佟楚苑邬栾戚隋窦娄桑"
)
"""The surnames of most people; all single characters."""

RARE: Final = frozenset(
    "常祝鲜时成向和解温车全明平冷容郎桂宫麦池涌巫晏岑瞿闵佘仲代丛臧宗房华古井鹿敖米狄麻贡沙连简强闻党邸蔺奚郁郜"
    "鞠鄢褚褟苟荀班危权国上经由水应计艾尧师乐寇占伊封虞支农商别步卓蓝都满那母谈弓练普阿路豆从郏幸宿蔚冀边沃邝"
    "帅原来原修仝晋邰逄揭"
)
"""Real surnames that are mostly something else: only a label or a trigger before them makes them names."""

COMPOUND: Final = frozenset(
    vocabulary("""
        欧阳 司马 上官 诸葛 东方 皇甫 尉迟 公孙 慕容 令狐 司徒 夏侯 长孙 宇文 端木 轩辕 呼延 独孤 南宫 西门 闻人
        澹台 完颜 叶赫 拓跋 司空 申屠 鲜于 钟离 万俟 赫连 濮阳 淳于 太史 公羊 仲孙 闾丘 东郭 百里 第五 司寇 宗政
        """)
)
"""Surnames of two characters."""

FUNCTION: Final = frozenset("于向和从由经时常成应单全明平安何都那来国水位上方白高关管路连代别满解包牛查")
"""Surnames whose character is a frequent word: the clause around has to leave no other reading."""

MEASURES: Final = frozenset("张段项顶支包管节组双单车周季章位")
"""Surnames whose character also counts things or time: 一张, 这段, 两周."""
