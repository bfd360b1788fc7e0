"""The command line as users see it: output, messages and exit codes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from cmtmed.cli import main
from cmtmed.stages import STAGES


def run_process(*arguments, cwd=None):
    return subprocess.run(
        [sys.executable, "-m", "cmtmed.cli", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        cwd=cwd,
    )


@pytest.fixture
def call(monkeypatch, capsys):
    """Return a function that runs a command in this process, which saves the second that a new process takes to start."""

    def run(*arguments, cwd="."):
        code = 0
        with monkeypatch.context() as patched:
            patched.chdir(cwd)
            patched.setattr("sys.argv", ["cmtmed", *map(str, arguments)])
            try:
                main()
            except SystemExit as stop:
                code = stop.code
        return subprocess.CompletedProcess(arguments, code or 0, *capsys.readouterr())

    return run


@pytest.fixture(scope="module")
def build(tmp_path_factory):
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
    process = run_process("build", "cmtmedqa", "crawl.jsonl", "--out", "out", cwd=folder)
    assert process.returncode == 0, process.stderr
    return folder, process


def test_build_prints_stages_and_counts(build):
    _, process = build
    for name in set(STAGES) - {"keep_proactive", "sample_proactive"}:  # not in this pipeline
        assert name in process.stdout
    assert "read 6 = kept 5 + dropped 0 + quarantined 1" in process.stdout
    # If the kernels are not compiled yet, a message says why the build takes longer.
    assert [line for line in process.stderr.splitlines() if "compiling the kernels" not in line] == []


def test_json_is_json_and_quiet_is_quiet(build):
    folder, _ = build
    process = run_process("build", "cmtmedqa", "crawl.jsonl", "--out", "out_json", "--json", cwd=folder)
    assert json.loads(process.stdout)["counts"] == {"read": 6, "kept": 5, "dropped": 0, "quarantined": 1}
    quiet = run_process("build", "cmtmedqa", "crawl.jsonl", "--out", "out_quiet", "--quiet", cwd=folder)
    assert (quiet.returncode, quiet.stdout, quiet.stderr) == (0, "", "")


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
        (("bild",), 2, "unknown command 'bild'; did you mean build?"),
    ],
)
def test_exit_codes_and_messages(build, call, arguments, code, message):
    folder, _ = build
    result = call(*arguments, cwd=folder)
    assert result.returncode == code
    assert message in result.stderr.replace("\n", " ")
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize(
    ("arguments", "code"),
    [(("explain", "out", "crawl/3"), 0), (("explain", "nowhere", "crawl/1"), 1), (("explain", "out", "crawl/77"), 2)],
)
def test_a_process_of_its_own_says_the_same(build, call, arguments, code):
    folder, _ = build
    process, result = (run(*arguments, cwd=folder) for run in (run_process, call))
    assert process.returncode == code
    assert (process.returncode, process.stdout, process.stderr) == (result.returncode, result.stdout, result.stderr)


def test_explain_shows_the_redaction_and_the_question(build, call):
    folder, _ = build
    text = call("explain", "out", "crawl/3", cwd=folder).stdout
    assert "kept in split" in text
    assert "[电话]" in text
    assert "13800138000" not in text
    assert "‹asks: demographics›" in text
    explanation = json.loads(call("explain", "out", "crawl/3", "--json", cwd=folder).stdout)
    assert [span["type"] for span in explanation["dialogue"]["identifiers"]] == ["PHONE"]


def test_stages_lists_every_stage_and_option(call):
    text = call("stages").stdout
    stages = json.loads(call("stages", "--json").stdout)
    assert [stage["stage"] for stage in stages] == list(STAGES)
    for stage in stages:
        assert stage["summary"] in text
        assert all(option["description"] for option in stage["options"]), stage["stage"]


def test_path_gives_a_file(call):
    assert Path(call("path", "pipelines/cmtmedqa.yaml").stdout.strip()).is_file()


@pytest.fixture(scope="module")
def duplicate_build(tmp_path_factory):
    folder = tmp_path_factory.mktemp("repeated")
    question = "孩子发烧两天了，最高三十九度，吃了退烧药会退，过几个小时又烧起来，要不要去医院"
    answer = "孩子多大了？精神好不好？先按体重吃退烧药，多喝水，三天不退就去儿科验血。"
    last_question, last_answer = "两岁半", "那可以先观察一天。"
    records = [
        {"id": 1, "history": [[question, answer]], "instruction": last_question, "output": last_answer},
        {"id": 2, "question": question, "answer": answer},
        {"id": 3, "question": question.replace("三十九", "四十"), "answer": answer},
        {"id": 4, "question": "胃胀打嗝半个月，吃完饭更厉害，该怎么办", "answer": "有没有反酸？先少吃甜食和豆类。"},
    ]
    text = "\n".join(json.dumps(record, ensure_ascii=False) for record in records)
    (folder / "crawl.jsonl").write_text(text, encoding="utf-8")
    assert run_process("build", "cmtmedqa", "crawl.jsonl", "--out", "out", cwd=folder).returncode == 0
    return folder


def test_duplicates_lists_clusters_without_text(duplicate_build, call):
    text = call("duplicates", "out", cwd=duplicate_build).stdout
    assert "1 clusters, 2 dialogues dropped" in text
    assert "发烧" not in text
    clusters = json.loads(call("duplicates", "out", "--json", cwd=duplicate_build).stdout)
    assert [(row["cluster"], row["size"]) for row in clusters] == [("crawl/1", 3)]


def test_duplicates_shows_a_cluster_side_by_side(duplicate_build, call):
    for member in ("crawl/1", "crawl/2", "crawl/3"):
        text = call("duplicates", "out", member, cwd=duplicate_build).stdout
        assert "crawl/1  kept" in text
        assert "⟦四十⟧" in text.replace(" ", "").replace("\n", "") or "⟦四⟧" in text
        assert "the kept one has more turns: 4, this one 2" in text or "the kept one continues" in text
    members = json.loads(call("duplicates", "out", "crawl/3", "--json", cwd=duplicate_build).stdout)
    assert [row["id"] for row in members] == ["crawl/1", "crawl/2", "crawl/3"]
    assert members[1]["containment"] == 1.0
    assert 0.5 < members[2]["jaccard"] < 1


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("duplicates", "out", "crawl/4"), 2, "dialogue 'crawl/4' has no duplicate"),
        (("duplicates", "out", "crawl/9"), 2, "no dialogue 'crawl/9'"),
        (("duplicates", "elsewhere"), 1, "holds no finished build"),
    ],
)
def test_duplicates_says_what_is_wrong(duplicate_build, call, arguments, code, message):
    result = call(*arguments, cwd=duplicate_build)
    assert result.returncode == code
    assert message in result.stderr


def test_an_interrupted_command_says_that_it_can_go_on(monkeypatch, capsys):
    def stop(*_arguments, **_options):
        raise KeyboardInterrupt

    monkeypatch.setattr("cmtmed.cli.build.build", stop)
    monkeypatch.setattr("sys.argv", ["cmtmed", "build", "cmtmedqa", "crawl.csv", "--out", "out"])
    with pytest.raises(SystemExit) as stop:
        main()
    assert stop.value.code == 130
    assert "running the same command again resumes where this one stopped" in capsys.readouterr().err


def test_a_build_that_keeps_nothing_fails_and_says_why(call, tmp_path):
    (tmp_path / "crawl.jsonl").write_text('{"question": "嗯", "answer": "好"}\n{broken\n', encoding="utf-8")
    process = call("build", "cmtmedqa", "crawl.jsonl", "--out", "out", "--quiet", "--workers", 1, cwd=tmp_path)
    assert process.returncode == 1
    assert process.stderr.startswith("cmtmed: nothing was kept of 2 records: ")
    assert "invalid_json 1" in process.stderr
    assert "look at out/dropped and out/quarantine" in process.stderr
    assert process.stderr.count("\n") == 1
    assert (tmp_path / "out/report.json").is_file()


def test_a_limit_and_a_sample_exclude_each_other(call, build, tmp_path):
    folder, _ = build
    out = tmp_path / "out"
    process = call("build", "cmtmedqa", folder / "crawl.jsonl", "--out", out, "--limit", 1, "--sample", 1)
    assert (process.returncode, process.stderr.count("\n"), out.exists()) == (2, 1, False)
    assert "limit (1) and sample (1) exclude each other" in process.stderr


def test_a_command_imports_only_its_own_module() -> None:
    """A build does not wait for the rules of the audit or the libraries of the trainers."""
    program = (
        "import sys; from cmtmed.cli.commands import NAMES, load_command; load_command('build'); "
        "print([name for name in NAMES if f'cmtmed.cli.{name}' in sys.modules], 'cmtmed.anonymize' in sys.modules)"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert result.stdout == "['build'] False\n"
