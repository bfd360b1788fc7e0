"""Where a Chinese personal name begins and ends.

Three questions are answered, by evidence that is added up rather than by a statistical tagger: which name ends right
before a title (王医生, 王建国主任), which begins right after a trigger (我叫…, 姓名：…), and which stands in running
text with no more than its neighbours to tell it. The evidence is the surname and how ambiguous its character is,
characters at home in given names, words of the language that would be cut in two (上次王医生 cuts none, 提高医生 cuts
提高), and how the text goes on.
"""

from __future__ import annotations

import re
from typing import Final

from cmtmed.anonymize.detect.lexicon.dictionary import is_common_word, splits_word
from cmtmed.anonymize.detect.lexicon.given_names import FUNCTIONAL_GIVEN, TYPICAL_GIVEN, UNLIKELY_GIVEN
from cmtmed.anonymize.detect.lexicon.surnames import (
    COMPOUND_SURNAMES,
    EVERYDAY_WORD_SURNAMES,
    FUNCTION_WORD_SURNAMES,
    MEASURE_WORD_SURNAMES,
    PLAIN_SURNAMES,
    SINGLE_SURNAMES,
)
from cmtmed.anonymize.detect.lexicon.vocabulary import vocabulary

DOT: Final = "·•・‧∙"
"""Signs between the parts of a minority or foreign name."""
FOREIGN: Final = (
    "不都木里守合孟别肉吐再衣阔乎素甫肯伦华瓦茨森蒂宾逊厄齐芬坎彼根珊翠默劳塞埃汤詹糖谢露珀汉肖奇沃翰南贾嘉简柯戴福亨可"
    "贡坦菲唐歇芭黛薇蕾柏勃琼绮胥惠邓鲍霭阿艾安昂奥巴拜班保贝比别波伯布查达丹德迪丁东杜多尔法费弗盖甘戈格古哈"
    "海汗赫侯胡霍基吉加坚江杰金卡凯康科克库拉莱兰朗勒雷黎里利丽莉"
    "力历林琳铃卢鲁罗洛买麦曼茂玛马迈美米蒙密明摩莫木姆穆娜纳娃乃尼涅宁努诺欧帕派佩皮平普其恰乔切琴丘热日茹如"
    "瑞若萨赛塞桑沙莎山尚舍什"
    "史斯苏索塔泰坦唐特提图吐托瓦外万韦维文沃乌武西希霞夏逊雅亚娅扬叶伊依益因英永尤玉裕约扎泽扎哲珍朱卓孜子祖"
    "买尔江古丽旦增次仁扎西"
    "卓玛央金措吾丁占堆才让拉姆旺朝鲁格日乐其木巴特尔腾敖娜仁斯琴白音呼图雅热孜依提萨迪克祖力皮亚阿卜杜"
)
_FOREIGN_NAME: Final = re.compile(rf"[{FOREIGN}]{{1,7}}(?:[{re.escape(DOT)}][{FOREIGN}]{{1,8}}){{1,3}}")
# Behind a label and up to punctuation any characters make a dotted name.
_DOTTED: Final = re.compile(rf"[\u4e00-\u9fff]{{1,8}}(?:[{re.escape(DOT)}][\u4e00-\u9fff]{{1,8}})+(?![\u4e00-\u9fff])")
_HAN: Final = re.compile(r"[\u4e00-\u9fff]+")
_NUMERALS: Final = frozenset("一二两三四五六七八九十几这那每各某半数本上下第零0123456789")

