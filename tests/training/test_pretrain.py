"""Continued pretraining: what is read, how it is said, that documents do not see one another, that a run goes on."""

from __future__ import annotations

import json
import logging
import os
import re
import subprocess
import sys
import tracemalloc
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import cmtmed
from cmtmed.errors import DatasetError, UsageError
from cmtmed.training.model.loading import load_model, load_tokenizer
from cmtmed.training.pretrain import books
from cmtmed.training.pretrain.corpus import read_documents
from cmtmed.training.pretrain.data import build_collator, choose_packing
from cmtmed.training.pretrain.packing import is_held_out, split_documents, tokenize_documents, wrap_documents
from cmtmed.training.pretrain.textfiles import detect_encoding, read_chunks, read_records
from cmtmed.training.pretrain.trainer import PretrainTrainer, check_isolation
from cmtmed.training.pretrain.triples import Triple, load_patterns, verbalize
from cmtmed.training.run import metrics
from cmtmed.training.run.directory import Run
from cmtmed.training.run.settings import DataSource
from tests.support.training import train

pytestmark = [
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning"),
]
REAL = Path("../shared/data")
STEPS = ("training.max_steps=8", "training.save_steps=3", "training.logging_steps=2", "training.learning_rate=3e-3",
         "training.per_device_train_batch_size=3", "training.gradient_accumulation_steps=2", "max_length=64")  # fmt: skip
BOOK = """儿科常见病

第一章 发热
第二章 咳嗽
第一章 发热
发热是体温升高。三十八度五以下可以先观察。

多喝水，少穿衣。
第二章 咳嗽
咳嗽超过两周要拍胸片。
"""


@pytest.fixture(scope="module")
def tokenizer(base):
    return load_tokenizer(base)


@pytest.fixture(scope="module")
def patterns():
    return load_patterns()


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    """Three sources: questions, a book, a graph."""
    folder = tmp_path_factory.mktemp("corpus")
    write_rows(folder / "qa.jsonl", *({"问": f"孩子发烧到{38 + n / 10}度怎么办？", "答": f"先量体温，{n}小时后再量一次，多喝水。"}
                                for n in range(24)))  # fmt: skip
    (folder / "book.txt").write_text(BOOK, encoding="gb18030")
    (folder / "graph.csv").write_text("head,relation,tail\n感冒,症状,流涕\n感冒,症状,咳嗽\n感冒,忌口,冷饮\n", "utf-8")
    return folder


def write_rows(path, *rows):
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


def read_all(path, patterns, format_name="auto", limit=4096):
    return list(read_documents(DataSource(path=str(path), format=format_name), "train", patterns, limit))


def write_view(folder, splits):
    from datasets import Dataset, DatasetDict

    DatasetDict(
        {name: Dataset.from_list([{"id": f"{name}/{n}", "text": text} for n, text in enumerate(texts)])
         for name, texts in splits.items()}
    ).save_to_disk(str(folder))  # fmt: skip
    return folder


# --- sources ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("row", "text"),
    [
        ({"text": "高血压要长期服药。"}, "高血压要长期服药。"),
        ({"title": "高血压", "content": "血压持续升高。"}, "高血压\n血压持续升高。"),
        ({"标题": "高血压", "正文": "血压持续升高。"}, "高血压\n血压持续升高。"),
        ({"问": "头痛怎么办", "答": "先测血压。"}, "头痛怎么办\n先测血压。"),
        ({"question": ["头痛怎么办", "头疼咋办"], "answer": ["先测血压。"]}, "头痛怎么办\n头疼咋办\n先测血压。"),
        (
            {"instruction": "回答问题", "input": "头痛怎么办", "output": "先测血压。"},
            "回答问题\n头痛怎么办\n先测血压。",
        ),
        ({"id": "3", "主诉": "咳嗽三天", "现病史": "伴低热", "过敏史": ""}, "主诉：咳嗽三天\n现病史：伴低热"),
        ({"sections": {"主诉": "咳嗽三天", "体温": 37.8}}, "主诉：咳嗽三天\n体温：37.8"),
        ({"sections": [{"title": "主诉", "text": "咳嗽三天"}]}, "主诉：咳嗽三天"),
        ({"head": "感冒", "relation": "症状", "tail": ["咳嗽", "流涕"]}, "感冒的症状有咳嗽、流涕。"),
        ({"subject": "感冒", "predicate": "就诊科室", "object": "呼吸科"}, "看感冒要去呼吸科。"),
    ],
)
@pytest.mark.parametrize("array", [False, True])
def test_a_row_becomes_a_document(tmp_path, patterns, row, text, array):
    path = tmp_path / "rows.json"
    if array:
        path.write_text(json.dumps([row], ensure_ascii=False, indent=1), encoding="utf-8")
    else:
        write_rows(path, row)
    assert read_all(path, patterns) == [text]


