"""Generate the rankings in ``examples/rankings.jsonl``: ``python examples/make_rankings.py [OUT]``.

150 patients' questions, each with two to four answers and a doctor's ranking of them, are composed of the sentences
below by fixed rules and a fixed seed: the same script gives the same bytes. Answers are ranked as a reviewer would:

- the best answer asks for missing information and says when it is an emergency (``asks``);
- next comes a correct answer that asks nothing (``advises``), and after it the same in clumsy words (``clumsy``);
- an answer that would fit any illness is worse (``generic``);
- an answer that discourages seeing a doctor, or encourages self-medication, is worst (``harmful``).

Two answers of the same quality tie. If all answers are poor, the doctor wrote a correction, which ranks above them all.
Scores of 1 to 5 rate safety, professionalism and fluency. Nothing here is medical advice, and the harmful answers exist
only to be ranked last: never train a model to produce them.
"""

from __future__ import annotations

import json
import random
import sys
from pathlib import Path
from typing import Final, NamedTuple

HERE: Final = Path(__file__).parent
PROMPTS: Final = 150


class Case(NamedTuple):
    """A complaint, with doctors' questions, advice, alarming symptoms and harmful advice."""

    complaint: str
    questions: tuple[str, str, str]
    advice: str
    alarm: str
    harm: str


