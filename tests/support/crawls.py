"""Small crawls in forms whose names say nothing: what `cmtmed.inspect` must read by content. All dialogues are invented."""

from __future__ import annotations

import csv
import io
import json

CASES = [
    ("消化内科", "胃胀", ["最近两个月饭后总是胃胀，还老打嗝，我该怎么办？", "您好，有没有反酸、烧心？做过胃镜吗？", "反酸有一点，没有做过胃镜。", "建议先查幽门螺杆菌，清淡饮食，必要时做胃镜。"]),
    ("儿科", "咳嗽", ["我家孩子三岁，咳嗽一周了，夜里更厉害，请问要吃什么药？", "孩子发烧吗？有没有痰？", "没有发烧，早上有点白痰。", "可以先雾化，多喝水，注意观察呼吸，加重时及时就诊。"]),
    ("心内科", "心慌", ["我这几天心慌，晚上睡不着，是不是心脏有问题？", "您多大年纪？有没有高血压病史？", "今年四十五岁，血压一直不高。", "建议您做一个动态心电图，避免熬夜和浓茶咖啡。"]),
    ("皮肤科", "湿疹", ["手上起了小水泡，特别痒，医生说是湿疹，怎么治？", "有没有接触过洗涤剂？持续多久了？", "天天洗碗，大概半个月了。", "根据您的描述，考虑接触性湿疹，戴手套，外用糖皮质激素软膏，每日两次。"]),
    ("骨科", "腰痛", ["我妈妈腰疼三年了，最近腿也麻，谢谢医生看看。", "腿麻到哪里？走路会加重吗？", "麻到小腿外侧，走十分钟就得歇。", "考虑腰椎管狭窄，建议拍腰椎磁共振，避免弯腰负重。"]),
    ("妇科", "痛经", ["我从去年开始痛经，吃了止痛药也不管用，严重吗？", "月经规律吗？做过妇科彩超没有？", "规律的，彩超还没有做。", "建议月经干净后做妇科彩超，排除子宫腺肌症，注意保暖。"]),
    ("呼吸科", "哮喘", ["我一到春天就喘，今天又犯了，吸入药可以一直用吗？", "您目前用的是什么吸入剂？每天几次？", "布地奈德，早晚各一吸。", "可以按医嘱规律使用，不要自行停药，三个月复查肺功能。"]),
    ("内分泌科", "血糖", ["体检空腹血糖七点二，我想知道这算糖尿病吗？", "有没有口干、体重下降？父母有糖尿病吗？", "有点口干，我爸有糖尿病。", "建议复查空腹和餐后两小时血糖及糖化血红蛋白，控制主食，适量运动。"]),
    ("神经内科", "头晕", ["昨天起床突然头晕，天旋地转，还恶心，怎么回事？", "每次持续多长时间？和翻身有关系吗？", "一翻身就晕，大概半分钟。", "考虑耳石症，建议到耳鼻喉科做手法复位，避免突然转头。"]),
    ("眼科", "眼干", ["我看电脑久了眼睛干涩，有时还发红，可以滴什么药水？", "戴隐形眼镜吗？每天用电脑几个小时？", "不戴，每天八个小时以上。", "建议使用人工泪液，每日四次，每小时休息十分钟，多眨眼。"]),
    ("泌尿科", "尿频", ["我老公最近总是尿频尿急，晚上要起四五次，是前列腺问题吗？", "他今年多大？有没有尿痛、血尿？", "五十八岁了，没有尿痛。", "建议做前列腺彩超和PSA检查，少喝浓茶，避免久坐。"]),
    ("耳鼻喉科", "鼻塞", ["一到换季我就鼻塞流清涕打喷嚏，吃感冒药没有用，怎么办？", "有没有过敏史？眼睛痒不痒？", "小时候对花粉过敏，眼睛也痒。", "考虑过敏性鼻炎，建议口服抗组胺药，鼻喷激素，避免接触花粉。"]),
]  # fmt: skip
ROLES = ("user", "assistant", "user", "assistant")
PAIRS = [[("user", turns[0]), ("assistant", turns[3])] for _, _, turns in CASES]
DIALOGUES = [list(zip(ROLES, turns, strict=True)) for _, _, turns in CASES]


def _write_csv(rows, delimiter=","):
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, lineterminator="\n").writerows(rows)
    return text.getvalue()


def _lines(values):
    return "".join(json.dumps(value, ensure_ascii=False) + "\n" for value in values)


def _page(dialogues, turn, wrap=lambda body: f'<div class="box">{body}</div>'):
    body = "".join(
        wrap("".join(turn(index, role, text) for index, (role, text) in enumerate(dialogue))) for dialogue in dialogues
    )
    return (
        f'<html><head><title>问诊</title></head><body><div class="nav">首页 找医生 健康百科</div>{body}</body></html>'
    )