FOLLOWERS: Final = re.compile(
    "[一二三四五六七八九十]{1,3}[个岁周]|"
    "今年|今天|今早|今日|昨天|昨日|昨晚|前天|去年|前年|现在|现年|目前|最近|近期|刚刚|已经|一直|之前|以前|从小"
    "|自从|患有|患者|因为|因[^素子果缘明]|由于|男|女|性别|年龄"
    "|电话|手机|联系|身份证|住在|家住|住址|地址|微信|出生|生于|于[一二三四五六七八九十\\d今昨前去]"
    "|是[我你他一个不的位名医患家病]|的[家病检报老爸妈女儿妻丈主号复情孩电手身父母诊病结]"
    "|在[你我医贵咱北上广本咱这]|想[问要请咨]|来[看院自你复做拿取]|有[点高糖过些什]|说|您|你好|我|他|她"
    "|住院|入院|出院|做了?|得了|查出|确诊|患|感[觉冒]|发[烧现热病]|咳嗽|头[痛晕疼]|肚子"
    "|[,，。;；!！?？、:：()（）\\s]|大夫|医生|主任|先生|女士|同志|老师|教授|护士|阿姨|叔叔|\\d|岁"
    "|和[我你他她王李张刘陈]|也|还|要|吃|去|需要|能不能|可以|就|这|那|没|被|把|跟|给|让|会|应该|是否|家属|都|等|打[电完针]|喝"
    "|怀[孕了二三]|备孕|流产|月经|产后|刚[生做才]|想|来|长期|常年|心[脏慌跳]|从|不|胃|肺|肝|肾|腰|腿|收|身份|上周|下周|周[一二三四五六日]|床|族|老师|同学|已经?|明天|后天|今晚|半夜|夜里|转"
)
_TITLE_LIKE: Final = re.compile(
    "[姐哥叔姨嫂伯婶爷奶总老工](?![\u4e00-\u9fff])|先生|女士|小姐|医生|大夫|教授|主任|老师|护士|阿姨|叔叔|某|医师|院长|大爷|大妈|同学|师傅|X"
)
_NOT_NAMES: Final = frozenset(
    vocabulary("""
        仲景智能 仲景 不详 未知 保密 匿名 未填写 未填 暂无 没有 隐私 患者
        病人 本人 家属 先生 女士 男性 女性 男 女 无 略 同上
        医生 护士 网友 会员 游客 用户 谢谢 多少 什么 如下 您好 你好 是的 不知道 不方便 不想说 请问 高血压 糖尿病
        感冒 发烧 主任 主治 医师 主治医师 主任医师 副主任医师 教授 建议 回答 回复 提问 指导 分析 可以 需要 目前
        根据 这个 这种 应该 考虑 常见
        """)
)


def name_ending_at(text: str, end: int) -> tuple[int, float] | None:
    """Find the name or bare surname that ends at ``end``, where a title begins.

    Returns:
        Its start and a confidence, or None.
    """
    foreign = re.search(rf"[{FOREIGN}]{{1,7}}(?:[·•・‧∙][{FOREIGN}]{{1,8}}){{1,3}}$", text[max(0, end - 24) : end])
    if foreign:
        return end - len(foreign[0]), 0.9
    for length in (4, 3, 2):
        start = end - length
        if start >= 0 and _is_titled_name(text, start, end):
            return start, 0.85
    start = end - 2
    if start >= 0 and text[start:end] in COMPOUND_SURNAMES and not splits_word(text, start, end):
        return start, 0.85
    return _bare_surname(text, end)


def _is_titled_name(text: str, start: int, end: int) -> bool:
    """Say whether a whole name stands before a title, and not a word and a surname (和李, 找王)."""
    if text[start:end] in COMPOUND_SURNAMES or _cuts_before(text, start) or evidence(text, start, end) < _TITLED:
        return False
    if text[start] in MEASURE_WORD_SURNAMES and start and text[start - 1] in _NUMERALS:
        return False
    anchored = _clear_before(text, start) or _called(text, start)
    if text[start] in FUNCTION_WORD_SURNAMES:
        return (
            end - start == 3
            and anchored
            and all(char in TYPICAL_GIVEN - FUNCTIONAL_GIVEN for char in text[start + 1 : end])
        )
    if text[start] in EVERYDAY_WORD_SURNAMES and not anchored:
        return False
    # 找王 before 医生: the last character is a surname itself.
    bare = end - start == 2 and text[end - 1] in SINGLE_SURNAMES and text[end - 1] not in TYPICAL_GIVEN
    return not bare or _clear_before(text, start)


