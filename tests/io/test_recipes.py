"""Each recipe reads its corpus in the published form; the rows here are written for this project."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from cmtmed.io.declared_fields import check_declared
from cmtmed.io.read import read_file
from cmtmed.pipeline import Pipeline
from cmtmed.pipeline_file import list_bundled, locate_pipeline

ROOT = Path(__file__).parents[2]
DATA = ROOT.parent / "shared/data"
RECIPES = [name for name in list_bundled() if name.startswith("sources/")]

ASK, ASKS, HOT, REST = "孩子咳嗽三天了怎么办？", "多大了？有没有痰？", "五岁，有黄痰。", "先查血常规，多喝水。"
FORMS = {
    "cmtmedqa_corpus": ("a.json", f'[{{"id": "x1", "cate1": "儿科", "cate2": "呼吸", "instruction": "{HOT}", "input": "", "output": "{REST}", "history": [["{ASK}", "{ASKS}"]]}}, {{"id": "x2", "instruct": "{ASK}", "output": "{REST}"}}]', [[ASK, ASKS, HOT, REST], [ASK, REST]]),
    "huatuo26m": ("a.jsonl", f'{{"id": 1, "answer": "{REST}", "score": 4, "label": "儿科", "question": "{ASK}", "related_diseases": "支气管炎"}}', [[ASK, REST]]),
    "huatuo_encyclopedia": ("a.jsonl", f'{{"questions": ["{ASK}", "小孩咳嗽咋办"], "answers": ["{REST}"]}}', [[ASK, REST]]),
    "toyhom": ("a.csv", f"department,title,ask,answer\n儿科,咳嗽,{ASK},{REST}\n".encode("gb18030"), [[ASK, REST]]),
    "meddg": ("a.json", f'[[{{"id": "dis", "sentence": "{ASK}", "sym": ["咳嗽"], "medical": [], "check": [], "prop": [], "diease": []}}, {{"id": "doc", "sentence": "{ASKS}", "sym": [], "medical": [], "check": [], "prop": ["时长"], "diease": []}}], [{{"id": "dis", "sentence": "{HOT}", "sym": [], "medical": [], "check": [], "prop": [], "diease": []}}, {{"id": "doc", "sentence": "{REST}", "sym": [], "medical": [], "check": ["血常规"], "prop": [], "diease": []}}]]', [[ASK, ASKS], [HOT, REST]]),
    "imcs21": ("a.json", f'{{"10001": {{"diagnosis": "支气管炎", "self_report": "{ASK}", "dialogue": [{{"sentence_id": "1", "speaker": "医生", "sentence": "{ASKS}"}}, {{"sentence_id": "2", "speaker": "患者", "sentence": "{HOT}"}}, {{"sentence_id": "3", "speaker": "医生", "sentence": "{REST}"}}]}}, "10002": {{"diagnosis": "感冒", "self_report": "{HOT}", "dialogue": [{{"sentence_id": "1", "speaker": "医生", "sentence": "{REST}"}}]}}}}', [[ASK, ASKS, HOT, REST], [HOT, REST]]),
    "meddialog_cn": ("a.txt", f"id=1\nhttps://example.org/1\nDoctor faculty\n儿童医院 呼吸科\n\nDescription\n疾病：\n咳嗽\n\n病情描述：\n{ASK}\n\n曾经治疗情况和效果：\n吃过止咳糖浆。\n\n想得到怎样的帮助：\n用什么药？\n\nDialogue\n医生：\n{ASKS}\n病人：\n{HOT}\n医生：\n{REST}\n\nDiagnosis and suggestions\n病情摘要及初步印象：\n支气管炎\n\nid=2\nhttps://example.org/2\nDoctor faculty\n儿童医院 呼吸科\n\nDescription\n疾病：\n咳嗽\n\n病情描述（发病时间、主要症状、就诊医院等）：\n{ASK}\n\nDialogue\n病人：\n{HOT}\n医生：\n{REST}\n", [[ASK, "吃过止咳糖浆。", "用什么药？", ASKS, HOT, REST], [ASK, HOT, REST]]),
    "huatuogpt_sft": ("a.jsonl", f'{{"data": ["问：{ASK}", "答：{REST}"]}}\n{{"data": ["问：{HOT}", "答：{REST}"]}}', [[ASK, REST], [HOT, REST]]),
    "disc_med_sft": ("a.jsonl", f'{{"_id": "a", "source": "x", "conversation": [{{"role": "user", "content": "{ASK}"}}, {{"role": "assistant", "content": "{REST}"}}]}}', [[ASK, REST]]),
    "chatmed": ("a.json", f'{{"query": "{ASK}", "response": "{REST}"}}', [[ASK, REST]]),
    "firefly": ("a.jsonl", f'{{"kind": "MedicalQA", "input": "{ASK}", "target": "{REST}"}}', [[ASK, REST]]),
    "bentsao": ("a.json", f'{{"instruction": " <user>: {ASK} <bot>: {ASKS} <user>: {HOT}", "output": "{REST}"}}', [[ASK, ASKS, HOT, REST]]),
    "webmedqa": ("a.txt", f"儿科\t1\t17\t{ASK}\t{REST}\n儿科\t0\t17\t{ASK}\t{ASKS}\n", [[ASK, REST], [ASK, ASKS]]),
    "cmedqa2": ("cmedqa2.csv", f"question_id,question,ans_id,answer\n7,{ASK},1,{REST}\n7,{ASK},2,{ASKS}\n", [[ASK, REST], [ASK, ASKS]]),
    "qizhengpt": ("a.json", f'[{{"instruction": "{ASK}", "input": "", "output": "{REST}"}}, {{"instruction": "{HOT}", "input": "", "output": "{REST}"}}]', [[ASK, REST], [HOT, REST]]),
    "cmb": ("a.json", f'[{{"id": "0", "title": "案例分析-支气管炎", "description": "现病史\\n（1）病史摘要\\n男，5岁，咳嗽3天。", "QA_pairs": [{{"question": "简述诊断及依据。", "answer": "支气管炎。"}}, {{"question": "简述治疗原则。", "answer": "{REST}"}}]}}]', [["现病史\n（1）病史摘要\n男，5岁，咳嗽3天。", "简述诊断及依据。", "支气管炎。", "简述治疗原则。", REST]]),
    "bianque": ("a.csv", f'"input","target","answer_choice","type"\n"病人：{ASK}\\n医生：{ASKS}\\n病人：{HOT}\\n医生：","{REST}","[]","medical_qa"\n"病人：{ASK}\n夜里重。\\n医生：","{REST}","[]","medical_qa"\n', [[ASK, ASKS, HOT, REST], [f"{ASK}\n夜里重。", REST]]),
    "doctorglm": ("a.json", "".join(f'{{"id": {number}, "paragraph": [{{"q": "{ASK}", "a": ["{ASKS}"]}}, {{"q": "{HOT}", "a": ["{REST}", "注意休息。"]}}]}}\n' for number in (1, 2)), [[ASK, ASKS, HOT, f"{REST}\n注意休息。"]] * 2),
    "medicalgpt": ("a.jsonl", f'{{"conversations": [{{"from": "human", "value": "{ASK}"}}, {{"from": "gpt", "value": "{REST}"}}]}}', [[ASK, REST]]),
}  # fmt: skip

REAL = {
    "cmtmedqa_corpus": ("zhongjing/CMtMedQA_test.json", 1144),
    "huatuo26m": ("zhongjing/huatuo26M_test.json", 6000),
    "toyhom": ("toyhom/internal_medicine.gb18030.csv", 7644),
    "disc_med_sft": ("disc_medllm/test_examples.jsonl", 163),
    "medicalgpt": ("medicalgpt/medical_sft_1K_format.jsonl", 1000),
    "bentsao": ("huatuo_llama/liver_cancer.json", 1000),
}


def read(name, path):
    """Read a file by a recipe; return the texts of each dialogue, and the number of records that could not be read."""
    pipeline = Pipeline.load(f"sources/{name}")
    check_declared([path], pipeline.sources, pipeline.name)
    batches = list(read_file(path, pipeline.sources))
    assert [field for batch in batches for field in batch.stats.unread_records] == []
    rows = [turns for batch in batches for turns in batch.dialogues["messages"].to_list()]
    assert all(
        turns[0]["role"] == "user" and (turns[-1]["role"] == "assistant" or len(turns) == 1) for turns in rows[:3]
    )
    return [[turn["content"].strip() for turn in turns] for turns in rows], sum(b.quarantined.height for b in batches)


def test_every_recipe_has_a_form():
    assert {f"sources/{name}" for name in FORMS} == set(RECIPES)


@pytest.mark.parametrize("name", FORMS)
def test_the_form_is_read(tmp_path, name):
    file, content, expected = FORMS[name]
    (tmp_path / file).write_bytes(content if isinstance(content, bytes) else content.encode())
    dialogues, quarantined = read(name, tmp_path / file)
    assert quarantined == 0
    assert dialogues == expected


@pytest.mark.parametrize("name", REAL)
def test_the_corpus_is_read(name):
    file, count = REAL[name]
    if not (DATA / file).exists():
        pytest.skip("../shared/data is not here")
    dialogues, quarantined = read(name, DATA / file)
    assert (len(dialogues), quarantined) == (count, 0)


def test_the_later_form_of_meddg_is_read(tmp_path):
    path = tmp_path / "a.json"
    turns = [
        {"id": "Patients", "Sentence": ASK, "Symptom": ["咳嗽"]},
        {"id": "Doctor", "Sentence": REST, "Symptom": []},
    ]
    path.write_text(json.dumps([turns, turns]), encoding="utf-8")
    assert read("meddg", path) == ([[ASK, REST], [ASK, REST]], 0)


JOIN_EXAMPLES = [
    ("pipelines/sources/cmedqa2.yaml", "(?m)^#   (.*)"),
    ("docs/crawl-formats.md", "(?s)```python\n(import polars.*?)```"),
    ("docs/crawl-formats.zh-CN.md", "(?s)```python\n(import polars.*?)```"),
]


@pytest.mark.parametrize(("file", "pattern"), JOIN_EXAMPLES, ids=[Path(file).name for file, _ in JOIN_EXAMPLES])
def test_the_two_tables_of_cmedqa2_are_joined_as_the_documentation_says(tmp_path, monkeypatch, file, pattern):
    """The lines shown run, and no question is lost, whether or not it has an answer."""
    monkeypatch.chdir(tmp_path)
    Path("question.csv").write_text(f"question_id,content\n07,{ASK}\n8,{HOT}\n", encoding="utf-8")
    Path("answer.csv").write_text(f"ans_id,question_id,content\n1,07,{REST}\n2,07,{ASKS}\n", encoding="utf-8")
    script = "\n".join(re.findall(pattern, (ROOT / file).read_text(encoding="utf-8")))
    assert ".join(" in script
    subprocess.run([sys.executable, "-c", script], check=True)
    tables = [batch.dialogues for batch in read_file(Path("cmedqa2.csv"), Pipeline.load("sources/cmedqa2").sources)]
    texts = [[turn["content"] for turn in turns] for table in tables for turns in table["messages"]]
    assert sorted(texts) == sorted([[ASK, REST], [ASK, ASKS], [HOT, ""]])
    assert [row for table in tables for row in table["id"]][:2] == ["cmedqa2/1", "cmedqa2/2"]


@pytest.mark.parametrize("file", ["docs/crawl-formats.md", "docs/crawl-formats.zh-CN.md"])
def test_the_documentation_lists_every_recipe(file):
    text = (ROOT / file).read_text(encoding="utf-8")
    assert [name for name in FORMS if f"`{name}`" not in text] == []


@pytest.mark.parametrize("name", RECIPES)
def test_recipes_say_where_their_form_is_documented(name):
    text = locate_pipeline(name).read_text(encoding="utf-8")
    comment = [line for line in text.splitlines() if line.startswith("#")]
    assert "github.com/" in " ".join(comment)
    assert Pipeline.load(name).description
