"""Transliterated names, foreign or of a minority: their characters and the signs between their parts."""

from __future__ import annotations

from typing import Final

NAME_DOTS: Final = "·•・‧∙"
"""Signs between the parts of a name."""
TRANSLITERATION_CHARACTERS: Final = (
    "不都木里守合孟别肉吐再衣阔乎素甫肯伦华瓦茨森蒂宾逊厄齐芬坎彼根珊翠默劳塞埃汤詹糖谢露珀汉肖奇沃翰南贾嘉简柯戴福亨可"
    "贡坦菲唐歇芭黛薇蕾柏勃琼绮胥惠邓鲍霭阿艾安昂奥巴拜班保贝比别波伯布查达丹德迪丁东杜多尔法费弗盖甘戈格古哈"
    "海汗赫侯胡霍基吉加坚江杰金卡凯康科克库拉莱兰朗勒雷黎里利丽莉"
    "力历林琳铃卢鲁罗洛买麦曼茂玛马迈美米蒙密明摩莫木姆穆娜纳娃乃尼涅宁努诺欧帕派佩皮平普其恰乔切琴丘热日茹如"
    "瑞若萨赛塞桑沙莎山尚舍什"
    "史斯苏索塔泰坦唐特提图吐托瓦外万韦维文沃乌武西希霞夏逊雅亚娅扬叶伊依益因英永尤玉裕约扎泽扎哲珍朱卓孜子祖"
    "买尔江古丽旦增次仁扎西"
    "卓玛央金措吾丁占堆才让拉姆旺朝鲁格日乐其木巴特尔腾敖娜仁斯琴白音呼图雅热孜依提萨迪克祖力皮亚阿卜杜"
)
"""Characters with which names are transliterated."""
TRANSLITERATED_NAME: Final = (
    rf"[{TRANSLITERATION_CHARACTERS}]{{1,7}}(?:[{NAME_DOTS}][{TRANSLITERATION_CHARACTERS}]{{1,8}}){{1,3}}"
)
"""Pattern of a whole name with at least one sign between its parts."""
