"""Where the name of a hospital, company or school begins.

The end is easy: a word such as 医院. From there the name is read backwards, word by word: a place or a proper name
makes it an institution of its own (北京|协和|医院); a common modifier (人民, 中心, 第一) belongs to it only if
something proper precedes it (县医院 and 三甲医院 are nobody's name); a verb, preposition or pronoun ends it
(我在|北京协和医院).
"""

from __future__ import annotations

import re
from typing import Final, Literal

from cmtmed.anonymize.detect.lexicon.dictionary import is_common_word, load_words, splits_word
from cmtmed.anonymize.detect.lexicon.places import load_place_names
from cmtmed.anonymize.detect.lexicon.vocabulary import vocabulary
from cmtmed.text.han import HAN

BRANDS: Final = frozenset(
    vocabulary("""
        中国人民解放军总 八一 阳光 青山 长江 黄河 泰山 红星 光明 春天 新世纪 长城 幸福 曙光 红旗 东风 前进 胜利 团结
        卫国 爱民 爱康 爱心
        天使 福寿 福音
        长庚 仁康 仁安 益民 利民 便民 为民 博济 广济 普济 宏济 康复路 康宁 康华 康泰 华康 建国 兴华 振华 中华 九龙
        九洲 五洲 四海 天元
        新星 星光 金盾 玛利亚 现代女子 复兴 联合 百姓 老百姓 惠好 同仁堂 圣玛利亚 圣玛丽 圣保罗 圣约翰 德济 明德 厚德
        圣安 慈爱 慈航 慈惠 慈光 万家 嘉禾 嘉和 安宁 宁康
        协和 同济 华西 湘雅 瑞金 华山 中山 仁济 新华 天坛 宣武 安贞 阜外 积水潭 同仁 友谊 朝阳 世纪坛 广安门
        东直门 西苑 望京 北医三院 中日友好 齐鲁 西京 唐都 南方 珠江 长海 长征 东方 龙华 曙光 岳阳 鼓楼 盛京
        邵逸夫 华东 华侨 博爱 仁爱 康宁 和睦家 美年 爱尔 普瑞 佑安 地坛 回龙观 安定 燕达 鼓浪屿 湘雅二 浙一 浙二
        九院 六院 十院 眼耳鼻喉科 红房子 国妇婴 慈济 慈铭 长庚 玛丽 仁和 仁心 仁德 济民 惠民 同德 怀德 树兰 和平
        海军总 空军总 解放军总 武警总 火箭军总 陆军总 首都医科大学 中国医科大学 中国医大 中国医学科学院 医科院
        中国中医科学院 中国红十字会 中国人民解放军 红会 红十字 协同 圣玛丽 百佳 玛莉亚 明基 泰和 太和 德康 安康
        康乐 康健 福康 济生 济世 民生 恩泽 博雅 华大 天佑 普爱 梨园 亚心 西南 新桥 大坪 北大 清华 复旦 东风 阳光
        希望 育才 实验 师大 华为 腾讯 阿里 百度 京东 美团 字节 富士康 海尔 格力 比亚迪 中石化 中石油 移动 联通
        电信 浙大 中大 交大 川大
        """)
)
"""Proper names of institutions and of the bodies they belong to."""

GENERIC: Final = frozenset(
    vocabulary("""
        铁路 农垦 林业 航天 航空 纺织 邮电 港务 港口 建工 矿山 机场 电厂 钢厂 化工 冶金 水电 农场 监狱 企业 职工 校 厂
        矿 局 院
        小儿 儿 妇儿 妇幼 推拿 按摩 针灸 理疗 正骨 骨伤 创伤 康养 养老 烧伤 职业病 地方病 血防 麻风 肺科 慢性病 老干部
        干部 华侨 慈善
        人民 中医 中西医 中西医结合 结合 中心 附属 附院 儿童 妇幼 妇产 妇产科 妇科 妇女 妇女儿童 妇幼保健 保健
        肿瘤 口腔 牙科 眼科 胸科 骨科 男科 肛肠 皮肤 皮肤病 皮肤科 精神 精神病 精神卫生 卫生 传染病 结核病 专科
        综合 总 大学 医科大学 中医药大学 中医药 医学院 医科 医学 学院 医大 中医学院 教学 省 市 县 区 镇 乡 村 州
        旗 社区 街道 职工 工人 工业 心血管 心血管病 血液病 血液 脑科 心脏 康复 疗养 整形 美容 医疗 医疗美容 生殖
        不孕不育 产科 儿科 内科 外科 中西 老年 老年病 急救 胃肠 肝病 肾病 糖尿病 风湿 疼痛 甲状腺 耳鼻喉
        耳鼻喉科 民族 蒙医 藏医 维吾尔 国际 国医 健康 体检 医 科技 技术 有限 股份 有限责任 责任 集团 实业 贸易
        商贸 食品 药业 制药 医药 生物 网络 信息 电子 机械 建筑 装饰 物流 教育 文化 传媒 投资 发展 管理 咨询 服务
        工程 设备 化工 纺织 服装 第 初级 高级 职业 师范 理工 农业 科技 财经 政法 外国语 外语 工商 交通 电力 邮电
        交通 航空 东区 西区 南区 北区 院区 东院 西院 南院 北院 分院 本部 总部 新院 老院 地区 自治区 自治州 特区
        新区 省立 市立 县立 武警 解放军 空军 海军 陆军 军区 火箭军 公安 煤矿 矿务局 石油 油田 钢铁 大三 大三阳
        小三阳 三阳 植发 快孕 羊瘟 羊癫疯 癫痫 白癜风 牛皮癣 银屑病 尖锐湿疣 泌尿 泌尿外科 神经 神经内科 五官
        五官科 外科 内科 乙肝 肝硬化 不孕 男性 女性 女子 男子 师 总队 支队 专属 直属 预备役 现代 平安 开发区
        经济技术 控股
        """)
)
"""Modifiers shared by many institutions."""