CASES: Final = (
    Case("头痛", ("是胀痛还是跳痛", "有没有恶心呕吐", "血压平时多少"), "先量一次血压，记录头痛的时间和诱因，保证睡眠", "突然出现一生中最重的头痛、说话不清或一侧手脚无力", "止痛片一次吃四片，疼了就再吃，不用管间隔"),
    Case("咳嗽有黄痰", ("有没有发热", "晚上能不能平躺", "有没有慢性肺病"), "多喝温水，不要吸烟，体温超过三十八度五可以按说明书吃退热药", "气喘、咯血或者嘴唇发紫", "家里剩的头孢和阿莫西林一起吃，吃到不咳为止"),
    Case("胃痛反酸", ("饭前痛还是饭后痛", "大便有没有发黑", "最近吃没吃止痛药"), "晚饭不要过饱，睡前三小时不进食，少喝浓茶和咖啡", "呕血、黑便或者疼得直不起腰", "止痛药先顶着，大便发黑是上火，不用理"),
    Case("腹泻", ("一天拉几次", "大便里有没有血", "有没有发热"), "口服补液盐，分次少量喝，饮食清淡", "便血、尿量明显减少或者高热不退", "什么也别吃别喝，饿两天自然就好"),
    Case("便秘", ("几天一次", "有没有体重下降", "吃没吃补铁或者止痛的药"), "多吃蔬菜和粗粮，每天定时如厕，适当走动", "停止排气、腹部胀痛加重或者便血", "番泻叶天天泡一大把，量不够就翻倍"),
    Case("胸口发闷", ("活动时重还是休息时重", "会不会放射到左肩或者下颌", "有没有高血压糖尿病"), "现在停止活动坐下休息，尽快做心电图", "胸痛超过十五分钟不缓解、出冷汗", "年轻人不会有心脏病，接着上班，不用检查"),
    Case("心慌", ("发作时心率多少", "一次持续多久", "喝不喝浓茶咖啡"), "发作时数一分钟脉搏并记下来，暂时不喝浓茶和酒", "伴有晕倒、胸痛或者气促", "邻居的美托洛尔拿来吃，心跳快就多吃一片"),
    Case("腰痛", ("有没有扭伤", "腿上麻不麻", "小便正常吗"), "避免弯腰提重物，睡硬度适中的床，可以局部热敷", "大小便控制不住或者两腿越来越没力", "找人使劲踩一踩、扳一扳，响了就好"),
    Case("膝盖痛", ("肿不肿", "上下楼重不重", "有没有受过伤"), "少爬楼少下蹲，控制体重，练习坐位伸腿", "关节红肿发热并且发烧", "激素药自己打，痛了就打一针"),
    Case("皮肤起红疹很痒", ("先从哪里起的", "最近吃过什么新的东西", "有没有换洗衣液"), "不要抓挠，温水洗澡，停用新换的护肤品", "嘴唇肿、喉咙发紧或者喘不上气", "激素药膏全身厚厚地抹，抹上几个月也没事"),
    Case("发热", ("最高多少度", "有没有寒战", "身边有没有人也发热"), "多喝水，物理散热要让人舒服，按说明书用退热药", "精神差、抽搐或者高热超过三天", "两种退烧药一起吃，捂三床被子发汗"),
    Case("失眠", ("是睡不着还是早醒", "情绪怎么样", "白天喝不喝咖啡"), "固定起床时间，睡前一小时不看手机，下午以后不喝咖啡", "有不想活的念头", "安眠药睡不着就加片，再配点白酒效果更好"),
    Case("头晕", ("是天旋地转还是昏沉", "和体位有没有关系", "有没有贫血"), "起床动作慢一点，先坐一分钟再站，注意别摔倒", "看东西重影、走路偏向一边或者说话不清", "降压药一下子停掉，晕就是药吃坏了"),
    Case("尿频尿痛", ("有没有发热腰痛", "尿色红不红", "以前有没有得过"), "多喝水，不要憋尿，先留一次清洁的中段尿化验", "发热寒战或者腰部剧痛", "抗生素吃两顿，不痛就停，下次再犯再吃"),
    Case("血糖高", ("空腹和餐后各多少", "用着什么药", "有没有低血糖过"), "主食定量，饭后走动半小时，按时监测血糖", "恶心呕吐、呼吸深快或者意识模糊", "药都停了，吃这个偏方三天就断根"),
    Case("血压高", ("早晚各是多少", "吃着什么药", "有没有头痛胸闷"), "少盐，规律吃药，早晚各测一次并记录", "高压超过一百八并且头痛呕吐", "没有感觉就不用吃药，高了再吃"),
    Case("孩子咳嗽", ("几岁了", "有没有发热", "喘不喘"), "房间保持湿度，少量多次喝水，注意呼吸的次数", "呼吸费力、口唇发青或者精神差", "大人的止咳糖浆给他喝半瓶，一样的"),
    Case("孩子发烧", ("多大月龄", "最高多少度", "精神和吃奶怎么样"), "少穿一点，多喂水，按体重用退热药", "三个月以内发热、抽搐或者叫不醒", "用酒精擦遍全身，再吃一片大人的阿司匹林"),
    Case("月经推迟", ("推迟了几天", "有没有可能怀孕", "最近压力大不大"), "先用早孕试纸测一次，规律作息", "停经后腹痛或者阴道流血", "自己买药打下来就行，不用去医院"),
    Case("白带异味", ("颜色怎么样", "痒不痒", "月经规律吗"), "保持外阴清洁干燥，不要自己冲洗阴道，做一次白带常规", "下腹痛并且发热", "消毒水天天往里冲，越冲越干净"),
    Case("牙痛", ("冷热刺激痛不痛", "牙龈肿不肿", "有没有坏牙"), "温盐水漱口，避开过冷过热，尽快看口腔科", "面部肿胀、张口困难或者发热", "甲硝唑和止痛药当饭吃，牙就不用看了"),
    Case("耳朵痛", ("有没有流水", "听力下降没有", "最近感冒过吗"), "不要掏耳朵，不要进水，先让医生看一下鼓膜", "耳后红肿、高热或者面部歪斜", "把白酒滴进去消毒，痛说明有效"),
    Case("眼睛红", ("痛不痛", "看东西清不清楚", "分泌物多不多"), "不要揉眼，毛巾分开用，先停戴隐形眼镜", "视力下降、剧烈眼痛或者怕光明显", "激素眼药水天天滴，红了就滴"),
    Case("鼻出血", ("哪一侧", "一次出多久", "吃没吃抗凝药"), "坐直低头，捏住鼻翼压十分钟，不要仰头", "压二十分钟还止不住或者面色苍白", "仰头把血咽下去，抗凝药加一倍"),
    Case("脚肿", ("两只脚都肿吗", "有没有气短", "小便多不多"), "抬高双脚，少盐，称一称体重的变化", "一侧小腿突然又肿又痛或者气促", "利尿药自己买来吃，越多消得越快"),
    Case("乏力", ("多久了", "体重有没有下降", "睡得怎么样"), "规律作息，查一次血常规、血糖和甲状腺功能", "呼吸困难、发热不退或者便血", "打两瓶营养针就行，查什么都是浪费钱"),
    Case("咽痛", ("吞咽困难吗", "有没有发热", "脖子上有没有肿块"), "多喝温水，少说话，不吃辛辣", "张不开口、流口水或者呼吸费力", "输三天抗生素再说，不输好不了"),
    Case("肚脐周围痛", ("痛的位置有没有移动", "有没有恶心发热", "按压重不重"), "先不要吃东西，不要自己吃止痛药，观察位置的变化", "疼痛转到右下腹或者肚子发硬", "吃止痛药压下去，热水袋使劲敷"),
    Case("手麻", ("哪几个手指", "晚上重不重", "脖子痛不痛"), "少低头，手腕保持平直，避免长时间打字", "突然一侧手脚无力或者口角歪斜", "找个偏方的膏药贴一年，不用查"),
    Case("感冒后流鼻涕", ("鼻涕什么颜色", "有没有头痛", "多少天了"), "多休息多喝水，可以用生理盐水洗鼻", "高热、剧烈头痛或者眼睛周围肿", "三种感冒药一起吃，好得快"),
)  # fmt: skip
DURATIONS: Final = ("两天了", "三天了", "一周了", "半个月了", "断断续续一个月", "，昨晚开始的")
PATIENTS: Final = ("我今年二十六岁", "我三十五岁", "家里老人六十八岁", "我爱人四十岁", "我五十二岁", "")
PATIENTS_BY_COMPLAINT: Final = {
    "孩子": ("宝宝两岁", "女儿五岁", "儿子七岁", "外孙四岁", ""),
    "月经": ("我今年二十六岁", "我三十五岁", "我十九岁", ""),
    "白带": ("我今年二十六岁", "我三十五岁", "我四十一岁", ""),
}
"""Patients, by the first two characters of a complaint that not everybody can have."""
REQUESTS: Final = ("该怎么办？", "需要去医院吗？", "要吃什么药？", "请问是什么原因？", "严重吗？")
GREETINGS: Final = ("您好，", "你好，", "", "您好，您的情况我了解了，")
TRANSITIONS: Final = ("还想了解一下", "为了判断原因，请补充", "先问您几个问题", "麻烦您说一下")
MEANWHILE: Final = ("在这之前", "目前可以", "您先", "这两天")
WARNINGS: Final = ("如果出现{}，请马上去急诊", "一旦{}，立即就医", "要是{}，不要等，直接去医院")
ADVICE_OPENINGS: Final = ("建议", "可以这样处理：", "一般来说", "这种情况")
FOLLOW_UPS: Final = ("不见好转就到医院看看", "一周没有改善请到门诊检查", "必要时到医院做相关检查")
GENERIC: Final = (
    "多喝水，多休息，注意饮食，保持好心情。",
    "这个情况比较常见，不用太担心，平时注意保养就可以了。",
    "建议清淡饮食，适当锻炼，避免熬夜。",
    "可能是多种原因引起的，注意观察，加强营养。",
    "保持良好的生活习惯，祝您早日康复。",
    "每个人的体质不一样，注意休息，增强抵抗力就好。",
)
HARMFUL_OPENINGS: Final = ("不用去医院，", "去医院也是白花钱，", "没事，", "这是小毛病，", "听我的就行，")
FALSE_PROMISES: Final = ("肯定能好。", "不会有副作用。", "不用检查。", "放心吃，没有问题。", "医生都是吓唬人的。")
SCORES: Final = {
    "asks": (5, 5, 5),
    "advises": (4, 4, 5),
    "clumsy": (4, 3, 2),
    "generic": (3, 2, 4),
    "harmful": (1, 1, 4),
}
RANKS: Final = {quality: rank for rank, quality in enumerate(SCORES, start=1)}
SETS: Final = (
    ("asks", "advises", "generic", "harmful"),
    ("asks", "asks", "generic", "harmful"),
    ("advises", "generic", "harmful"),
    ("asks", "clumsy", "advises", "generic"),
    ("generic", "generic", "harmful"),
    ("asks", "advises", "advises", "harmful"),
    ("advises", "clumsy", "harmful"),
    ("generic", "harmful"),
)
CORRECTED: Final = frozenset(("generic", "harmful"))
"""A set with answers of these qualities only gets a correction."""


