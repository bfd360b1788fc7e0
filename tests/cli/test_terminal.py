"""What a crawl can do to a terminal: nothing. Characters that act or hide are shown, wherever crawled text is printed."""

from __future__ import annotations

import io
import json
import re
import sys
import unicodedata
from itertools import pairwise

import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.table import Table
from rich.text import Text
from typer.testing import CliRunner

from cmtmed.audit import audit_build
from cmtmed.cli import app, chat, console
from cmtmed.cli.console import SafeConsole
from cmtmed.errors import CmtmedError
from cmtmed.schema import DIALOGUE
from cmtmed.text.visible import dump_visible_json, escape_invisible
from tests.support.files import write_json_lines
from tests.support.published import CARD, LINES, build_small

PLANTS = {
    "ESC": "\x1b[31m红",
    "CSI": "\x9b2J",
    "OSC 8": "\x1b]8;;http://example.invalid\x1b\\点我\x1b]8;;\x1b\\",
    "OSC 52": "\x1b]52;c;cm0gLXJm\x07",
    "BEL": "\x07",
    "BS": "100mg\x08\x08\x08\x0810mg",
    "CR": "每天三次\r每天一次",
    "VT, FF": "\x0b\x0c",
    "DEL": "\x7f",
    "NEL": "\x85",
    "bidi": "\u202e5.2\u202c\u2066x\u2069",
    "separators": "\u2028\u2029",
    "byte order mark": "\ufeff",
    "zero width": "1\u200b0\u200c\u200d\u2060mg",
    "soft hyphen": "\xad",
    "tags": "\U000e0041\U000e007f",
    "fillers": "\u3164\uffa0\u115f",
    "markup": "[bold]粗[/bold][/red]",
}
PLANT = "".join(PLANTS.values())
ALLOWED = "\n\t"


def assert_harmless(text):
    """Make sure that a terminal would obey and hide nothing of a text."""
    harmful = {
        f"U+{ord(character):04X}"
        for character in text
        if character not in ALLOWED and unicodedata.category(character) in {"Cc", "Cf", "Zl", "Zp", "Cs"}
    }
    assert not harmful


def strip_styles(text):
    """Remove the sequences by which Rich sets colours and styles."""
    return re.sub(r"\x1b\[[0-9;]*m", "", text)


@given(st.text(st.characters(exclude_categories=[]) | st.sampled_from(sorted({*PLANT}))))
def test_nothing_harmful_is_left_and_nothing_is_lost(text):
    visible = escape_invisible(text)
    assert_harmless(visible)
    assert escape_invisible(visible) == visible
    restored = re.sub(r"⟨U\+([0-9A-F]{4,6})⟩", lambda match: chr(int(match[1], 16)), visible)
    if "⟨" not in text:
        assert restored == text
    line = dump_visible_json({"text": text})
    assert_harmless(line)
    assert "\n" not in line
    assert json.loads(line) == {"text": text}


def test_every_character_that_acts_or_hides_is_escaped():
    harmful = {"Cc", "Cf", "Zl", "Zp", "Cs"}
    for code in range(sys.maxunicode + 1):
        character = chr(code)
        if unicodedata.category(character) in harmful and character not in ALLOWED:
            assert escape_invisible(character) == f"⟨U+{code:04X}⟩"


@pytest.mark.parametrize("text", ["发烧38.5℃，Ｎo.1——½ ①é", "a\tb\nc", "👍🏽", "　全角　"])
def test_what_can_be_seen_stays(text):
    assert escape_invisible(text) == text


@pytest.mark.parametrize("terminal", [True, False])
def test_whatever_way_text_reaches_the_console(terminal):
    table = Table(PLANT, title=PLANT)
    table.add_row(PLANT)
    table.add_row(Text(PLANT))
    stream = io.StringIO()
    output = SafeConsole(file=stream, force_terminal=terminal, highlight=False, soft_wrap=True, markup=False)
    output.print(PLANT, markup=False)
    output.print(Text(PLANT))
    output.print(Text.assemble((PLANT, "reverse")), style="red")
    output.print(table)
    output.print({"a": PLANT})
    output.print(PLANT.encode())
    assert_harmless(strip_styles(stream.getvalue()) if terminal else stream.getvalue())
    assert stream.getvalue().count("⟨U+001B⟩") > 5


def read_rows(path):
    with path.open("rb") as stream:
        return pl.DataFrame(pl.from_arrow(pa.ipc.open_stream(stream).read_all()))