COMMONPLACE: Final = frozenset(
    vocabulary("""
        三甲 二甲 三级 二级 一级 甲等 三级甲等 二级甲等 正规 专业 大型 小型 大 小 好 当地 本地 外地 附近 就近
        公立 私立 民营 私人 私 公办 定点 权威 上级 下级 基层 其他 其它 别的 另 一家 两家 三家 几家 多家 各大 各
        各级 某 某家 哪家 哪个 哪 什么 这家 那家 该 本 我们 你们 咱们 他们 我院 贵 著名 知名 最好 最大 医院 诊所
        卫生院 住院 门诊 急诊 县级 市级 省级 乡镇 村级 区级 地级 外面 国外 国内 全国 全省 全市 城里 省城 县城
        市里 县里 镇上 乡里 家里 家 老家 部队 互联网 网上 线上 在线 看病 治疗 去年 今年 昨天 今天 前天 最近 上次
        之前 后来 开始 然后 现在 目前 建议 推荐 检查 手术 体检 复查 复诊 挂号 转院 出院 入院 就诊 就医 求医 咨询
        确诊 诊断 发现 结果 报告 不同 普通 一般 一个 两个 几个 这个 那个 许多 很多 不少 大多 大部分 所有 任何
        每个 每家 有些 有的 另外 一些 部分 整个 相关 同一 医生 大夫 专家 患者 病人 老公 老婆 父亲 母亲 爸爸 妈妈
        孩子 女儿 儿子 朋友 时候 宠物 动物 兽 野战 战地 中国 我国 国家 世界 美国 日本 韩国 英国 德国 泰国 新加坡
        欧美 北方 城市 农村 首都 首选 优质 高端 高等 高水平 有名 出名 靠谱 规模 规范 合法 可靠 省内 市内 国有
        外资 合资 上市 软件 保险 设计 招聘 中介 搬家 快递 家政 劳务 物业 广告 外贸 互联 旅游 房地产 证券 银行
        信托 电商 游戏 出版 跨国 初创 创业 母 子 分 总 上中 大城市 中小城市 本科 研究生 高职 民办 重点 全日制 非
        名牌 顶尖 理想
        """)
)
"""Words that precede an institution without naming it."""

_STOP_CHARS: Final = frozenset(
    "的了在去到来从往是有和与或及我你他她它们您咱这那就都也还又再把被让给叫说看找问住过着得地很太不没要会能可"
    "请将向上下经穿进个听至等对跟比为因所而且但如果于吗呢吧啊哦嗯"
)
# jieba tags 建议, 外科 and 东西 as proper nouns; no proper name is that frequent.
_MAX_PROPER_FREQUENCY: Final = 150
_STOP_TAGS: Final = ("v", "a", "m", "s", "d", "p", "c", "r", "u", "q", "t", "f", "y", "e", "o", "l", "i", "z")
_NUMBER: Final = re.compile(
    r"(?:第[一二三四五六七八九十百零〇0-9]{1,4}|(?<![0-9.第])[0-9]{3}|[一二三四五六七八九]零?[一二三四五六七八九]?)$"
)
_COUNTS: Final = frozenset("0123456789一二三四五六七八九十百零〇")
_HAN: Final = re.compile(rf"[{HAN}]")


_WordCategory = Literal["proper", "generic", "stop", "unknown"]


