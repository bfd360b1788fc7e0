"""Each recipe reads its corpus in the published form; the rows here are written for this project."""

from __future__ import annotations

from pathlib import Path

import pytest

from cmtmed.io.declared_fields import check_declared
from cmtmed.io.read import read_file
from cmtmed.pipeline import Pipeline
from cmtmed.pipeline_file import list_bundled, locate_pipeline

DATA = Path(__file__).parents[2].parent / "shared/data"
RECIPES = [name for name in list_bundled() if name.startswith("sources/")]

ASK, ASKS, HOT, REST = "孩子咳嗽三天了怎么办？", "多大了？有没有痰？", "五岁，有黄痰。", "先查血常规，多喝水。"
FORMS = {
    "cmtmedqa_corpus": ("a.json", f'[{{"id": "x1", "cate1": "儿科", "cate2": "呼吸", "instruction": "{HOT}", "input": "", "output": "{REST}", "history": [["{ASK}", "{ASKS}"]]}}, {{"id": "x2", "instruct": "{ASK}", "output": "{REST}"}}]', [[ASK, ASKS, HOT, REST], [ASK, REST]]),
    "huatuo26m": ("a.jsonl", f'{{"id": 1, "answer": "{REST}", "score": 4, "label": "儿科", "question": "{ASK}", "related_diseases": "支气管炎"}}', [[ASK, REST]]),
    "huatuo_encyclopedia": ("a.jsonl", f'{{"questions": ["{ASK}", "小孩咳嗽咋办"], "answers": ["{REST}"]}}', [[ASK, REST]]),
    "toyhom": ("a.csv", f"department,title,ask,answer\n儿科,咳嗽,{ASK},{REST}\n".encode("gb18030"), [[ASK, REST]]),
    "meddg": ("a.json", f'[[{{"id": "Patients", "Sentence": "{ASK}", "Symptom": ["咳嗽"]}}, {{"id": "Doctor", "Sentence": "{ASKS}", "Symptom": []}}], [{{"id": "Patients", "Sentence": "{HOT}", "Symptom": []}}, {{"id": "Doctor", "Sentence": "{REST}", "Symptom": []}}]]', [[ASK, ASKS], [HOT, REST]]),
    "imcs21": ("a.json", f'{{"10001": {{"diagnosis": "支气管炎", "self_report": "{ASK}", "dialogue": [{{"sentence_id": "1", "speaker": "医生", "sentence": "{ASKS}"}}, {{"sentence_id": "2", "speaker": "患者", "sentence": "{HOT}"}}, {{"sentence_id": "3", "speaker": "医生", "sentence": "{REST}"}}]}}, "10002": {{"diagnosis": "感冒", "self_report": "{HOT}", "dialogue": [{{"sentence_id": "1", "speaker": "医生", "sentence": "{REST}"}}]}}}}', [[ASK, ASKS, HOT, REST], [HOT, REST]]),
    "meddialog_cn": ("a.txt", f"id=1\nhttps://example.org/1\nDoctor faculty\n儿科\n\nDescription\n疾病：\n咳嗽\n\nDialogue\n病人：\n{ASK}\n医生：\n{REST}\n\nid=2\nhttps://example.org/2\nDoctor faculty\n儿科\n\nDescription\n疾病：\n咳嗽\n\nDialogue\n病人：\n{HOT}\n医生：\n{REST}\n", None),
    "huatuogpt_sft": ("a.jsonl", f'{{"data": ["问：{ASK}", "答：{REST}"]}}\n{{"data": ["问：{HOT}", "答：{REST}"]}}', [[ASK, REST], [HOT, REST]]),
    "disc_med_sft": ("a.jsonl", f'{{"_id": "a", "source": "x", "conversation": [{{"role": "user", "content": "{ASK}"}}, {{"role": "assistant", "content": "{REST}"}}]}}', [[ASK, REST]]),
    "chatmed": ("a.json", f'{{"query": "{ASK}", "response": "{REST}"}}', [[ASK, REST]]),
    "firefly": ("a.jsonl", f'{{"kind": "MedicalQA", "input": "{ASK}", "target": "{REST}"}}', [[ASK, REST]]),
    "bentsao": ("a.json", f'{{"instruction": " <user>: {ASK} <bot>: {ASKS} <user>: {HOT}", "output": "{REST}"}}', [[ASK, ASKS, HOT, REST]]),
    "webmedqa": ("a.txt", f"17\t1\t儿科\t{ASK}\t{REST}\n17\t0\t儿科\t{ASK}\t{ASKS}\n", [[ASK, REST], [ASK, ASKS]]),
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
    rows = [turns for batch in batches for turns in batch.dialogues["messages"].to_list()]
    assert all(turns[0]["role"] == "user" and turns[-1]["role"] == "assistant" for turns in rows[:3])
    return [[turn["content"].strip() for turn in turns] for turns in rows], sum(b.quarantined.height for b in batches)


def test_every_recipe_has_a_form():
    assert {f"sources/{name}" for name in FORMS} == set(RECIPES)


@pytest.mark.parametrize("name", FORMS)
def test_the_form_is_read(tmp_path, name):
    file, content, expected = FORMS[name]
    (tmp_path / file).write_bytes(content if isinstance(content, bytes) else content.encode())
    dialogues, quarantined = read(name, tmp_path / file)
    assert quarantined == 0
    if expected is None:  # the description stands before the first turn or in it
        assert [turns[-1] for turns in dialogues] == [REST, REST]
        assert all(text in " ".join(turns) for turns, text in zip(dialogues, (ASK, HOT), strict=True))
    else:
        assert dialogues == expected


@pytest.mark.parametrize("name", REAL)
def test_the_corpus_is_read(name):
    file, count = REAL[name]
    if not (DATA / file).exists():
        pytest.skip("../shared/data is not here")
    dialogues, quarantined = read(name, DATA / file)
    assert (len(dialogues), quarantined) == (count, 0)


@pytest.mark.parametrize("name", RECIPES)
def test_recipes_say_where_their_form_is_documented(name):
    text = locate_pipeline(name).read_text(encoding="utf-8")
    comment = [line for line in text.splitlines() if line.startswith("#")]
    assert "github.com/" in " ".join(comment)
    assert Pipeline.load(name).description
