"""Small crawls of kinds that neither names nor one column tell: each is a folder of files. All dialogues are invented."""

from __future__ import annotations

import json
from itertools import zip_longest

from tests.support.crawls import CASES, DIALOGUES, PAIRS

NOTICE = "本次咨询已开始，医生会尽快回复。"
ENDING = "咨询已结束，祝您健康。"


def _lines(values):
    return "".join(json.dumps(value, ensure_ascii=False) + "\n" for value in values)


def _interleave(delimiter, header, make):
    rows = [
        (n + 17 * i, make(f"{7000 + n}", 1600000000000 + 61000 * (n + 17 * i) + 7, role, text))
        for n, dialogue in enumerate(DIALOGUES)
        for i, (role, text) in enumerate(dialogue)
    ]
    return "\n".join([header, *(delimiter.join(row) for _, row in sorted(rows, key=lambda item: item[0]))]) + "\n"


def _with_notices(codes, role, text):
    return _lines(
        {
            "ticket": n,
            "items": [
                {role: codes["system"], text: NOTICE},
                *({role: codes[r], text: t} for r, t in dialogue[:2]),
                {role: codes["system"], text: ENDING},
                *({role: codes[r], text: t} for r, t in dialogue[2:]),
            ],
        }
        for n, dialogue in enumerate(DIALOGUES)
    )


def _question_page(number, answers=1):
    _, symptom, turns = CASES[number]
    others = "".join(
        f'<li><a href="/q/{n}">{CASES[n][1]}怎么回事</a></li>' for n in (number - 1, number - 2, number - 3)
    )
    replies = "".join(
        f'<div class="reply-box"><div class="who"><b>{name}</b><i>主治医师</i></div><div class="say">{turns[index]}</div>'
        f'<div class="bar">2021-03-0{index} 10:2{number % 10} 有用({number})</div></div>'
        for name, index in (("赵明", 3), ("钱立", 1))[:answers]
    )
    return (
        f"<html><head><title>{symptom}</title><style>.a{{}}</style></head><body><div class='top'><a>首页</a><a>找医生</a>"
        f"<a>健康百科</a></div><div class='crumb'>问答 &gt; {CASES[number][0]}</div><div class='ask-box'>"
        f"<h1 class='head'>{symptom}怎么办</h1><p class='about'>女 3{number % 10}岁 2021-03-0{1 + number % 8}</p>"
        f"<div class='detail'>{turns[0]}</div></div><h3>医生回答</h3>{replies}"
        f"<div class='more'><h4>相关问题</h4><ul>{others}</ul></div><div class='foot'>关于我们 联系客服 网站地图</div>"
        "</body></html>"
    )


def _records(number, title, head, ending):
    _, symptom, turns = CASES[number]
    talk = "\n".join(f"{'患者' if r == 'user' else '医生'}：{t}" for r, t in DIALOGUES[number])
    return (
        head.format(n=number + 1, symptom=symptom) + title + talk + "\n" + ending.format(symptom=symptom, turn=turns[3])
    )