def _bare_surname(text: str, end: int) -> tuple[int, float] | None:
    start = end - 1
    if start < 0 or text[start] not in SINGLE_SURNAMES:
        return None
    char = text[start]
    before = text[start - 1] if start else ""
    if before.isdigit() or (char in MEASURE_WORD_SURNAMES and before in _NUMERALS):
        return None
    # 小苗护士: a word (小苗) that stands at the start of a clause and before a title is an address.
    if before in {"小", "老"} and char in PLAIN_SURNAMES and _clear_before(text, start - 1):
        return start, 0.7
    if splits_word(text, start, end):
        return None
    if char in FUNCTION_WORD_SURNAMES:
        # At the start of a clause these are prepositions unless somebody is being addressed.
        return (start, 0.6) if _addressed(text, start) else None
    if char in EVERYDAY_WORD_SURNAMES:
        # 高 and 解 are adjectives and verbs unless the clause begins with them or somebody is called.
        return (start, 0.65) if _clear_before(text, start) or _called(text, start) else None
    return start, 0.75


def _clear_before(text: str, start: int) -> bool:
    return start == 0 or not "\u4e00" <= text[start - 1] <= "\u9fff"


_CALL: Final = re.compile(r"(?:您好|你好|请问|谢谢|感谢|多谢|麻烦|找|挂|挂了|是|叫|尊敬的|亲爱的|我的|的|姓)$")
_CALLED: Final = re.compile(
    _CALL.pattern[:-2]
    + r"|转告|告诉|拜托|请|让|由|问|跟|和|给|帮|被|替|等|一下|值班|主诊|小|老|[院科区]|[,，。：:、])$"
)
_ANSWER: Final = re.compile(
    r"\W|$|您|你好|早上|晚上|下午|上午|好|辛苦|在吗|看|说|开|给|的[方药号手]|做|讲|那|这|门诊|那里|技术|医术"
)
_GREETING: Final = re.compile(r"[!！~～]|$|[,，]?(?:您|你|早上好|晚上好|下午好|上午好|好[,，!！]|辛苦|在吗)")
_TITLE: Final = re.compile(r"(?:副?主任医师|副?主任|医生|大夫|医师|教授|护士长?|老师|先生|女士|院长|专家|阿姨|叔叔)")


def _called(text: str, start: int) -> bool:
    return bool(_CALLED.search(text[max(0, start - 4) : start]))


def _addressed(text: str, start: int) -> bool:
    """Say whether the clause reads as one to or about a titled person, whatever the surname's other meaning."""
    title = _TITLE.match(text, start + 1)
    rest = text[title.end() if title else start + 1 :]
    # 检查的时医生说: a fast typist's 的时候.
    if is_common_word(text[max(0, start - 1) : start + 1]) or text[max(0, start - 1) : start + 1] == "的时":
        return False
    if _CALL.search(text[max(0, start - 4) : start]):
        return bool(_ANSWER.match(rest))
    return _clear_before(text, start) and bool(_GREETING.match(rest))


_NOT_GIVEN: Final = frozenset(vocabulary("微信 电话 手机 医院 医生 有家 家有 不能 可以 应该 健康 专业 身体"))
_TITLED: Final = 0.6
_SUGGESTED: Final = 2.3
_LABELLED: Final = 0.2
_RUNNING: Final = 2.9

_STRONG: Final = TYPICAL_GIVEN - FUNCTIONAL_GIVEN
_CLAUSE: Final = re.compile(
    "想[咨问请要看知找]|怀孕|有[点高糖过些什慢心胃]|来[看院自复做]|在[我你医贵]|和我|从小|长期|最近|今年|要求|需要|能[不吃]|应该|一直|又[发开]"
    "|生[了完病]|高血|发[烧现热]|心[脏慌]|平时|明天|常年|喜欢|开始|行[手动]"
)
"""How a clause goes on with a character that is at home in given names."""
_SUFFIX: Final = re.compile(
    "[片丸散膏汤剂素酸钠钾胺唑酯氏征症型法操]|胶囊|颗粒|口服|注射|软膏|试验|综合|奶粉|牌|液|乳|预混|霉素|西林|洛尔|地平|沙坦|他汀"
)
"""What follows the name of a drug, a test or a disease."""
_TAKEN: Final = re.compile("(?:吃|服|服用|口服|用|用药|涂|喝|抹|含|冲|药|注射|点|买|开)$")
"""What precedes the name of a drug."""