@pytest.mark.parametrize(
    ("name", "content", "text"),
    [
        ("a.csv", '主诉,现病史\n咳嗽三天,"伴低热\n无痰"\n', "主诉：咳嗽三天\n现病史：伴低热\n无痰"),
        ("a.tsv", "title\task\tanswer\n头痛\t头痛三天\t测血压\n", "头痛\n头痛三天\n测血压"),
        ("a.csv", "head,relation,tail\n感冒,就诊科室,呼吸科\n", "看感冒要去呼吸科。"),
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_tables_are_read_in_any_encoding(tmp_path, patterns, name, content, text, encoding):
    (tmp_path / name).write_text(content, encoding=encoding)
    assert read_all(tmp_path / name, patterns) == [text]


def test_a_book_is_cut_at_chapters_and_a_table_of_contents_stays_together(tmp_path, patterns):
    (tmp_path / "book.txt").write_text(BOOK, encoding="gb18030")
    assert read_all(tmp_path / "book.txt", patterns) == [
        "儿科常见病",
        "第一章 发热\n第二章 咳嗽\n第一章 发热\n发热是体温升高。三十八度五以下可以先观察。\n多喝水，少穿衣。",
        "第二章 咳嗽\n咳嗽超过两周要拍胸片。",
    ]


@settings(max_examples=80)
@given(
    st.lists(st.sampled_from(["头痛。", "发热", "\n", "\n\n", "第二章 咳嗽\n", " ", "体温三十九度，先退烧！", "甲" * 30]), max_size=40),
    st.integers(8, 40),
    st.integers(1, 7),
)  # fmt: skip
def test_a_book_keeps_every_character_in_documents_of_bounded_size(segments, limit, step):
    book = "".join(segments)
    documents = list(books.split_book((book[start : start + step] for start in range(0, len(book), step)), limit))
    assert re.sub(r"\s", "", "".join(documents)) == re.sub(r"\s", "", book)
    assert all(0 < len(text) <= limit for text in documents)


def test_a_folder_is_read_file_by_file(corpus, patterns):
    documents = read_all(corpus, patterns)
    assert len(documents) == 3 + 1 + 24
    assert documents[3] == "感冒的症状有流涕、咳嗽。感冒的忌口包括冷饮。"


def test_splits_of_a_view_are_kept_apart(tmp_path, patterns):
    source = DataSource(path=str(write_view(tmp_path / "pretrain", {"train": ["甲", "乙"], "validation": ["丙"]})))
    assert list(read_documents(source, "train", patterns, 99)) == ["甲", "乙"]
    assert list(read_documents(source, "validation", patterns, 99)) == ["丙"]
    assert list(read_documents(source, "test", patterns, 99)) == []


@pytest.mark.parametrize("layout", ["book", "one line", "lines", "array"])
def test_a_large_file_is_read_in_bounded_memory(tmp_path, patterns, layout):
    sentence = "发热是体温升高，三十八度五以下可以先观察，多喝水。"
    path = tmp_path / ("a.txt" if layout in {"book", "one line"} else "a.json")
    row = json.dumps({"text": sentence * 4}, ensure_ascii=False)
    unit = {"book": sentence * 4 + "\n", "one line": sentence * 4, "lines": row + "\n", "array": row + ",\n"}[layout]
    with path.open("w", encoding="utf-8") as file:
        file.write("[" if layout == "array" else "")
        for _ in range(40_000):
            file.write(unit)
        file.write(row + "]" if layout == "array" else "")
    assert path.stat().st_size > 10_000_000
    tracemalloc.start()
    count = sum(len(text) for text in read_documents(DataSource(path=str(path)), "train", patterns, 2000))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count > 3_900_000
    assert peak < 4_000_000


def test_halves_of_characters_in_json_do_no_harm(tmp_path, patterns, tokenizer):
    (tmp_path / "a.jsonl").write_text('{"text": "头痛\\ud83d"}\n', encoding="utf-8")
    assert next(tokenize_documents(read_all(tmp_path / "a.jsonl", patterns), tokenizer))[-1] == tokenizer.eos_token_id


# --- triples ---------------------------------------------------------------------------------------------------


def test_triples_of_a_head_become_one_document(patterns, caplog):
    graph = [
        Triple("感冒", "就诊科室", "呼吸科"),
        Triple("肺炎", "就诊科室", "呼吸科"),
        Triple("感冒", "症状", "流涕"),
        Triple("感冒", "症状", "咳嗽"),
        Triple("感冒", "症状", "流涕"),
        Triple("感冒", "忌口", "冷饮"),
    ]
    with caplog.at_level("WARNING", logger="cmtmed.training"):
        documents = list(verbalize(graph, patterns, 4096, "graph"))
    assert documents == [
        "看感冒要去呼吸科。感冒的症状有流涕、咳嗽。感冒的忌口包括冷饮。",
        "看肺炎要去呼吸科。",
    ]
    assert "1 triples of 1 relations have no pattern of their own and use the generic one: 忌口" in caplog.text
    assert documents == list(verbalize(graph, patterns, 4096, "graph"))


def test_every_bundled_pattern_can_be_said(patterns):
    assert len(patterns.relations) > 50
    documents = {text for n in range(40) for text in verbalize([Triple(f"病{n}", "症状", "咳嗽")], patterns, 99, "x")}
    assert {re.sub(r"\d+", "", text) for text in documents} == {"病的症状有咳嗽。", "得了病，会出现咳嗽。"}


@given(
    st.lists(st.tuples(st.sampled_from("甲乙"), st.sampled_from(["症状", "别的"]), st.integers(0, 400)), max_size=60)
)
def test_no_triple_is_lost_and_documents_are_bounded(patterns, rows):
    graph = [Triple(head, relation, f"〈{tail}〉") for head, relation, tail in rows]
    documents = list(verbalize(graph, patterns, 120, "x"))
    tails = sorted(tail for text in documents for tail in re.findall(r"〈\d+〉", text))
    assert tails == sorted({triple: triple.tail for triple in graph}.values())
    assert all(len(text) <= 120 for text in documents)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("generic: '{head}{relation}{tail}'\nrelations: {症状: '{head}有症状。'}", r"症状: .* does not contain \{tail\}"),
        ("generic: '{head}{relation}{tail}'\nrelations: {症状: '{head}有{tial}。'}", "the field 'tial'; did you mean 'tail'"),
        ("generic: '{head}{tail}'\nrelations: {}", r"does not contain \{relation\}"),
        ("generic: '{head}{relation}{tail}'\nrelations: {症状: '{head}有{tail'}", "is not a pattern"),
        ("generic: []\nrelations: {}", "give one pattern or a list"),
        ("症状: x", "patterns are a mapping with generic"),
        ("[", "not YAML"),
    ],
)  # fmt: skip
def test_patterns_that_cannot_be_said(tmp_path, content, message):
    (tmp_path / "p.yaml").write_text(content, encoding="utf-8")
    with pytest.raises(UsageError, match=message):
        load_patterns(str(tmp_path / "p.yaml"))