def make_unseen():
    """Return the crawls: by name, the texts of their files by name, and the dialogues in them."""
    user_doctor = {"user": "CLIENT", "assistant": "DR", "system": "SYS"}
    numbers = {"user": "0", "assistant": "1", "system": "2"}
    notices = {"user": "c", "assistant": "s", "system": "n"}
    short = {"user": "求", "assistant": "应"}
    asked = {"user": "问", "assistant": "答"}
    doctors = ("周医生", "吴主任", "郑医师")
    nicknames = (
        "小雨点",
        "向日葵",
        "大海",
        "清风徐来",
        "布丁",
        "麦田",
        "阿远",
        "晨曦",
        "木木",
        "琳子",
        "老槐",
        "一叶舟",
    )
    return {
        "complaint_beside_list": (
            {
                "a.jsonl": _lines(
                    {
                        "n": n,
                        "cc": f"{CASES[n][1]}反复一个月，想知道是怎么回事",
                        "talk": [{"side": {"user": "patient", "assistant": "doctor"}[r], "t": t} for r, t in d[1:]],
                        "dx": f"{CASES[n][1]}待查，考虑慢性病",
                    }
                    for n, d in enumerate(DIALOGUES)
                )
            },
            [[("user", f"{CASES[n][1]}反复一个月，想知道是怎么回事"), *d[1:]] for n, d in enumerate(DIALOGUES)],
        ),
        "interleaved_flag": (
            {
                "a.csv": _interleave(
                    ",",
                    "k,when,flag,words",
                    lambda k, at, r, t: (k, str(at), str(int(r != "user")), t.replace(",", "，")),
                )
            },
            DIALOGUES,
        ),
        "interleaved_letters": (
            {
                "a.tsv": _interleave(
                    "\t", "at\tconv\twords\tw", lambda k, at, r, t: (str(at), k, t, {"user": "b", "assistant": "y"}[r])
                )
            },
            DIALOGUES,
        ),
        "upper_case_notices": ({"a.jsonl": _with_notices(user_doctor, "senderRole", "txt")}, DIALOGUES),
        "numbered_notices": ({"a.jsonl": _with_notices(numbers, "kind", "body")}, DIALOGUES),
        "coded_notices": ({"a.jsonl": _with_notices(notices, "x", "y")}, DIALOGUES),
        "asked_in_one_line": (
            {"a.txt": "\n".join("".join(f"{asked[r]}：{t}" for r, t in d) for d in DIALOGUES) + "\n"},
            DIALOGUES,
        ),
        "numbered_lines": (
            {
                "a.txt": "\n".join(
                    f"[{n:03}] " + " ".join(f"{asked[r]}：{t}" for r, t in d) for n, d in enumerate(DIALOGUES)
                )
            },
            DIALOGUES,
        ),
        "short_labels_in_one_line": (
            {"a.txt": "\n".join("".join(f"{short[r]}:{t}" for r, t in d) for d in DIALOGUES) + "\n"},
            DIALOGUES,
        ),
        "tab_labels": (
            {
                "a.txt": "\n\n".join(
                    "\n".join(f"{'user' if r == 'user' else '医生'}\t{t}" for r, t in d) for d in DIALOGUES
                )
            },
            DIALOGUES,
        ),
        "unknown_tab_labels": (
            {"a.txt": "\n\n".join("\n".join(f"{short[r]}\t{t}" for r, t in d) for d in DIALOGUES)},
            DIALOGUES,
        ),
        "changing_nicknames": (
            {
                "a.txt": "\n\n".join(
                    "\n".join(f"{nicknames[n] if r == 'user' else doctors[n % 3]}：{t}" for r, t in d)
                    for n, d in enumerate(DIALOGUES)
                )
            },
            DIALOGUES,
        ),
        "unknown_beside_known": (
            {
                "a.txt": "\n\n".join(
                    "\n".join(f"{'小主' if r == 'user' else '医师'}:{t}" for r, t in d) for d in DIALOGUES
                )
            },
            DIALOGUES,
        ),
        "question_pages": (
            {f"{n:03}.html": _question_page(n) for n in range(len(CASES))},
            PAIRS,
        ),
        "pages_of_two_answers": (
            {f"{n:03}.html": _question_page(n, answers=2) for n in range(len(CASES))},
            [[("user", t[0]), ("assistant", f"{t[3]}\n{t[1]}")] for _, _, t in CASES],
        ),
        "pages_of_one_class": (
            {
                f"{n}.html": f"<body><div id='menu'><a>首页</a></div><section class='q wrap'><h2>{CASES[n][1]}</h2><p>{d[0][1]}</p>"
                f"</section><section class='a wrap'><h2>李医生 副主任医师</h2><p>{d[1][1]}</p></section><aside>养生知识大全，天天更新</aside></body>"
                for n, d in enumerate(PAIRS)
            },
            PAIRS,
        ),
        "pages_of_ids": (
            {
                f"{n}.html": f"<body><h1>{CASES[n][1]}</h1><div id='ask'><div class='txt'>{d[0][1]}</div><span>提问时间 2020-0{1 + n % 9}-11"
                f"</span></div><div id='reply'><b>王宁 主任医师</b><div class='txt'>{d[1][1]}</div></div></body>"
                for n, d in enumerate(PAIRS)
            },
            PAIRS,
        ),
        "bracketed_sections": (
            {
                "a.txt": "\n".join(
                    _records(
                        n,
                        "〔交流〕\n",
                        "〔编号〕{n}\n〔过敏〕无\n",
                        "〔结论〕{symptom}待查\n〔用药〕遵医嘱\n～～～～～～",
                    )
                    for n in range(len(CASES))
                )
            },
            DIALOGUES,
        ),
        "labelled_endings": (
            {
                "a.txt": "\n\n".join(
                    _records(n, "", "", "处方：对症用药三天，{symptom}加重时复诊\n诊断：{symptom}待查")
                    for n in range(len(CASES))
                )
            },
            DIALOGUES,
        ),
        "wrapped_pairs": (
            {
                f"p{page}.json": json.dumps(
                    {
                        "status": 200,
                        "result": {
                            "total": 12,
                            "rows": [
                                {
                                    "qid": n,
                                    "askText": CASES[n][2][0],
                                    "backText": CASES[n][2][3],
                                    "docName": "赵明",
                                    "hosp": "某市医院",
                                }
                                for n in range(page * 6, page * 6 + 6)
                            ],
                        },
                    },
                    ensure_ascii=False,
                )
                for page in range(2)
            },
            PAIRS,
        ),
        "numbered_columns": (
            {
                "a.csv": "id,inq_1,res_1,inq_2,res_2\n"
                + "".join(
                    ",".join([str(n), *(t for t, _ in zip_longest(d[: 2 if n % 3 else 4], range(4), fillvalue=""))])
                    + "\n"
                    for n, d in enumerate([[t for _, t in d] for d in DIALOGUES])
                )
            },
            [d[: 2 if n % 3 else 4] for n, d in enumerate(DIALOGUES)],
        ),
        "keyed_turns": (
            {"a.jsonl": _lines({f"u{i}": f"{short[r]}: {t}" for i, (r, t) in enumerate(d, 1)} for d in DIALOGUES)},
            DIALOGUES,
        ),
        "literal_line_feeds": (
            {
                "a.txt": "\n".join(
                    "\\n".join(f"{'患者' if r == 'user' else '医生'}：{t}" for r, t in d) for d in DIALOGUES
                )
            },
            DIALOGUES,
        ),
        "own_line_labels": (
            {
                "a.txt": "~ ~ ~\n".join(
                    "".join(f"{'求医人' if r == 'user' else '应答人'}：\n    {t}\n" for r, t in d) for d in DIALOGUES
                )
            },
            DIALOGUES,
        ),
        "replies_of_both": (
            {
                "a.json": json.dumps(
                    {
                        "records": [
                            {
                                "question": d[0][1],
                                "follows": [
                                    {"utype": {"user": "网友", "assistant": "医生"}[r], "answer_text": t}
                                    for r, t in d[1:]
                                ],
                            }
                            for d in DIALOGUES
                        ]
                    },
                    ensure_ascii=False,
                )
            },
            DIALOGUES,
        ),
    }