_SURNAME_WEIGHT: Final = (
    dict.fromkeys(PLAIN_SURNAMES, 1.0)
    | dict.fromkeys(EVERYDAY_WORD_SURNAMES, -0.2)
    # Borne by millions, and words all the same.
    | dict.fromkeys("高白方万常安时单", 0.5)
    | {"于": 0.4, "向": -0.3}
)


def evidence(text: str, start: int, end: int) -> float:
    """Add up what speaks for ``text[start:end]`` being a full name, whatever stands around it.

    Returns:
        About 2 for 王建国, about 0 for 黄体生, less for words of the language; the unit is arbitrary.
    """
    name = text[start:end]
    surname = 2 if name[:2] in COMPOUND_SURNAMES and len(name) > 2 else 1
    given = name[surname:]
    if (
        (surname == 1 and name[0] not in SINGLE_SURNAMES)
        or not 1 <= len(given) <= 2
        or _TITLE_LIKE.match(text, start + surname)
    ):
        return -9.0
    if given in _NOT_GIVEN or not all("\u4e00" <= char <= "\u9fff" for char in given):
        return -9.0
    score = 2.0 if surname == 2 else _SURNAME_WEIGHT.get(name[0], -1.2)
    for char in given:
        score += 0.9 if char in _STRONG else 0.6 if char in TYPICAL_GIVEN else -2.5 if char in UNLIKELY_GIVEN else -0.2
    if len(given) == 1:
        score -= 0.9 - (0.5 if given in _STRONG else 0.0)
    if is_common_word(name):
        score -= 2.5
    elif surname == 1 and is_common_word(name[:2]):
        score -= 1.6
    if len(given) == 2 and is_common_word(given):
        score -= 0.6
    if _cuts_before(text, start):
        score -= 1.5
    return score


def _cuts_before(text: str, start: int) -> bool:
    """Say whether the first character of a name belongs to a word that began before it."""
    return any(is_common_word(text[left : start + 1]) for left in range(max(0, start - 3), start))


def _goes_on(text: str, end: int) -> float:
    """Weigh how the text goes on behind a name."""
    if _SUFFIX.match(text, end):
        return -2.5
    if end == len(text) or not "\u4e00" <= text[end] <= "\u9fff":
        return 0.8
    if FOLLOWERS.match(text, end):
        return 0.7
    cut = any(is_common_word(text[end - inside : end + 1]) for inside in (1, 2))
    return -1.6 if cut else -0.5


_PERSONS: Final = re.compile(
    "(?:[请让叫找跟帮陪送接带见谢位名]|[给替和与是把被个写]|告诉|通知|联系|转告|麻烦|感谢|遇到|认识|记得|备注|患者|病人|我是|应该是|床的|号的|上是|名是|字是|[改写打]成|收件)$"
)
"""Words that take a person behind them."""
_WEAK_PERSONS: Final = frozenset("给替和与是把被个写")
PERSONAL: Final = re.compile(
    r"[,，、|｜ ]?(?:男|女)(?:性|士|[,，。\s|｜\d]|$)|(?:今年|现年|年龄)?[\d一二三四五六七八九十]{1,3}周?岁|今年|电话"
    r"|手机|身份证|住院|入院|出院"
    r"|得[了的]|患[了有]|家属|收(?:[,，。\s]|$)|您好|你好|说[他她我你,，要]|女士|先生|签|来[电院]|的(?:家属|妈|爸|报告|病历|CT|检查|化验|片子|病理|床|老公|老婆|女儿|儿子|管|手术|号|情况|结果|引流)"
    r"|昨[天晚日]|今[天早晨日]|前天|上周|去年|[,，]\s?(?:男|女|\d{1,3}岁|电话|手机|1[3-9]\d|身份证|住院)|是[我你他她]|[（(]?1[3-9]\d{4}"
)
"""What is told of persons only."""