def plant(value):
    return value if value is None else value[: len(value) // 2] + PLANT + value[len(value) // 2 :]


def plant_everywhere(rows):
    """Put the characters into every text of a table of dialogues."""
    dialogues = rows.to_dicts()
    for dialogue in dialogues:
        for name in ("id", "source", "source_id", "license", "cluster", "drop_reason"):
            dialogue[name] = plant(dialogue[name])
        dialogue["department"] = dialogue["subdepartment"] = PLANT
        for message in dialogue["messages"]:
            message["content"] = plant(message["content"])
        for name in ("inquiries", "identifiers", "trace"):
            for entry in dialogue[name]:
                for key in ("slot", "type", "action", "stage", "reason"):
                    if isinstance(entry.get(key), str) and entry[key] not in {"left_out", "dropped"}:
                        entry[key] = plant(entry[key])
    return pl.DataFrame(dialogues, schema=DIALOGUE)


@pytest.fixture(scope="module")
def planted(tmp_path_factory):
    """A build whose tables hold the characters in every column, as no stage has removed them."""
    folder = tmp_path_factory.mktemp("planted")
    out = build_small(folder, [*LINES, LINES[0] | {"id": "a2"}])
    for path in [*out.glob("dialogues/*/*.arrow"), *out.glob("dropped/*.arrow")]:
        with path.open("rb") as stream:
            table = pa.ipc.open_stream(stream).read_all()
        rows = plant_everywhere(pl.DataFrame(pl.from_arrow(table)))
        arrow = rows.to_arrow(compat_level=pl.CompatLevel.oldest()).cast(table.schema)
        with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_stream(sink, table.schema) as writer:
            writer.write_table(arrow)
    manifest = json.loads((out / "manifest.json").read_text(encoding="utf-8"))
    for file in manifest["files"]:
        file["bytes"] = (out / file["path"]).stat().st_size
    manifest["pipeline"]["name"] = f"x{PLANT}".replace("\ud800", "")
    manifest["inputs"][0]["path"] = f"{PLANT}.jsonl"
    manifest["pipeline"]["stages"].append({f"stage{PLANT}": {f"option{PLANT}": PLANT}})
    (out / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    return out


def run(*arguments, answers=""):
    result = CliRunner().invoke(app, [str(argument) for argument in arguments], input=answers)
    if isinstance(result.exception, CmtmedError):
        stream = io.StringIO()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(console, "messages", SafeConsole(file=stream, soft_wrap=True))
            console.fail(result.exception)
        assert stream.getvalue().count("\n") == 1
        return stream.getvalue()
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.output


def test_commands_on_a_build(planted):
    rows = pl.concat([read_rows(path) for path in planted.glob("dropped/*.arrow")])
    dropped = rows.filter(pl.col("cluster").is_not_null())["id"][0]
    kept = rows.filter(pl.col("cluster").is_not_null())["cluster"][0]
    audit_build(planted)
    outputs = {
        "explain": run("explain", planted, kept),
        "explain a dropped one": run("explain", planted, dropped),
        "explain --json": run("explain", planted, kept, "--json"),
        "explain nothing": run("explain", planted, f"x{PLANT}"),
        "duplicates": run("duplicates", planted),
        "duplicates --json": run("duplicates", planted, "--json"),
        "duplicates ID": run("duplicates", planted, dropped),
        "duplicates ID --json": run("duplicates", planted, dropped, "--json"),
        "compare": run("compare", planted, planted),
        "compare --json": run("compare", planted, planted, "--json"),
        "audit": run("audit", planted, "--show", 20),
        "audit --json": run("audit", planted, "--json"),
        "audit --review": run("audit", planted, "--review", answers="s\n" * 30),
    }
    for command, output in outputs.items():
        assert_harmless(output)
        assert output.strip(), command
    for command in ("explain", "duplicates", "duplicates ID", "audit", "audit --review"):
        assert "⟨U+001B⟩" in outputs[command], command
        # A list cuts what is too long for a line.
        assert command == "duplicates" or "⟨U+202E⟩" in outputs[command], command
    assert json.loads(outputs["explain --json"])["dialogue"]["id"] == kept
    for command in ("explain", "duplicates ID", "audit"):
        assert "[bold]粗[/bold]" in outputs[command].replace("\n", ""), command


def test_commands_on_a_crawl(tmp_path):
    lines = [
        {
            "question": plant(line["question"]),
            "answer": plant(line["answer"]),
            f"字段{PLANT}": PLANT,
            "id": plant(line["id"]),
        }
        for line in LINES * 4
    ]
    crawl = write_json_lines(tmp_path / "患者\x1b[31m\u202e.jsonl", lines)
    with crawl.open("ab") as stream:
        stream.write(b'{"question": "\xff\x1b[31m"}\n')
    for arguments in (
        ("inspect", crawl),
        ("inspect", crawl, "--json"),
        ("build", "cmtmedqa", crawl, "--out", tmp_path / "out", "--workers", 1),
        ("build", "cmtmedqa", crawl, "--out", tmp_path / "out", "--workers", 1, "--json"),
        ("build", "cmtmedqa", crawl, "--out", tmp_path / "strict", "--workers", 1, "--strict"),
        ("build", "cmtmedqa", f"{crawl}x", "--out", tmp_path / "out"),
    ):
        output = run(*arguments)
        assert_harmless(output)
        assert output.strip()


def test_the_card_of_a_rehearsal(planted, tmp_path, monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    card = tmp_path / "card.yaml"
    card.write_text(json.dumps({**CARD, "summary": f"x{PLANTS['bidi']}{PLANTS['zero width']}"}), encoding="utf-8")
    for as_json in ((), ("--json",)):
        output = run("publish", planted, "org/dialogues", "--dry-run", "--card", card, *as_json)
        assert_harmless(output)
        assert "org/dialogues" in output


def test_a_model_that_answers_with_sequences(monkeypatch):
    pytest.importorskip("transformers")

    class Parrot:
        messages = ()

        def __init__(self, *_arguments, **_options):
            pass

        def say(self, _line):
            yield from (first + second for first, second in pairwise(PLANT))

    monkeypatch.setattr("cmtmed.training.model.chat.Chat", Parrot)
    monkeypatch.setattr(chat, "require_training_libraries", lambda: None)
    output = run("chat", "model", answers="您好\n\n")
    assert_harmless(output)
    assert "⟨U+001B⟩" in output
