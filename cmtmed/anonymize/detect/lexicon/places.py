"""Administrative divisions of China: provinces and cities listed here, counties and towns from jieba's dictionary."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from cmtmed.anonymize.detect.lexicon.dictionary import load_words
from cmtmed.anonymize.detect.lexicon.vocabulary import vocabulary

PROVINCES: Final = tuple(
    vocabulary("""
        黑龙江 内蒙古 北京 天津 上海 重庆 河北 山西 辽宁 吉林 江苏 浙江 安徽 福建 江西 山东 河南 湖北 湖南 广东
        海南 四川 贵州 云南 陕西 甘肃 青海 台湾 广西 西藏 宁夏 新疆 香港 澳门
        """)
)
"""Provinces, without 省 or 自治区, longest first."""

CITIES: Final = tuple(
    vocabulary("""
        石家庄 唐山 秦皇岛 邯郸 邢台 保定 张家口 承德 沧州 廊坊 衡水 太原 大同 阳泉 长治 晋城 朔州 晋中 运城
        忻州 临汾 吕梁 呼和浩特 包头 乌海 赤峰 通辽 鄂尔多斯 呼伦贝尔 巴彦淖尔 乌兰察布 沈阳 大连 鞍山 抚顺 本溪
        丹东 锦州 营口 阜新 辽阳 盘锦 铁岭 葫芦岛 长春 四平 辽源 通化 白山 松原 白城 延边 哈尔滨 齐齐哈尔 鸡西
        鹤岗 双鸭山 大庆 伊春 佳木斯 七台河 牡丹江 黑河 绥化 南京 无锡 徐州 常州 苏州 南通 连云港 淮安 盐城 扬州
        镇江 泰州 宿迁 杭州 宁波 温州 嘉兴 湖州 绍兴 金华 衢州 舟山 台州 丽水 合肥 芜湖 蚌埠 淮南 马鞍山 淮北
        铜陵 安庆 黄山 滁州 阜阳 宿州 六安 亳州 池州 宣城 福州 厦门 莆田 三明 泉州 漳州 南平 龙岩 宁德 南昌
        景德镇 萍乡 九江 新余 鹰潭 赣州 吉安 宜春 抚州 上饶 济南 青岛 淄博 枣庄 东营 烟台 潍坊 济宁 泰安 威海
        日照 临沂 德州 聊城 滨州 菏泽 莱芜 郑州 开封 洛阳 平顶山 安阳 鹤壁 新乡 焦作 濮阳 许昌 漯河 三门峡 南阳
        商丘 信阳 周口 驻马店 武汉 黄石 十堰 宜昌 襄阳 襄樊 鄂州 荆门 孝感 荆州 黄冈 咸宁 随州 恩施 长沙 株洲
        湘潭 衡阳 邵阳 岳阳 常德 张家界 益阳 郴州 永州 怀化 娄底 湘西 广州 韶关 深圳 珠海 汕头 佛山 江门 湛江
        茂名 肇庆 惠州 梅州 汕尾 河源 阳江 清远 东莞 中山 潮州 揭阳 云浮 南宁 柳州 桂林 梧州 北海 防城港 钦州
        贵港 玉林 百色 贺州 河池 来宾 崇左 海口 三亚 三沙 儋州 成都 自贡 攀枝花 泸州 德阳 绵阳 广元 遂宁 内江
        乐山 南充 眉山 宜宾 广安 达州 雅安 巴中 资阳 阿坝 甘孜 凉山 贵阳 六盘水 遵义 安顺 毕节 铜仁 黔西南
        黔东南 黔南 昆明 曲靖 玉溪 保山 昭通 丽江 普洱 临沧 楚雄 红河 文山 西双版纳 大理 德宏 怒江 迪庆 拉萨
        日喀则 昌都 林芝 山南 那曲 西安 铜川 宝鸡 咸阳 渭南 延安 汉中 榆林 安康 商洛 兰州 嘉峪关 金昌 白银 天水
        武威 张掖 平凉 酒泉 庆阳 定西 陇南 临夏 甘南 西宁 海东 银川 石嘴山 吴忠 固原 中卫 乌鲁木齐 克拉玛依
        吐鲁番 哈密 昌吉 伊犁 塔城 阿勒泰 喀什 和田 阿克苏 石河子 香港 澳门 台北 高雄 台中 昆山 义乌 常熟 江阴
        张家港 慈溪 余姚 晋江 都江堰 库尔勒 延吉 满洲里 任丘 辛集 藁城 滕州 邹城 曲阜 即墨 胶州 寿光 诸城
        """)
)
"""Cities, without 市: all prefectures and the better-known smaller ones."""

_NOT_COUNTIES: Final = frozenset(vocabulary("大县 外县 地县 同县 郡县 府县 中县 定县"))
_GENERIC_NAME: Final = re.compile(
    "自治区|(?:地|特|园|城|社|山|郊|疫|新|军|防|校|库|港|元|坑|开发|工业|行政|保护|示范|萧条|维修|枢纽|洪泛"
    "|丛林|精华|三角)区"
    "|(?:城|都|超|黑|集|楼|股|门)市|知县|(?:小|大|大王|米字|红|国|彩|军|锦|战|星条|五星|夺)旗|重镇|(?:家|故"
    "|他|异|同|老|水|梦)乡"
)


_FUNCTION_WORD_COUNTIES: Final = frozenset(
    vocabulary("""
        会泽县 会宁县 会同县 会昌县 会东县 会理市 会理县 从江县 从化区 和县 和静县 和硕县 和龙市 和平县 和林格尔县
        和顺县 于都县
        于田县 来安县 来凤县 太和县 太康县 太谷区 太仓市 太湖县 太白县 得荣县 都昌县 都匀市 都安县 都江堰市 都兰县
        如皋市 如东县
        将乐县 那坡县 那曲市 上犹县 上栗县 上蔡县 上杭县 上林县 下关区 大悟县 可克达拉市
        """)
)
"""Counties whose name begins with a function word, at which a reading backwards would stop."""


@lru_cache(maxsize=1)
def load_counties() -> frozenset[str]:
    """Load the names of the districts, counties, banners, smaller cities, towns and townships that jieba knows."""
    candidates = [
        word for word, (tag, _) in load_words().items() if tag in {"ns", "nr", "nz"} and word[-1] in "县区旗市镇乡"
    ]
    specific = (word for word in candidates if not _GENERIC_NAME.search(word[-4:]))
    counties = {word for word in specific if len(word) > 2 or (word[-1] == "县" and word not in _NOT_COUNTIES)}
    return _FUNCTION_WORD_COUNTIES | counties


@lru_cache(maxsize=1)
def load_place_names() -> frozenset[str]:
    """Load all place names with which an institution's name can begin."""
    with_suffix = {f"{city}市" for city in CITIES} | {f"{province}省" for province in PROVINCES}
    short = {name[:-1] for name in load_counties() if len(name) >= 3 and name[-1] in "县市"}
    return load_counties() | frozenset(CITIES) | frozenset(PROVINCES) | with_suffix | short
