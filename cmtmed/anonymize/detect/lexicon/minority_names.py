"""Elements of Tibetan, Mongolian, Uyghur, Kazakh and Yi names, which are not a surname and a given name."""

from __future__ import annotations

from typing import Final

from cmtmed.anonymize.detect.lexicon.vocabulary import vocabulary

TIBETAN: Final = vocabulary("""
    扎西 次仁 卓玛 桑吉 达瓦 尼玛 旦增 丹增 央金 拉姆 多吉 平措 格桑 洛桑 仁增 白玛 索朗 德吉 顿珠 边巴 普布 巴桑 米玛
    拉巴 次旦 曲珍 卓嘎 旺堆 旺姆 贡布 才让 索南 才旦 加措 嘉措 坚赞 江措 云丹 罗布 晋美 次旺 拥措 梅朵 泽仁 泽旺 仁青
    仁钦 更登 吉美 强巴 旺久 旺扎 曲扎 群培 阿旺 土登 益西 央宗 拥忠 措姆 拉毛 卓么 多杰 华旦 完么 周毛 扎巴 次央 曲措
    """)
"""Two consecutive elements make a name."""

MONGOLIAN: Final = vocabulary("""
    巴特尔 其其格 其木格 乌云 萨仁 娜仁 苏日娜 图雅 格日勒 巴雅尔 巴图 宝音 哈斯 巴根 朝鲁 那顺 布和 额尔敦 斯琴 高娃
    托娅 塔娜 敖登 吉日嘎拉 孟克 特木尔 呼和 毕力格 阿拉坦 呼格吉勒 乌日娜 娜布其 阿木尔 朝克图 达来 青格勒 萨如拉
    苏布达
    乌兰 乌日汗 乌力吉 满都拉 都仁 阿古拉 恩和 巴音 牧仁 乌仁 图娅 花尔
    """)
"""Two consecutive elements make a name; one of three or more characters is a name by itself."""

UYGHUR: Final = vocabulary("""
    买买提 古丽 艾合买提 阿依古丽 古丽娜 古丽米热 吐尔逊 热合曼 玉素甫 阿不都 阿卜杜 阿布都 克里木 热依木 艾山 艾买提
    阿迪力 阿依努尔 热孜万 木拉提 塔依尔 依明 伊敏 帕提古丽 努尔 沙吾提 亚森 库尔班 麦麦提 迪丽努尔 迪丽拜尔 祖丽胡玛尔
    古丽扎尔 古丽仙 古扎丽 海力 叶尔江 阿依达娜 别克 巴合提 木合塔尔 帕拉提 迪里夏提 艾尔肯 吐尔洪 吾买尔 阿里木
    买合木提 热米拉 古丽巴哈尔 祖农 赛买提 艾则孜 玉山江 阿力木江 努尔兰 叶尔肯 阿曼
    """)
"""Two consecutive elements make a name; one of three or more characters is a name by itself."""

YI: Final = vocabulary(
    "曲比 吉克 沙马 阿牛 吉木 阿苏 木呷 阿呷 尔古 吉伍 海来 俄木 拉马 吉"
    "拿 阿木 依火 曲木 莫色 阿依 拉铁 史古 尔布 子布 阿且 日则"
)
"""Two consecutive elements make a name."""
