"""The command line as its users meet it: what it says, and the code that it ends with."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from cmtmed.cli import main
from cmtmed.stages import STAGES


def cmtmed(*arguments, cwd=None):
    return subprocess.run(
        [sys.executable, "-m", "cmtmed.cli", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        cwd=cwd,
    )


@pytest.fixture
def call(monkeypatch, capsys):
    """Return a way to call the command in this process: a start of its own takes a second, which is most of a call."""

    def called(*arguments, cwd="."):
        code = 0
        with monkeypatch.context() as patched:
            patched.chdir(cwd)
            patched.setattr("sys.argv", ["cmtmed", *map(str, arguments)])
            try:
                main()
            except SystemExit as stopped:
                code = stopped.code
        return subprocess.CompletedProcess(arguments, code or 0, *capsys.readouterr())

    return called


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cli")
    records = [
        {
            "id": number,
            "question": f"孩子发烧{37 + number / 10}度，咳嗽{number}天，要紧吗？",
            "answer": f"孩子多大了？第{number}天有痰吗？",
        }
        for number in range(1, 6)
    ]
    records[2]["question"] += "我的电话是13800138000。"
    text = "\n".join(json.dumps(record, ensure_ascii=False) for record in records)
    (folder / "crawl.jsonl").write_text(text + "\n{broken\n", encoding="utf-8")
    done = cmtmed("build", "cmtmedqa", "crawl.jsonl", "--out", "out", cwd=folder)
    assert done.returncode == 0, done.stderr
    return folder, done


def test_build_prints_stages_and_counts(built):
    _, done = built
    for name in set(STAGES) - {"keep_proactive", "sample_proactive"}:  # not in this pipeline
        assert name in done.stdout
    assert "read 6 = kept 5 + dropped 0 + quarantined 1" in done.stdout
    # On a machine that has not compiled them yet, it says why it takes longer.
    assert [line for line in done.stderr.splitlines() if "compiling the kernels" not in line] == []


def test_json_is_json_and_quiet_is_quiet(built):
    folder, _ = built
    told = cmtmed("build", "cmtmedqa", "crawl.jsonl", "--out", "out_json", "--json", cwd=folder)
    assert json.loads(told.stdout)["counts"] == {"read": 6, "kept": 5, "dropped": 0, "quarantined": 1}
    silent = cmtmed("build", "cmtmedqa", "crawl.jsonl", "--out", "out_quiet", "--quiet", cwd=folder)
    assert (silent.returncode, silent.stdout, silent.stderr) == (0, "", "")


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("build", "cmtmedqb", "crawl.jsonl", "--out", "x"), 2, "did you mean 'cmtmedqa'?"),
        (("build", "cmtmedqa", "nowhere.jsonl", "--out", "x"), 2, "nowhere.jsonl"),
        (("build", "cmtmedqa", "crawl.jsonl"), 2, "--out"),
        (
            ("build", "cmtmedqa", "crawl.jsonl", "--out", "x", "--strict"),
            1,
            "crawl.jsonl: line 6: invalid_json",
        ),
        (("explain", "out", "crawl/77"), 2, "no dialogue 'crawl/77'"),
        (("explain", "nowhere", "crawl/1"), 1, "holds no finished build"),
        (("path", "pipelines/cmtmedqb.yaml"), 2, "did you mean 'pipelines/cmtmedqa.yaml'?"),
        (("path", "../pyproject.toml"), 2, "no bundled file"),
        (("bild",), 2, "No such command 'bild'"),
    ],
)
def test_exit_codes_and_messages(built, call, arguments, code, message):
    folder, _ = built
    done = call(*arguments, cwd=folder)
    assert done.returncode == code
    assert message in done.stderr.replace("\n", " ")
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "code"),
    [(("explain", "out", "crawl/3"), 0), (("explain", "nowhere", "crawl/1"), 1), (("explain", "out", "crawl/77"), 2)],
)
def test_a_process_of_its_own_says_the_same(built, call, arguments, code):
    folder, _ = built
    own, done = (run(*arguments, cwd=folder) for run in (cmtmed, call))
    assert own.returncode == code
    assert (own.returncode, own.stdout, own.stderr) == (done.returncode, done.stdout, done.stderr)


def test_explain_shows_the_redaction_and_the_question(built, call):
    folder, _ = built
    shown = call("explain", "out", "crawl/3", cwd=folder).stdout
    assert "kept in split" in shown
    assert "[电话]" in shown
    assert "13800138000" not in shown
    assert "‹asks: demographics›" in shown
    told = json.loads(call("explain", "out", "crawl/3", "--json", cwd=folder).stdout)
    assert [span["type"] for span in told["dialogue"]["identifiers"]] == ["PHONE"]


def test_stages_lists_every_stage_and_option(call):
    shown = call("stages").stdout
    told = json.loads(call("stages", "--json").stdout)
    assert [stage["stage"] for stage in told] == list(STAGES)
    for stage in told:
        assert stage["summary"] in shown
        assert all(option["description"] for option in stage["options"]), stage["stage"]


def test_path_gives_a_file(call):
    assert Path(call("path", "pipelines/cmtmedqa.yaml").stdout.strip()).is_file()


@pytest.fixture(scope="module")
def repeated(tmp_path_factory):
    folder = tmp_path_factory.mktemp("repeated")
    question = "孩子发烧两天了，最高三十九度，吃了退烧药会退，过几个小时又烧起来，要不要去医院"
    answer = "孩子多大了？精神好不好？先按体重吃退烧药，多喝水，三天不退就去儿科验血。"
    more = [["两岁半", "那可以先观察一天。"]]
    records = [
        {"id": 1, "history": [[question, answer]], "instruction": more[0][0], "output": more[0][1]},
        {"id": 2, "question": question, "answer": answer},
        {"id": 3, "question": question.replace("三十九", "四十"), "answer": answer},
        {"id": 4, "question": "胃胀打嗝半个月，吃完饭更厉害，该怎么办", "answer": "有没有反酸？先少吃甜食和豆类。"},
    ]
    text = "\n".join(json.dumps(record, ensure_ascii=False) for record in records)
    (folder / "crawl.jsonl").write_text(text, encoding="utf-8")
    assert cmtmed("build", "cmtmedqa", "crawl.jsonl", "--out", "out", cwd=folder).returncode == 0
    return folder


def test_duplicates_lists_clusters_without_text(repeated, call):
    shown = call("duplicates", "out", cwd=repeated).stdout
    assert "1 clusters, 2 dialogues dropped" in shown
    assert "发烧" not in shown
    told = json.loads(call("duplicates", "out", "--json", cwd=repeated).stdout)
    assert [(row["cluster"], row["size"]) for row in told] == [("crawl/1", 3)]


def test_duplicates_shows_a_cluster_side_by_side(repeated, call):
    for member in ("crawl/1", "crawl/2", "crawl/3"):
        shown = call("duplicates", "out", member, cwd=repeated).stdout
        assert "crawl/1  kept" in shown
        assert "⟦四十⟧" in shown.replace(" ", "").replace("\n", "") or "⟦四⟧" in shown
        assert "the kept one has more turns: 4, this one 2" in shown or "the kept one continues" in shown
    told = json.loads(call("duplicates", "out", "crawl/3", "--json", cwd=repeated).stdout)
    assert [row["id"] for row in told] == ["crawl/1", "crawl/2", "crawl/3"]
    assert told[1]["containment"] == 1.0
    assert 0.5 < told[2]["jaccard"] < 1


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("duplicates", "out", "crawl/4"), 2, "dialogue 'crawl/4' has no duplicate"),
        (("duplicates", "out", "crawl/9"), 2, "no dialogue 'crawl/9'"),
        (("duplicates", "elsewhere"), 1, "holds no finished build"),
    ],
)
def test_duplicates_says_what_is_wrong(repeated, call, arguments, code, message):
    done = call(*arguments, cwd=repeated)
    assert done.returncode == code
    assert message in done.stderr


def test_an_interrupted_command_says_that_it_can_go_on(monkeypatch, capsys):
    def stop(*_arguments, **_options):
        raise KeyboardInterrupt

    monkeypatch.setattr("cmtmed.cli.build.build", stop)
    monkeypatch.setattr("sys.argv", ["cmtmed", "build", "cmtmedqa", "crawl.csv", "--out", "out"])
    with pytest.raises(SystemExit) as stopped:
        main()
    assert stopped.value.code == 130
    assert "running the same command again resumes where this one stopped" in capsys.readouterr().err