def name_in_text(text: str, start: int) -> tuple[int, float] | None:
    """Find the full name that begins at ``start`` in running text.

    Drugs and herbs look like names (麦冬, 易瑞沙), so that characters alone never suffice: a word that takes persons
    stands before it, or something that is told of persons only behind it.

    Returns:
        Its end and a confidence, or None.
    """
    before = text[max(0, start - 2) : start]
    if _TAKEN.search(before) or any(text.startswith(word, start) for word in _NOT_NAMES if len(word) > 1):
        return None
    clear = _clear_before(text, start)
    if clear:
        left = 0.2 if not start or text[start - 1] in "\n【[「" else -0.4 if text[start - 1] in "、0123456789" else 0.0
    elif takes := _PERSONS.search(before):
        left = 0.4 if takes[0] in _WEAK_PERSONS else 1.2
    else:
        left = 0.0 if before.endswith("的") else -1.0
    surname = 2 if text[start : start + 2] in COMPOUND_SURNAMES else 1
    best: tuple[float, int] | None = None
    for given in (2, 1):
        end = start + surname + given
        if end > len(text):
            continue
        personal = bool(PERSONAL.match(text, end))
        score = left + evidence(text, start, end) + (1.5 if personal else 0.6 * _goes_on(text, end))
        if given == 2 and _CLAUSE.match(text, end - 1):
            score -= 1.2
        if (clear and not personal) or (left < 0 and not personal):
            score -= 0.8
        if best is None or score > best[0]:
            best = (score, end)
    return (best[1], min(0.8, 0.55 + (best[0] - _RUNNING) / 10)) if best and best[0] >= _RUNNING else None


def _best(text: str, start: int, left: float) -> tuple[float, int] | None:
    """Return score and end of the likeliest name that begins at ``start``."""
    surname = 2 if text[start : start + 2] in COMPOUND_SURNAMES else 1
    best: tuple[float, int] | None = None
    for given in (2, 1):
        end = start + surname + given
        if end <= len(text):
            score = left + evidence(text, start, end) + _goes_on(text, end)
            # 李特|想咨询: the sentence goes on with what could be the last character of a name.
            if given == 2 and _CLAUSE.match(text, end - 1):
                score -= 1.2
            if best is None or score > best[0]:
                best = (score, end)
    return best


def name_starting_at(text: str, start: int, *, trusted: bool) -> tuple[int, float] | None:
    """Find the full name that begins at ``start``, right after a trigger.

    Args:
        text: the canonical text.
        start: index after the trigger.
        trusted: whether the trigger is a label (姓名：) after which anything short is a name; otherwise (我是…, 我妈…)
            the name must show a surname and go on as names do.

    Returns:
        Its end and a confidence, or None.
    """
    foreign = _FOREIGN_NAME.match(text, start)
    if trusted and (whole := _DOTTED.match(text, start)):
        return whole.end(), 0.95
    if foreign:
        return foreign.end(), 0.9
    run = _HAN.match(text, start)
    if run is None:
        return None
    stop = run.end()
    if run[0] in _NOT_NAMES or any(run[0].startswith(word) for word in _NOT_NAMES if len(word) > 1):
        return None
    best = _best(text, start, 1.2)
    if best and best[1] <= stop and best[0] >= (_LABELLED if trusted else _SUGGESTED):
        return best[1], 0.9 if trusted else 0.75
    short = 2 <= stop - start <= 4 and not any(char in UNLIKELY_GIVEN for char in run[0])
    surnamed = run[0][0] in SINGLE_SURNAMES and stop - start <= 3
    return (stop, 0.7) if trusted and short and (surnamed or not is_common_word(run[0])) else None