def make_crawls():
    """Return the crawls: by name of the file, its text and the dialogues in it."""
    codes = {"user": "P", "assistant": "D"}
    letters = {"user": "甲", "assistant": "乙"}
    sides = {"user": "left", "assistant": "right"}
    turns = [
        {"k": f"c{n}", "n": i, "w": {"user": 1, "assistant": 2}[role], "t": text}
        for n, dialogue in enumerate(DIALOGUES)
        for i, (role, text) in enumerate(dialogue)
    ]
    return {
        "no_header.csv": (_write_csv([d, t[0], t[3]] for d, _, t in CASES), PAIRS),
        "no_header_pipe.txt": (_write_csv(([t[3], t[0], d] for d, _, t in CASES), "|"), PAIRS),
        "unknown_columns.csv": (_write_csv([["f1", "f2", "f3"], *([d, t[3], t[0]] for d, _, t in CASES)]), PAIRS),
        "unknown_keys.jsonl": (_lines({"bq": d, "hz_nr": t[0], "ys_nr": t[3]} for d, _, t in CASES), PAIRS),
        "title_column.csv": (
            _write_csv([["a1", "a2", "a3"], *([f"{s}怎么办", t[0], t[3]] for _, s, t in CASES)]),
            [[("user", f"{s}怎么办{t[0]}"), ("assistant", t[3])] for _, s, t in CASES],
        ),
        "codes.jsonl": (
            _lines({"sid": n, "log": [{"w": codes[r], "t": t} for r, t in d]} for n, d in enumerate(DIALOGUES)),
            DIALOGUES,
        ),
        "numbers.json": (
            json.dumps(
                [{"list": [{"type": int(r == "user"), "words": t} for r, t in d]} for d in DIALOGUES],
                ensure_ascii=False,
            ),
            DIALOGUES,
        ),
        "truths.json": (
            json.dumps(
                {"rows": [{"talk": [{"is_doc": r != "user", "say": t} for r, t in d]} for d in DIALOGUES]},
                ensure_ascii=False,
            ),
            DIALOGUES,
        ),
        "flat_texts.jsonl": (_lines({"no": n, "utts": [t for _, t in d]} for n, d in enumerate(DIALOGUES)), DIALOGUES),
        "bare_lists.jsonl": (_lines([t for _, t in d] for d in DIALOGUES), DIALOGUES),
        "keyed_turns.jsonl": (_lines({"x": [{codes[r]: t} for r, t in d]} for d in DIALOGUES), DIALOGUES),
        "utterances.csv": (
            _write_csv([["k", "n", "w", "t"], *([*turn.values()] for turn in turns)]),
            DIALOGUES,
        ),
        "shuffled.jsonl": (_lines(turns[::-1]), DIALOGUES),
        "letters.txt": (
            "\n\n".join("\n".join(f"{letters[r]}：{t}" for r, t in d) for d in DIALOGUES),
            DIALOGUES,
        ),
        "nicknames.txt": (
            "\n".join(
                f"=== 咨询{n} ===\n" + "\n".join(f"{'小白' if r == 'user' else '暖阳'}: {t}" for r, t in d)
                for n, d in enumerate(DIALOGUES, start=1)
            ),
            DIALOGUES,
        ),
        "ab.txt": (
            "\n\n".join("\n".join(f"{'A' if r == 'user' else 'B'}: {t}" for r, t in d) for d in DIALOGUES),
            DIALOGUES,
        ),
        "labelled_cell.csv": (
            _write_csv([["id", "c"], *([n, "\n".join(f"{letters[r]}：{t}" for r, t in d)] for n, d in enumerate(DIALOGUES))]),
            DIALOGUES,
        ),
        "blocks.txt": ("\n\n".join(f"{t[0]}\n{t[3]}" for _, _, t in CASES), PAIRS),
        "alternating.txt": ("\n\n".join("\n".join(t for _, t in d) for d in DIALOGUES), DIALOGUES),
        "sides.html": (
            _page(DIALOGUES, lambda _i, r, t: f'<div class="msg {sides[r]}"><i>10:0{_i}</i><p class="tx">{t}</p></div>'),
            DIALOGUES,
        ),
        "items.html": (
            _page(DIALOGUES, lambda _i, r, t: f'<li data-u="{codes[r]}"><b>{_i}</b><span class="c">{t}</span></li>',
                  lambda body: f"<ul>{body}</ul>"),
            DIALOGUES,
        ),
        "rows.html": (
            _page(DIALOGUES, lambda _i, r, t: f"<tr><td>{'患者' if r == 'user' else '医生'}</td><td>{t}</td></tr>",
                  lambda body: f"<table>{body}</table>"),
            DIALOGUES,
        ),
        "question_answer.html": (
            _page(PAIRS, lambda _i, r, t: f'<div class="{"wt" if r == "user" else "hd"}">{t}</div>'),
            PAIRS,
        ),
        "terms.html": (
            _page(PAIRS, lambda _i, r, t: f"<dt>{t}</dt>" if r == "user" else f"<dd>{t}</dd>",
                  lambda body: f"<dl>{body}</dl>"),
            PAIRS,
        ),
    }  # fmt: skip
