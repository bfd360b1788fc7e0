"""Small crawls whose labels, speakers and places are of forms that no list of names has. All dialogues are invented."""

from __future__ import annotations

import json

from tests.support.crawls import CASES, DIALOGUES, PAIRS

NICKS = ["小满", "木棉花", "Rita", "老周", "晨跑", "豆子妈", "北岸", "青柠", "一粒米", "云上", "阿岳", "半夏"]
HELPERS = ["柳青", "方远", "Momo"]


def _lines(values):
    return "".join(json.dumps(value, ensure_ascii=False) + "\n" for value in values)


def _texts(label, between="\n\n", join="\n"):
    return between.join(
        join.join(label(number, place, role, text) for place, (role, text) in enumerate(dialogue))
        for number, dialogue in enumerate(DIALOGUES)
    )


def _name(role, patient="求诊", doctor="坐堂"):
    return patient if role == "user" else doctor


def _nick(number, role):
    return NICKS[number] if role == "user" else HELPERS[number % len(HELPERS)] + str(number)


def make_more_crawls():
    """Return the crawls: by name of the file, its text and the dialogues in it."""
    rows = []
    for number, dialogue in enumerate(DIALOGUES):
        start = 1_650_000_000 + 7 * number
        rows.append((start, number + 3, 10000, 0, f"你已添加了{NICKS[number]}，现在可以开始聊天了。"))
        rows += [
            (start + 60 * (place + 1), number + 3, 1, int(role != "user"), text)
            for place, (role, text) in enumerate(dialogue)
        ]
    rows.sort()
    opened = [
        [("user", f"{sign}两周了，想请医生看看"), ("assistant", "您好，请问现在哪里最不舒服？"), *dialogue]
        for (_, sign, _), dialogue in zip(CASES, DIALOGUES, strict=True)
    ]
    return {
        "arrows.txt": (_texts(lambda _n, _i, r, t: f"{_name(r)} -> {t}"), DIALOGUES),
        "stamped.txt": (
            _texts(lambda n, i, r, t: f"2021-0{i + 1}-11 09:1{i}:2{i} {_nick(n, r)}\n{t}\n", "\n=====\n"),
            DIALOGUES,
        ),
        "recognized.txt": (
            _texts(lambda _n, i, r, t: f"说话人 {1 if r == 'user' else 2}   00:0{i}\n{t}\n", "\n----\n"),
            DIALOGUES,
        ),
        "numbered.txt": (
            "\n\n".join(f"疑问{n}：{t[0]}\n解惑{n}：{t[3]}" for n, (_, _, t) in enumerate(CASES, start=1)),
            PAIRS,
        ),
        "endings.txt": (
            "\n\n".join(
                "\n".join(f"{'患者' if r == 'user' else '医生'}：{t}" for r, t in d)
                + f"\n【印象】\n{sign}待查\n【处置】门诊随诊"
                for (_, sign, _), d in zip(CASES, DIALOGUES, strict=True)
            ),
            DIALOGUES,
        ),
        "brackets.txt": (_texts(lambda _n, _i, r, t: f"[{_name(r)}] {t}", "\n", " "), DIALOGUES),
        "marks.csv": (
            "id,talk\n" + "".join(
                f"{n}," + "||".join(f"{_name(r)}:{t}" for r, t in d) + "\n" for n, d in enumerate(DIALOGUES)
            ),
            DIALOGUES,
        ),
        "unnamed_marks.csv": (
            "id,talk\n" + "".join(f"{n}," + "<sep>".join(t for _, t in d) + "\n" for n, d in enumerate(DIALOGUES)),
            DIALOGUES,
        ),
        "nicknames.jsonl": (
            _lines({"sid": n, "log": [{"nick": _nick(n, r), "msg": t} for r, t in d]} for n, d in enumerate(DIALOGUES)),
            DIALOGUES,
        ),
        "nested.jsonl": (
            _lines({"log": [{"from": {"kind": _name(r, "U", "D")}, "body": {"words": t}} for r, t in d]} for d in DIALOGUES),
            DIALOGUES,
        ),
        "parallel.jsonl": (
            _lines({"pat": [t for _, t in d[::2]], "doc": [t for _, t in d[1::2]]} for d in DIALOGUES),
            DIALOGUES,
        ),
        "mixed.csv": (
            "epoch,peer,kind,mine,words\n" + "".join(",".join(map(str, row)) + "\n" for row in rows),
            DIALOGUES,
        ),
        "rounds.csv": (
            "号,第1轮甲,第1轮乙,第2轮甲,第2轮乙\n" + "".join(
                ",".join([str(n), *(t for _, t in d)]) + "\n" for n, d in enumerate(DIALOGUES)
            ),
            DIALOGUES,
        ),
        "named_terms.html": (
            "<html><body>" + "".join(
                "<section><dl>" + "".join(f"<dt>{_name(r)}</dt><dd>{t}</dd>" for r, t in d) + "</dl></section>"
                for d in DIALOGUES
            ) + "</body></html>",
            DIALOGUES,
        ),
        "described.html": (
            "<html><body>" + "".join(
                f'<article><div class="about">{d[0][1]}</div><ul>' + "".join(
                    f'<li class="{_name(r, "me", "he")}"><p>{t}</p></li>' for r, t in d[1:]
                ) + "</ul></article>"
                for d in opened
            ) + "</body></html>",
            opened,
        ),
    }  # fmt: skip