def find_name_start(text: str, end: int, *, reach: int = 24, any_word: bool = False) -> tuple[int, bool]:
    """Read backwards from the word for the type of institution (医院) to the beginning of its name.

    Args:
        text: the canonical text.
        end: index at which the name's last, generic word begins.
        reach: how many characters to read at most.
        any_word: whether an ordinary word right after a place counts as a name (上海明远信息公司), as it does with
            companies but not with hospitals (北京治疗医院).

    Returns:
        Where the name begins, and whether it contains anything proper. Without anything proper the start is ``end``.
    """
    place_names, lexicon = load_place_names(), load_words()
    # The characters between `position` and `unknown_end` belong to no word, and may make a name.
    position, start, unknown_end = end, end, end
    limit = max(0, end - reach)
    if (
        position > limit
        and text.startswith("医院", end)
        and text[position - 1] in "大小好老新"
        and not _measure_brand(text, position)
    ):
        return end, False
    # 郑大一附院: before a numbered hospital, 大 is a university.
    is_university = position - 1 > limit and text[position - 1] == "大" and not text.startswith("医", end)
    if is_university and _HAN.match(text[position - 2]) and text[position - 2] not in _STOP_CHARS:
        position = start = unknown_end = position - 2
    while position > limit:
        if text.endswith(("医院", "诊所"), limit, position):
            break  # 协和医院|安贞医院
        brand_length = _measure_brand(text, position)
        if brand_length:
            position = unknown_end = start = position - brand_length
            continue
        number = _NUMBER.search(text, max(limit, position - 5), position) if text[position - 1] in _COUNTS else None
        if number:
            if number[0].isdigit() and unknown_end == position:
                start = number.start()  # 301医院
            position = unknown_end = number.start()
            continue
        if text[position - 1] in "）)":
            opening = max(text.rfind("（", limit, position), text.rfind("(", limit, position))
            if opening < 0:
                break
            position = unknown_end = opening
            continue
        if not _HAN.match(text[position - 1]):
            break
        length, category = _classify_word(text, position, limit, place_names, lexicon, is_last=position == end)
        if category == "stop" and any_word and length > 1 and _ends_with_place(text, position - length, place_names):
            category = "proper"
        if category == "stop":
            break
        if category == "proper":
            position = unknown_end = start = position - length
        elif category == "generic":
            if unknown_end - position >= 2:
                start = position
            position -= length
            unknown_end = position
        else:
            position -= length
            # Two or more characters that form no word make a name; more than five are a sentence.
            if unknown_end - position > 5:
                break
            if unknown_end - position >= 2:
                start = position
    return _extend_start(text, limit, start, end, place_names)


def _extend_start(text: str, limit: int, start: int, end: int, place_names: frozenset[str]) -> tuple[int, bool]:
    """Include what the reading by words has left out at the beginning of a name."""
    # 解放军 and 海军 name nothing by themselves, but belong to the name that follows.
    forces = re.search("(?:(?:中国人民)?解放军|武警|[海空陆]军|火箭军)$", text[limit:start])
    if start < end and forces:
        return start - len(forces[0]), True
    # The greedy reading may have split a place: 北|京丰益.
    for length in (2, 3, 4):
        if 0 < start < end and text[start - 1 : start - 1 + length] in place_names:
            return start - 1, True
    # 梅|林县: a character that belongs to no word belongs to the county.
    is_split_county = start > limit and text[start + 1 : start + 2] == "县" and _HAN.match(text[start - 1])
    if is_split_county and text[start - 1] not in _STOP_CHARS and not splits_word(text, start, end):
        start -= 1
    return start, start < end


def _ends_with_place(text: str, end: int, place_names: frozenset[str]) -> bool:
    """Say whether the name of a place ends at ``end``."""
    return any(text[end - length : end] in place_names for length in range(2, min(6, end) + 1))


def _measure_brand(text: str, end: int) -> int:
    """Return the length of the longest proper name that ends at ``end``, or 0."""
    return next((length for length in range(min(7, end), 1, -1) if text[end - length : end] in BRANDS), 0)


def _classify_word(
    text: str,
    end: int,
    limit: int,
    place_names: frozenset[str],
    lexicon: dict[str, tuple[str, int]],
    *,
    is_last: bool,
) -> tuple[int, _WordCategory]:
    """Return length and category of the longest word that ends at ``end``.

    Args:
        text: the canonical text.
        end: index after the word.
        limit: index before which the word may not begin.
        place_names: see `load_place_names`.
        lexicon: see `load_words`.
        is_last: whether the word is the last one before the type of institution.
    """
    for length in range(min(8, end - limit), 0, -1):
        word = text[end - length : end]
        if word in GENERIC:
            return length, "generic"
        if word in COMMONPLACE:
            return length, "stop"
        if word in place_names:
            return length, "proper"
        if length == 1:
            break
        entry = lexicon.get(word)
        if entry is None:
            continue
        tag, count = entry
        # 东风汽车: a frequent word, but one that begins with a proper name.
        if length > 2 and any(word[:prefix] in BRANDS for prefix in (2, 3)) and tag.startswith("n"):
            return length, "proper"
        if tag.startswith("nt") or (tag.startswith(("ns", "nz")) and count < _MAX_PROPER_FREQUENCY):
            return length, "proper"
        # 郑州|长峰, not 郑|州长|峰.
        if length == 2 and not tag.startswith(("ns", "nz")) and _ends_with_place(text, end - 1, place_names):
            return 1, "unknown"
        # A person's name counts only as the institution's own (华为公司), not in front of it (张立博士北大医院).
        if tag.startswith("nr") and is_last and not is_common_word(word[1:]):
            return length, "proper"
        if tag.startswith(_STOP_TAGS):
            return length, "stop"
        return length, "generic"
    return 1, "stop" if text[end - 1] in _STOP_CHARS else "unknown"