# --- rows ------------------------------------------------------------------------------------------------------

DOCUMENTS = st.lists(st.lists(st.integers(0, 9), min_size=1, max_size=50), max_size=30)


@given(DOCUMENTS, st.integers(2, 20), st.sampled_from([split_documents, wrap_documents]))
def test_packing_keeps_every_token_once_and_in_order(documents, length, pack):
    rows = list(pack(documents, length))
    assert [token for row in rows for token in row.input_ids] == [token for document in documents for token in document]
    assert all(0 < sum(row.lengths) == len(row.input_ids) <= length for row in rows)
    if pack is wrap_documents:
        assert all(len(row.input_ids) == length for row in rows[:-1])
    else:
        assert all(len(row.lengths) == 1 for row in rows)
        assert len(rows) == sum(-(-len(document) // length) for document in documents)


@given(DOCUMENTS, st.integers(2, 20))
def test_documents_end_where_rows_say(documents, length):
    ends, end = {0}, 0
    for document in documents:
        end += len(document)
        ends.add(end)
    starts, start = set(), 0
    for row in wrap_documents(documents, length):
        for size in row.lengths:
            starts.add(start)
            start += size
    assert ends - {end} <= starts


def test_no_text_ends_a_document(tokenizer):
    ids = next(tokenize_documents(["头痛<|endoftext|>三天"], tokenizer))
    assert ids.count(tokenizer.eos_token_id) == 1 == ids[-1:].count(tokenizer.eos_token_id)


def test_held_out_is_a_share_by_text():
    decisions = [is_held_out(f"文{n}", 0.1) for n in range(5000)]
    assert decisions == [is_held_out(f"文{n}", 0.1) for n in range(5000)]
    assert 400 < sum(decisions) < 600
    assert not is_held_out("文", 0.0)


def build_batch(packing, documents, tokenizer, length=32):
    rows = list((wrap_documents if packing == "wrapped" else split_documents)(documents, length))
    return rows, build_collator(packing, tokenizer.pad_token_id)(
        [{"input_ids": row.input_ids, "seq_lengths": row.lengths} if packing == "wrapped" else {"input_ids": row.input_ids}
         for row in rows]
    )  # fmt: skip


@pytest.mark.parametrize("attention", ["sdpa", "eager"])
@pytest.mark.parametrize("packing", ["grouped", "wrapped", "padding-free"])
def test_documents_do_not_see_one_another(base, tokenizer, packing, attention):
    model = load_model(base, attn_implementation=attention).eval()
    draw = torch.Generator().manual_seed(3)
    documents = [torch.randint(5, 300, (size,), generator=draw).tolist() for size in (7, 12, 5, 20, 9, 3)]
    rows, batch = build_batch(packing, documents, tokenizer)
    with torch.no_grad():
        packed = model(**batch, use_cache=False).logits
        loss = torch.nn.functional.cross_entropy(packed[:, :-1].flatten(0, 1), batch["labels"][:, 1:].flatten())
        document_logits, nll, token_count = [], 0.0, 0
        for row in rows:
            start = 0
            for size in row.lengths:
                ids = torch.tensor([row.input_ids[start : start + size]])
                document_logits.append(model(ids, use_cache=False).logits[0])
                if size > 1:
                    nll += float(
                        torch.nn.functional.cross_entropy(document_logits[-1][:-1], ids[0, 1:], reduction="sum")
                    )
                token_count += size - 1
                start += size
    flat = packed[0] if packing == "padding-free" else torch.cat(
        [packed[index, : len(row.input_ids)] for index, row in enumerate(rows)]
    )  # fmt: skip
    torch.testing.assert_close(flat, torch.cat(document_logits), atol=1e-5, rtol=0)
    assert float(loss) == pytest.approx(nll / token_count, abs=1e-5)
    assert int((batch["labels"][:, 1:] != -100).sum()) == token_count


def test_a_model_whose_documents_see_one_another_is_refused(base, tokenizer):
    from trl.trainer.utils import add_fused_lm_head

    model = load_model(base)
    add_fused_lm_head(model)
    _, batch = build_batch("wrapped", [list(range(5, 30)), list(range(40, 70)), list(range(9, 20))], tokenizer)
    assert check_isolation(model, batch)
    assert model.training is False
    _, single = build_batch("wrapped", [list(range(5, 30))], tokenizer)
    assert not check_isolation(model, single)
    blind = model.forward
    model.forward = lambda **inputs: blind(**{**inputs, "attention_mask": torch.ones_like(inputs["input_ids"])})
    with pytest.raises(UsageError, match=r"documents of a row attend to one another .*; set packing=grouped"):
        check_isolation(model, batch)


def test_packing_by_device():
    if torch.cuda.is_available():
        pytest.skip("this machine has a GPU")
    assert choose_packing("auto") == ("grouped", {})
    assert choose_packing("wrapped") == ("wrapped", {})
    assert choose_packing("padding-free") == ("padding-free", {})


# --- whole runs ------------------------------------------------------------------------------------------------


def read_log(out):
    entries = metrics.read_metrics(out)
    return [
        {name: value for name, value in entry.items() if "runtime" not in name and "per_second" not in name}
        for entry in entries
    ]


@pytest.mark.parametrize(("packing", "lora"), [("grouped", "{r: 4}"), ("wrapped", "null"), ("padding-free", "null")])
def test_a_run_learns_goes_on_exactly_and_is_taken_by_the_next(base, corpus, tmp_path, monkeypatch, packing, lora):
    words = (f"model={base}", f"data.0.path={corpus}", f"lora={lora}", f"packing={packing}", "held_out=0.3", *STEPS)
    train("pretrain", *words, f"out={tmp_path / 'whole'}")
    calls = []
    original = PretrainTrainer.training_step

    def interrupt_step(self, *args, **options):
        calls.append(1)
        if len(calls) > 9:
            raise KeyboardInterrupt
        return original(self, *args, **options)

    with monkeypatch.context() as patched:
        patched.setattr(PretrainTrainer, "training_step", interrupt_step)
        with pytest.raises(KeyboardInterrupt):
            train("pretrain", *words, f"out={tmp_path / 'broken'}")
    assert (tmp_path / "broken" / "tokens" / "train.arrow").is_file()
    train("pretrain", *words, f"out={tmp_path / 'broken'}")
    assert read_log(tmp_path / "broken") == read_log(tmp_path / "whole")
    run = Run.open(tmp_path / "whole")
    assert run.is_finished
    assert not (run.root / "tokens").exists()
    assert run.record.summary["padding_share"] <= (0.5 if packing == "wrapped" else 0.15)
    assert run.record.metrics["eval_loss"] > 0
    steps = [line for line in read_log(run.root) if "loss" in line]
    assert [line["step"] for line in steps] == [2, 3, 4, 6, 8]
    if lora == "null":
        assert steps[-1]["loss"] < steps[0]["loss"] - 0.3
    train("pretrain", f"model={run.root}", *words[1:], f"out={tmp_path / 'next'}", "training.max_steps=1")
    assert Run.open(tmp_path / "next").is_finished


def test_two_processes_give_what_one_gives(base, corpus, tmp_path):
    words = [f"model={base}", f"data.0.path={corpus}", "lora=null", "held_out=0", *STEPS, "training.max_steps=4"]
    train("pretrain", *words, f"out={tmp_path / 'one'}")
    launch = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2"]
    process = subprocess.run(
        [*launch, str(cmtmed.bundled("trainers/pretrain.py")), *words, "training.gradient_accumulation_steps=1", f"out={tmp_path / 'two'}"],
        env={**os.environ, "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}, capture_output=True, text=True, check=False,
        timeout=300,
    )  # fmt: skip
    assert process.returncode == 0, process.stderr[:4000]
    steps_of_one, steps_of_two = (
        [(line["step"], line["tokens"], line["padding"], round(line["loss"], 4)) for line in read_log(tmp_path / out) if "loss" in line]
        for out in ("one", "two")
    )  # fmt: skip
    assert steps_of_one == steps_of_two


def test_the_evaluation_is_the_mean_over_all_tokens(base, tokenizer, tmp_path):
    texts = [f"孩子发烧{n}天，{'多喝水' * n}。" for n in range(1, 8)]
    folder = write_view(tmp_path / "pretrain", {"train": texts, "validation": texts})
    train("pretrain", f"model={base}", f"data.0.path={folder}", "lora=null", f"out={tmp_path / 'run'}", *STEPS,
          "training.max_steps=1", "training.per_device_eval_batch_size=2", "max_length=512")  # fmt: skip
    run = Run.open(tmp_path / "run")
    model = load_model(str(run.root)).eval()
    nll = token_count = 0
    for ids in tokenize_documents(texts, tokenizer):
        with torch.no_grad():
            logits = model(torch.tensor([ids])).logits[0]
        nll += float(torch.nn.functional.cross_entropy(logits[:-1], torch.tensor(ids[1:]), reduction="sum"))
        token_count += len(ids) - 1
    assert run.record.metrics["eval_loss"] == pytest.approx(nll / token_count, abs=1e-4)


def test_weights_mix_and_the_log_holds_no_text(base, corpus, tmp_path, capfd, caplog, monkeypatch):
    monkeypatch.setattr(logging.getLogger("cmtmed.training"), "handlers", [caplog.handler])
    train("pretrain", f"model={base}", f"data.0.path={corpus / 'qa.jsonl'}", "data.0.weight=0.5",
          f"data.1.path={corpus / 'graph.csv'}", "data.1.weight=3", "lora=null", "held_out=0", f"out={tmp_path / 'r'}",
          *STEPS, "max_length=512", "training.max_steps=1")  # fmt: skip
    output = "".join(capfd.readouterr()) + caplog.text
    assert "qa.jsonl, 12 rows per epoch (it has 24)" in output
    assert "graph.csv, 3 rows per epoch (it has 1)" in output
    assert "use the generic one: 忌口" in output
    output += (tmp_path / "r" / "metrics.jsonl").read_text() + (tmp_path / "r" / "run.json").read_text()
    assert not [text for text in ("发烧", "流涕", "冷饮") if text in output]


def test_real_corpora_are_read(patterns):
    if not REAL.is_dir():
        pytest.skip("no real data here")
    assert len(read_all(REAL / "medicalgpt/medical_corpus.txt", patterns)) == 87
    assert len(read_all(REAL / "zhongjing/huatuo26M_test.json", patterns)) == 6000
    assert len(read_all(REAL / "toyhom/internal_medicine.gb18030.csv", patterns)) == 7644
    assert detect_encoding(REAL / "toyhom/internal_medicine.gb18030.txt") == "gb18030"


# --- what is refused -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "content", "format_name", "message"),
    [
        ("a.txt", b"", "auto", "holds no text; leave it out"),
        ("a.txt", b" \n\n", "auto", "holds no text"),
        ("a.json", b"[]", "auto", "holds no text"),
        ("a.csv", b"head,relation,tail\n", "auto", "holds no text"),
        ("a.bin", b"\x00\x01", "auto", "is neither a view of a build nor a file that is read here"),
        ("a.txt", "发热是体温升高。".encode() + b"\xff" + "多喝水。".encode(), "auto", "byte 24 is not UTF-8, unlike the rest"),
        ("a.txt", b"\xff\xfe\x00\xd8", "auto", "byte 2 is not UTF-16; correct it there"),
        ("a.txt", b"abc\xff\xff\xff", "auto", r"not UTF-8 \(byte 3\) and not GB18030 \(byte 3\); convert it to UTF-8"),
        ("a.txt", "頭痛三天，晚上更厲害，有沒有發燒？以前有過嗎？先測血壓。".encode("big5"), "auto", "as GB18030 it is not Chinese"),
        ("a.csv", "病,症状\n感冒,咳嗽\n".encode(), "auto", "no format has the fields 病, 症状; set the format"),
        ("a.csv", "病,症状\n感冒,咳嗽\n".encode(), "triples", r"has no column head \(or subject, 头实体\), and triples need"),
        ("a.csv", "head,relation,tail\n感冒,症状,\n".encode(), "auto", "line 2: head, relation or tail is empty"),
        ("a.csv", "text\n感冒,咳嗽\n".encode(), "auto", "line 2 has more fields than the header"),
        ("a.json", b'{"messages": []}', "auto", "no format has the fields messages"),
        ("a.jsonl", '{"text": "好"}\n{"txt": "好"}\n'.encode(), "auto", "line 2 has no text, which article needs; it has txt"),
        ("a.jsonl", '{"text": {"好": 1}}\n'.encode(), "auto", "line 1: a value is dict instead of text"),
        ("a.jsonl", '{"text": "好"\n'.encode(), "auto", "line 1 is not JSON"),
        ("a.jsonl", b"3\n", "auto", "line 1 holds int instead of an object"),
        ("a.json", '[{"text": "好"}, {"text": "好'.encode(), "auto", "element 2 is not JSON, or the file is truncated"),
        ("a.json", '[{"text": "好"}, 3]'.encode(), "auto", "element 2 holds int"),
        ("a.json", b'[{"sections": 3}]', "auto", "element 1: sections is int instead of"),
        ("a.jsonl", '{"text": "好"}\n'.encode(), "book", "contains rows and is not a book"),
        ("a.txt", "感冒\n".encode(), "qa", "line 1 is not JSON"),
        ("a.txt", "感冒\n".encode(), "artcle", "no format is called 'artcle'; did you mean 'article'"),
        ("a.txt", "感冒\n".encode(), "view", "is not a view of a build"),
    ],
)  # fmt: skip
def test_files_that_cannot_be_used(tmp_path, patterns, name, content, format_name, message):
    (tmp_path / name).write_bytes(content)
    with pytest.raises((UsageError, DatasetError), match=message) as error:
        read_all(tmp_path / name, patterns, format_name)
    assert "好" not in str(error.value)


def test_a_broken_element_does_not_pull_in_the_file(tmp_path, monkeypatch):
    monkeypatch.setattr("cmtmed.training.pretrain.textfiles.LONGEST", 200_000)
    (tmp_path / "a.json").write_text('[{"text": oops}' + ', {"text": "x"}' * 200_000 + "]", encoding="utf-8")
    tracemalloc.start()
    with pytest.raises(DatasetError, match="element 1 is not JSON"):
        list(read_records(tmp_path / "a.json"))
    assert tracemalloc.get_traced_memory()[1] < 2_000_000
    tracemalloc.stop()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["data.0.path=/nowhere"], "'/nowhere' does not exist"),
        (["data=[]"], "no data: give one source or more"),
        (
            ["max_length=100000"],
            "max_length 100000 is more than the model's context of 1024; set max_length=1024 or less",
        ),
        (["training.packing=true"], "training.packing is set by packing; set that"),
        (["training.max_length=5"], "training.max_length is set by max_length"),
        (["packing=bfd"], "packing"),
        (["held_out=0.9999999"], r"all \d+ documents are held out; lower held_out"),
        (["triples=/no/patterns.yaml"], "cannot read the patterns '/no/patterns.yaml'"),
        (["data.0.format=books"], "no format is called 'books'; did you mean 'book'"),
        (["data.0.weight=0.0001"], "selects none; choose a larger one"),
        (["trainning.max_steps=1"], "unknown key 'trainning'"),
    ],
)
def test_wrong_settings_are_named(base, corpus, tmp_path, words, message):
    with pytest.raises(UsageError, match=message):
        train("pretrain", f"model={base}", f"data.0.path={corpus}", f"out={tmp_path / 'run'}", *STEPS, *words)