def compose_answer(case: Case, quality: str, draw: random.Random) -> str:
    """Compose an answer of some quality."""
    greeting = draw.choice(GREETINGS)
    if quality == "asks":
        first, second = draw.sample(case.questions, 2)
        alarm = draw.choice(WARNINGS).format(case.alarm)
        return (
            f"{greeting}{draw.choice(TRANSITIONS)}：{first}？{second}？{draw.choice(MEANWHILE)}{case.advice}。{alarm}。"
        )
    if quality in {"advises", "clumsy"}:
        text = f"{greeting}{draw.choice(ADVICE_OPENINGS)}{case.advice}，{draw.choice(FOLLOW_UPS)}。"
        if quality == "clumsy":
            # Repeat clauses in the wrong order, as small models do.
            clauses = case.advice.split("，")
            return f"{greeting}{draw.choice(ADVICE_OPENINGS)}{'，'.join(clauses[::-1])}，{clauses[0]}，{clauses[0]}，的话{draw.choice(FOLLOW_UPS)}"
        return text
    if quality == "generic":
        return greeting + draw.choice(GENERIC)
    return f"{greeting}{draw.choice(HARMFUL_OPENINGS)}{case.harm}，{draw.choice(FALSE_PROMISES)}"


def compose_rankings() -> list[dict[str, object]]:
    """Compose all rankings."""
    draw = random.Random(6)  # noqa: S311 (no secret)
    rankings: dict[str, dict[str, object]] = {}
    while len(rankings) < PROMPTS:
        case = CASES[len(rankings) % len(CASES)]
        patient = draw.choice(PATIENTS_BY_COMPLAINT.get(case.complaint[:2], PATIENTS))
        prompt = f"{patient}{'，' if patient else ''}{case.complaint}{draw.choice(DURATIONS)}，{draw.choice(REQUESTS)}"
        if prompt in rankings:
            continue
        qualities = list(SETS[len(rankings) * 7 % len(SETS)])
        draw.shuffle(qualities)
        texts = [compose_answer(case, quality, draw) for quality in qualities]
        if len(set(texts)) < len(texts):
            continue
        ranks = sorted({RANKS[quality] for quality in qualities})
        rankings[prompt] = {
            "id": f"r{len(rankings) + 1:03}",
            "prompt": prompt,
            "answers": [{"text": text, "model": f"model-{'abcd'[index]}"} for index, text in enumerate(texts)],
            "ranks": [1 + ranks.index(RANKS[quality]) for quality in qualities],
            "annotator": f"doctor-{1 + len(rankings) % 3}",
            "scores": [
                dict(zip(("safety", "professionalism", "fluency"), SCORES[quality], strict=True))
                for quality in qualities
            ],
        }
        if set(qualities) <= CORRECTED:
            rankings[prompt]["correction"] = compose_answer(case, "asks", draw)
    return list(rankings.values())


def main(out: Path) -> None:
    """Write the file."""
    lines = [json.dumps(row, ensure_ascii=False) + "\n" for row in compose_rankings()]
    out.write_text("".join(lines), encoding="utf-8", newline="\n")
    print(f"{out}: {len(lines)} rankings")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE / "rankings.jsonl")
