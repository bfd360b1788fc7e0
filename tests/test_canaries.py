"""What was redacted is nowhere: not in the tables, not in manifest or report, not in logs, errors or file names.

Every canary is an identifier of a type of its own, planted in dialogues that are kept, dropped as duplicates, dropped
by length and dropped by an action; then the build is searched byte by byte, and so is what it prints when it fails.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

import cmtmed
from cmtmed.anonymize import TYPES
from tests.support.files import list_files, write_json_lines

CANARIES = {
    "PERSON": ("我叫{}，今年四十岁。", "慕容雪霁"),
    "PHONE": ("我的电话是{}。", "16100007731"),
    "ID_CARD": ("身份证号{}。", "110000199003077731"),
    "BANK_CARD": ("退款到银行卡{}。", "6100000000000077319"),
    "WECHAT": ("加我微信{}。", "canary_wx_7731"),
    "QQ": ("QQ号{}。", "7731007731"),
    "EMAIL": ("邮箱是{}。", "canary7731@mail.example"),
    "URL": ("报告在{} 可以看。", "https://canary7731.example/r"),
    "IP": ("从IP {}登录的。", "203.0.113.77"),
    "ADDRESS": ("家住{}。", "邯郸市永年县金丝雀路7731号"),
    "HOSPITAL": ("在{}看过。", "邯郸市金丝雀医院"),
    "ORG": ("在{}上班。", "邯郸市金丝雀纺织有限公司"),
    "DATE": ("{}做的手术。", "2019年7月31日"),
    "AGE90": ("我奶奶{}了。", "97岁"),
    "MRN": ("住院号：{}。", "ZY77310077"),
    "ORDER": ("快递单号{}。", "SF7731000077310"),
    "PLATE": ("车牌号冀{}。", "D7731Q"),
    "PASSPORT": ("护照号{}。", "E77310077"),
    "INSURANCE": ("医保卡号{}。", "7731007731007"),
    "SOCIAL": ("小红书号：{}。", "canary_red_7731"),
}
QUESTIONS = [
    "头痛三天了，早上起来最厉害，下午好一些，没有吐。",
    "胃胀得难受，吃完饭要两个小时才好一点，晚上反酸。",
    "孩子咳嗽一个星期，夜里重，有痰咳不出来，不发烧。",
    "右膝盖下楼梯疼，走平路没事，蹲下去站不起来。",
]
DOCTOR = "您好，这种情况多久了？以前有没有做过检查？建议先休息，多喝水，观察两天。"


def write_crawl(folder: Path) -> Path:
    """Write dialogues that hold every canary, some twice, some too short."""
    records = []
    for number, (frame, value) in enumerate(CANARIES.values()):
        sentence = frame.format(value)
        question = QUESTIONS[number % 4] + "补充一下，这是第" + "一二三四五六七八九十"[number % 10] * 3 + "次问了。"
        records.append({"id": f"kept{number}", "question": question + sentence, "answer": DOCTOR + sentence})
        records.append({"id": f"copy{number}", "question": question + sentence, "answer": DOCTOR + sentence})
        records.append({"id": f"short{number}", "question": sentence, "answer": "好。"})
    return write_json_lines(folder / "crawl.jsonl", records)


def run_command(*arguments: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "cmtmed.cli", *arguments],
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1]), **environment},
    )


def find_leaks(content: bytes) -> list[str]:
    """Name the types whose canary stands in some bytes, in any encoding that a file here may have."""
    return [
        identifier_type
        for identifier_type, (_, value) in CANARIES.items()
        if any(value.encode(encoding) in content for encoding in ("utf-8", "utf-16-le", "gb18030"))
        or json.dumps(value)[1:-1].encode() in content
    ]


def test_canaries_cover_every_type() -> None:
    assert tuple(CANARIES) == TYPES


@pytest.mark.parametrize("action", ["tag", "pseudonym"])
def test_no_canary_survives_a_build(tmp_path: Path, action: str) -> None:
    write_crawl(tmp_path)
    pipeline = {
        "name": "canaries",
        "extends": "cmtmedqa",
        "sources": [{"name": "crawl"}],
        "options": {"redact_identifiers": {"default_action": action}},
    }
    (tmp_path / "canaries.yaml").write_text(json.dumps(pipeline), encoding="utf-8")
    key = "a key of more than sixteen characters"
    process = run_command("build", "canaries.yaml", "crawl.jsonl", "--out", "out", cwd=tmp_path, CMTMED_KEY=key)
    assert process.returncode == 0, process.stderr
    out = tmp_path / "out"
    leaks_by_file = {path.relative_to(out).as_posix(): find_leaks(path.read_bytes()) for path in list_files(out)}
    assert {name: types for name, types in leaks_by_file.items() if types} == {}
    assert find_leaks((process.stdout + process.stderr + " ".join(map(str, list_files(out)))).encode()) == []
    assert all(key.encode() not in path.read_bytes() for path in list_files(out))
    # What was redacted is on record by type and place, in kept and in dropped rows alike.
    rows = pl.concat(
        pl.DataFrame(pl.from_arrow(split.data.table)) for split in cmtmed.load(out, view="dialogues").values()
    )
    types = rows["identifiers"].explode().drop_nulls().struct.field("type").unique()
    assert set(types) == set(TYPES)
    # Nothing is left of the unfinished build.
    assert sorted(path.name for path in tmp_path.iterdir()) == ["canaries.yaml", "crawl.jsonl", "out"]


def test_a_failing_build_names_no_canary(tmp_path: Path) -> None:
    path = write_crawl(tmp_path)
    truncated = json.dumps({"question": "".join(value for _, value in CANARIES.values())}, ensure_ascii=False)[:-9]
    path.write_text(path.read_text(encoding="utf-8") + truncated + "\n", encoding="utf-8")
    strict = run_command("build", "cmtmedqa", "crawl.jsonl", "--out", "out", "--strict", cwd=tmp_path)
    assert strict.returncode == 1
    assert "invalid_json" in strict.stderr
    assert find_leaks((strict.stdout + strict.stderr).encode()) == []
    unknown_id = run_command("explain", "out", CANARIES["PERSON"][1], cwd=tmp_path)
    assert unknown_id.returncode == 1
    lenient = run_command("build", "cmtmedqa", "crawl.jsonl", "--out", "out", cwd=tmp_path)
    assert lenient.returncode == 0
    # A record that could not be read is kept raw, for whoever mends it, and nowhere but in quarantine.
    holding = {
        path.relative_to(tmp_path / "out").parts[0]
        for path in list_files(tmp_path / "out")
        if find_leaks(path.read_bytes())
    }
    assert holding == {"quarantine"}
    assert find_leaks((lenient.stdout + lenient.stderr).encode()) == []


def test_a_full_disk_names_no_canary(tmp_path: Path) -> None:
    write_crawl(tmp_path)
    code = (
        "import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (9000, 9000));"
        "import signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
        "from cmtmed.cli import main; sys.argv = ['cmtmed', 'build', 'cmtmedqa', 'crawl.jsonl', '--out', 'out']; main()"
    )
    process = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])},
    )
    assert process.returncode == 1
    assert "cannot write" in process.stderr
    assert find_leaks((process.stdout + process.stderr).encode()) == []