def test_another_view_is_named_with_what_makes_the_right_one(base, tmp_path):
    from datasets import Dataset

    folder = tmp_path / "out" / "prompts"
    Dataset.from_list([{"id": "a", "message": 1, "prompt": []}]).save_to_disk(str(folder))
    with pytest.raises(UsageError, match=r"holds the view 'prompts', and this stage reads 'pretrain'; make it with"):
        train("pretrain", f"model={base}", f"data.0.path={folder}", f"out={tmp_path / 'run'}", *STEPS)


def test_a_vocabulary_smaller_than_the_ids_is_refused(base, corpus, tmp_path):
    from transformers import LlamaConfig, LlamaForCausalLM

    LlamaForCausalLM(
        LlamaConfig(vocab_size=300, hidden_size=32, num_attention_heads=2, num_hidden_layers=1, intermediate_size=64,
                    bos_token_id=None, eos_token_id=0)
    ).save_pretrained(tmp_path / "small")  # fmt: skip
    load_tokenizer(base).save_pretrained(tmp_path / "small")
    with pytest.raises(UsageError, match=r"the tokenizer has 400 ids and the model vectors for 300"):
        train("pretrain", f"model={tmp_path / 'small'}", f"data.0.path={corpus}", f"out={tmp_path / 'run'}", *STEPS)


def test_chunks_end_lines_in_one_way(tmp_path):
    (tmp_path / "a.txt").write_bytes("甲\r\n乙\r丙\n".encode())
    assert "".join(read_chunks(tmp_path / "a.txt")) == "甲\n乙\n丙\n"
