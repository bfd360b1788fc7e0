"""Every fault in a pipeline file costs one line on standard error and exit code 2, before a row is read.

The line names the file, the key path, what was found, and what to do.
"""

from __future__ import annotations

import re

import pytest

from cmtmed.cli import main
from cmtmed.pipeline import Pipeline
from cmtmed.pipeline_file import KEYS

RECORD = '{"id": "1", "question": "孩子咳嗽三天了怎么办？", "answer": "多大了？有没有痰？先查血常规。"}\n'


def source(text):
    """Return a pipeline with a source of these options."""
    return f"name: p\nextends: cmtmedqa\nsources:\n  - name: s\n{''.join(f'    {line}' + chr(10) for line in text.splitlines())}"


def options(text):
    return f"name: p\nextends: cmtmedqa\noptions:\n  {text}\n"


def stages(text):
    return f"name: p\nstages: {text}\n"


FAULTS = {
    # the file
    "empty file": ("", "the file is empty: expected a mapping with 'name'"),
    "comments only": ("# nothing\n", "the file is empty"),
    "a list": ("- merge_turns\n", r"got the list \[.*\]: expected a mapping"),
    "a text": ("cmtmedqa\n", "got 'cmtmedqa': expected a mapping"),
    "another encoding": ("name: 问诊\nextends: cmtmedqa\n".encode("gb18030"), "not UTF-8 at byte 6; save the file as"),
    "UTF-16": ("name: p\n".encode("utf-16"), "not UTF-8 at byte 0"),
    "a control character": ("name: p\x00\n", "not valid YAML: .*special characters are not allowed.*plain text"),
    "two documents": ("name: p\n---\nname: q\n", "line 2, column 1: a second document begins; keep one"),
    "a tab": ("name: p\nstages:\n\t- merge_turns\n", "line 3, column 1: .*; indent with spaces, not with tabs"),
    "an open bracket": ("name: p\nstages: [merge_turns\n", "not valid YAML: line 3, column 1: .*brackets"),
    "a star": (source("match: *.csv"), "line 5, column 13: .*begins with \\* .* is written in quotes"),
    "an at sign": (source("html:\n  turn: p\n  role: @class"), "begins with @ is written in quotes"),
    "a colon": ("name: p: q\n", "line 1, column 8: .*a colon and a space is written in quotes"),
    "an escape": (source('match: "\\d.csv"'), "unknown escape character 'd'; a regular expression is .* single quotes"),
    "a key twice": ("name: p\nextends: cmtmedqa\nname: q\n", "line 3: duplicate key 'name', first in line 1; remove"),
    "a key twice inside": (source("match: a\nmatch: b"), "line 6: duplicate key 'match', first in line 5"),
    "a list as key": ("name: p\n? [a]\n: b\n", r"""line 2: a key is the list \["a"\]"""),
    "deep nesting": ("name: " + "[" * 5000 + "]" * 5000 + "\n", "nested too deeply"),
    "deep mappings": ("name: " + "{a: " * 5000 + "b" + "}" * 5000 + "\n", "nested too deeply"),
    "aliases that multiply": (
        "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
        + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 12)),
        "more than 100,000 values, aliases included",
    ),
    "an anchor in itself": ("name: &a [*a]\n", "line 1: an anchor contains an alias of itself"),
    "an object of Python": ("name: !!python/object:os.system x\n", "could not determine a constructor"),
    "a date that cannot exist": ("name: 2020-13-45\n", "a date or number that cannot exist .*quotes"),
    "a crawl": ("- " + "x" * 2**21, "2,097,154 bytes are too many for a pipeline; pass the crawl as an input"),
    # keys
    "no name": ("stages: [merge_turns]\n", "option 'name' is missing"),
    "an empty name": ("name: ''\nextends: cmtmedqa\n", "name: got '': String should have at least 1 character"),
    "no stages": ("name: p\n", "option 'stages' is missing; list them, or add 'extends: cmtmedqa'"),
    "an unknown key": ("name: p\nextends: cmtmedqa\nsource: []\n", "unknown option 'source'; did you mean 'sources'"),
    "an unknown key beside": ("name: p\nextend: cmtmedqa\n", "unknown option 'extend'; did you mean 'extends'"),
    "a key of another level": (source("separator: rule"), r"'sources\[0\].separator'; did you mean 'transcript.separator'"),
    "a key without text": ("name: p\nextends: cmtmedqa\nno: 1\n", "the key false is no text; .*unquoted no, off or false"),
    "a number as key": (source("roles: {1: [a]}"), r"sources\[0\].roles: the key 1 is no text"),
    # extends
    "an unknown base": ("name: p\nextends: cmtmedq\n", "extends: no bundled pipeline 'cmtmedq'; did you mean 'cmtmedqa'"),
    "a missing base": ("name: p\nextends: base.yaml\n", "extends: pipeline file 'base.yaml' does not exist"),
    "itself": ("name: p\nextends: x.yaml\n", "extends: x.yaml extends x.yaml; a pipeline cannot extend itself"),
    "a directory as base": ("name: p\nextends: folder.yaml\n", "extends: 'folder.yaml' is a directory"),
    "a list as base": ("name: p\nextends: [cmtmedqa]\n", r"extends: got the list \[.*expected the name of a bundled"),
    "no base": ("name: p\nextends:\n", "extends: got null, expected the name"),
    "a truth value as base": ("name: p\nextends: yes\n", "extends: got true, expected the name"),
    # stages
    "an unknown stage": (stages("[normalise_text]"), r"stages\[0\]: unknown stage .*did you mean 'normalize_text'"),
    "a stage twice": (stages("[merge_turns, merge_turns]"), "'merge_turns' occurs twice in the pipeline; remove one"),
    "stages as text": (stages("merge_turns"), "stages: got 'merge_turns', expected a list"),
    "stages as mapping": (stages("{merge_turns: {}}"), "stages: got the mapping .*, expected a list"),
    "stages as null": (stages(""), "stages: got null, expected a list"),
    "a number as stage": (stages("[3]"), r"stages\[0\]: expected 'stage' or .*, got 3"),
    "options as list": (stages("[{merge_turns: [a]}]"), r"stages\[0\]: expected .*got the mapping"),
    "options as text": (options("drop_by_length: 3"), "options.drop_by_length: got 3, expected {option: value}"),
    "all options as list": ("name: p\nextends: cmtmedqa\noptions: [a]\n", "options: got the list .*, expected a mapping"),
    "options of no stage": (options("drop_lenght: {}"), "no stage 'drop_lenght' in this pipeline; (did you mean|known)"),
    "a truth value as stage": (options("no: {}"), "no stage false in this pipeline"),
    "an unknown option": (options("drop_by_length: {min_turn: 2}"), "unknown option 'min_turn'; did you mean 'min_turns'"),
    "a word as number": (options("drop_by_length: {min_turns: two}"), "min_turns: got 'two': .*valid integer"),
    "a quoted number": (options("drop_by_length: {min_turns: '2'}"), "min_turns: got '2': .*valid integer"),
    "yes as number": (options("drop_by_length: {min_turns: yes}"), "min_turns: got true: .*valid integer"),
    "a fraction": (options("drop_by_length: {min_turns: 2.5}"), "min_turns: got 2.5: .*valid integer"),
    "null as number": (options("drop_by_length: {min_turns: }"), "min_turns: got null: .*valid integer"),
    "a negative number": (options("drop_by_length: {min_turns: -1}"), "min_turns: got -1: .*greater than"),
    "not a number": (options("drop_duplicates: {threshold: .nan}"), "threshold: got NaN"),
    "a share above one": (options("assign_split: {test: 2}"), "test: got 2: .*less than"),
    "shares above one": (options("assign_split: {test: 0.7, validation: 0.6}"), "add up to more than 1"),
    "a number as truth value": (options("redact_identifiers: {default_action: 1}"), "default_action: got 1"),
    "an unknown choice": (options("normalize_text: {script: simplifed}"), "got 'simplifed': .*did you mean 'simplified'"),
    "an edit too late": (stages("[tag_inquiries, normalize_text]"), "move 'normalize_text' before 'tag_inquiries'"),
    "a column of nobody": (stages("[keep_proactive]"), "reads column 'inquiries', which no earlier stage writes"),
    # other settings
    "a seed as text": ("name: p\nextends: cmtmedqa\nseed: x\n", "seed: got 'x': .*valid integer"),
    "a seed as truth value": ("name: p\nextends: cmtmedqa\nseed: on\n", "seed: got true: .*valid integer"),
    "an unknown view": ("name: p\nextends: cmtmedqa\nviews: {names: [stf]}\n", r"views.names\[0\]: got 'stf'.*mean 'sft'"),
    "views as list": ("name: p\nextends: cmtmedqa\nviews: [sft]\n", "views: got the list .*: expected a mapping of options"),
    "one view as text": ("name: p\nextends: cmtmedqa\nviews: {names: sft}\n", "views.names: got 'sft': expected a list"),
    # sources
    "no sources": ("name: p\nextends: cmtmedqa\nsources: []\n", "sources: got an empty list; write at least '- name: crawl'"),
    "sources as mapping": ("name: p\nextends: cmtmedqa\nsources: {name: s}\n", "sources: got the mapping .*expected a list"),
    "sources as text": ("name: p\nextends: cmtmedqa\nsources: [s]\n", r"sources\[0\]: got 's': expected a mapping"),
    "a source without a name": ("name: p\nextends: cmtmedqa\nsources: [{match: a}]\n", r"'sources\[0\].name' is missing"),
    "a name with a slash": ("name: p\nextends: cmtmedqa\nsources: [{name: a/b}]\n", r"sources\[0\].name: got 'a/b'"),
    "a name that is no text": ("name: p\nextends: cmtmedqa\nsources: [{name: no}]\n", "got false: expected a text; YAML reads"),
    "a date": (source("license: 2021-03-01"), r"sources\[0\].license: got the date 2021-03-01; a text is written in quotes"),
    "a number for a text": (source("license: 4.0"), r"license: got 4.0: expected a text.*quotes"),
    "an unknown option of a source": (source("encodng: utf-8"), "unknown option .*; did you mean 'encoding'"),
    "an unknown field": (source("fields: {anser: a}"), r"'sources\[0\].fields.anser'; did you mean 'answer'"),
    "fields as list": (source("fields: [question]"), "fields: got the list .*: expected a mapping of options"),
    "a truth value as field": (source("fields: {answer: no}"), "fields.answer: got false: expected a text or a list.*quotes"),
    "a truth value in a list": (source("fields: {answer: [a, no]}"), r"fields.answer\[1\]: got false: expected a text"),
    "a mapping as field": (source("fields: {answer: {name: a}}"), "fields.answer: got the mapping .*: expected a text or a"),
    "an empty name of a field": (source("fields: {answer: ''}"), "fields.answer: got '': expected the name of a field"),
    "a field of two meanings": (source("fields: {question: a, answer: a}"), "got 'a', which is already fields.question"),
    "a field twice": (source("fields: {question: [a, a]}"), "fields.question: got 'a' 2 times"),
    "a field read and ignored": (source("fields: {question: a}\nignore_fields: [a]"), "got 'a', which is fields.question"),
    "an unknown format": (source("format: jsonlines"), "format: got 'jsonlines': .*; did you mean 'jsonl'"),
    "an unknown shape": (source("shape: message"), "shape: got 'message': .*; did you mean 'messages'"),
    "an unknown encoding": (source("encoding: utf-88"), "encoding: got 'utf-88': no encoding .*use auto, utf-8, gb18030"),
    "an encoding of no text": (source("encoding: base64"), "encoding: got 'base64': no encoding"),
    "an encoding of nothing": (source("encoding: ''"), "encoding: got '': no encoding"),
    "an encoding with a NUL": (source('encoding: "a\\0b"'), "encoding: got 'a.x00b': no encoding"),
    "a long delimiter": (source(f"delimiter: '{'|' * 33}'"), r"delimiter: got '\|+': .*at most 32 characters"),
    "an empty delimiter": (source("delimiter: ''"), "delimiter: got '': .*at least 1 character"),
    "a quote as delimiter": (source("delimiter: '\"'"), "delimiter: got '\"': quotes and line breaks divide no cells"),
    "a delimiter of JSON": (source("format: jsonl\ndelimiter: ','"), "delimiter: has no effect on format 'jsonl'"),
    "columns as text": (source("columns: a"), "columns: got 'a': expected a list"),
    "columns twice": (source("columns: [a, b, a]"), "columns: got 'a' 2 times"),
    "a field beside the columns": (source("columns: [ask, reply]\nfields: {question: aks}"), "not in columns; did you mean 'ask'"),
    "a bracket": (source("match: 'a[b.csv'"), r"match: got 'a\[b.csv': the bracket \[ is never closed"),
    "an empty glob": (source("match: ' '"), "match: got ' ': expected a glob"),
    "a relative glob": (source("match: ./a.csv"), "remove the ./"),
    "a Windows path": (source("match: 'a\\b.csv'"), "folders are separated by /"),
    "a folder as glob": (source("match: crawl/"), r"names a folder; write 'crawl/\*'"),
    "braces": (source("match: 'a.{csv,tsv}'"), "braces are no part of a glob"),
    "a source that gets nothing": (source("match: '*'") + "  - {name: t, match: a.csv}\n", r"sources\[1\].match: .*'s' takes all these files"),
    "grouping of a transcript": (source("format: transcript\ngroup_by: id"), "group_by: got 'id': format 'transcript' has no"),
    "grouping of dialogues": (source("shape: single_turn\ngroup_by: id"), "group_by: got 'id': with shape 'single_turn' each"),
    "order without groups": (source("group_by: none\norder_by: n"), "order_by: got 'n': needs group_by"),
    "a field without a place": (source("shape: single_turn\nfields: {messages: a}"), "fields.messages: has no place in shape"),
    "blocks of another format": (source("blocks: {lines: [a]}"), "blocks: needs format: blocks, but the format is 'auto'"),
    "a line twice": (source("format: blocks\nblocks: {lines: [a, a]}"), "blocks.lines: got 'a' 2 times"),
    "no lines": (source("format: blocks\nblocks: {lines: []}"), "blocks.lines: got the list .*at least 1 item"),
    "a field of no line": (source("format: blocks\nfields: {answer: anser}"), "no line of a block; did you mean 'answer'"),
    "an unknown role": (source("roles: {doctor: [专家]}"), "roles.doctor: got 'doctor': .*'assistant'"),
    "speakers as text": (source("roles: {user: 楼主}"), "roles.user: got '楼主': expected a list, such as"),
    "an empty speaker": (source("roles: {user: ['']}"), "roles.user: got '': expected the name of a speaker"),
    "a speaker of two roles": (source("roles: {user: [甲], assistant: [甲]}"), "got '甲', which is also in roles.user"),
    "a speaker read and ignored": (source("roles: {user: [甲]}\nignore_speakers: [甲]"), "got '甲', which is also in roles.user"),
    "a size of zero": (source("max_record_bytes: 0"), "max_record_bytes: got 0: .*greater than 0"),
    # regular expressions
    "a bad separator": (source("transcript: {separator: '('}"), r"transcript.separator: got '\(': not a regular expression: .*position 0"),
    "a separator of all lines": (source("transcript: {separator: '.*'}"), "transcript.separator: .*matches every line"),
    "a separator of empty lines": (source("transcript: {separator: '-*'}"), "transcript.separator: .*matches an empty line"),
    "a separator without end": (source("transcript: {separator: '(-+)+x'}"), "transcript.separator: .*a repetition inside a rep"),
    "a bad line to ignore": (source("transcript: {ignore: ['[a']}"), r"transcript.ignore\[0\]: got '\[a': not a regular expression"),
    "ignoring all lines": (source("transcript: {ignore: [ok, '.+|']}"), r"transcript.ignore\[1\]: .*matches every line"),
    "one text to ignore": (source("transcript: {ignore: 广告}"), "transcript.ignore: got '广告': expected a list"),
    "a bad end": (source("transcript: {end: ['*']}"), r"transcript.end\[0\]: got '\*': not a regular expression: nothing to rep"),
    "an end without end": (source(r"transcript: {end: ['(\w+\s?)*x']}"), r"transcript.end\[0\]: .*a repetition inside a rep"),
    "a bad header": (source("transcript: {headers: {id: '编号)'}}"), r"transcript.headers.id: .*not a regular expression"),
    "a header of any name": (source("transcript: {headers: {id: '.*'}}"), "transcript.headers.id: .*matches every name"),
    "a header with a value": (source("transcript: {headers: {id: '(?P<value>a)'}}"), "transcript.headers.id: .*cannot be followed"),
    "a look-behind": (source("transcript: {end: ['(?<=a+)b']}"), "look-behind requires fixed-width"),
    "a set in a set": (source("transcript: {end: ['[[a]b']}"), "Possible nested set"),
    # selectors
    "a bad dialogue": (source("html: {dialogue: 'div['}"), r"html.dialogue: got 'div\[': not a CSS selector"),
    "no dialogue": (source("html: {dialogue: ''}"), "html.dialogue: got '': not a CSS selector"),
    "a bad turn": (source("html: {turn: 'p..a'}"), "html.turn: got 'p..a': not a CSS selector"),
    "a bad text": (source("html: {turn: p, text: 'a >'}"), "html.text: got 'a >': not a CSS selector"),
    "a bad role": (source("html: {turn: p, role: 'b:foo(@class'}"), r"html.role: got 'b:foo\(@class': not a CSS selector"),
    "no attribute": (source("html: {turn: p, role: 'b@'}"), "html.role: got 'b@': no attribute stands behind the @"),
    "a bad id": (source("html: {turn: p, id: '#'}"), "html.id: got '#': not a CSS selector"),
    "a bad department": (source("html: {turn: p, department: '!'}"), "html.department: got '!': not a CSS selector"),
    "a role without a turn": (source("html: {role: b}"), "html.role: is looked for inside a turn; set html.turn"),
    "selectors of a table": (source("format: csv\nhtml: {turn: p}"), "html: needs format: html, but the format is 'csv'"),
}  # fmt: skip


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    """Return a function that builds with a pipeline file; it gives the exit code and the lines on standard error."""

    def call(path):
        (tmp_path / "crawl.jsonl").write_text(RECORD, encoding="utf-8")
        (tmp_path / "folder.yaml").mkdir(exist_ok=True)
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr("sys.argv", ["cmtmed", "build", path, "crawl.jsonl", "--out", "out"])
        monkeypatch.setattr("cmtmed.engine.build.match_files", lambda *_: pytest.fail("the crawl was looked at"))
        code = 0
        try:
            main()
        except SystemExit as stop:
            code = stop.code
        captured = capsys.readouterr()
        assert captured.out == ""
        return code, captured.err

    return call


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_costs_one_line(tmp_path, run, name):
    text, message = FAULTS[name]
    (tmp_path / "x.yaml").write_bytes(text if isinstance(text, bytes) else text.encode())
    code, stderr = run("x.yaml")
    assert code == 2
    assert stderr.startswith("cmtmed: x.yaml: ")
    assert stderr.count("\n") == 1
    assert stderr.endswith("\n")
    assert len(stderr) < 700
    assert re.search(message, stderr), stderr


def test_a_base_is_looked_for_beside_its_file(tmp_path, monkeypatch):
    folder = tmp_path / "pipelines"
    folder.mkdir()
    (folder / "base.yaml").write_text("name: base\nextends: cmtmedqa\nseed: 7\n", encoding="utf-8")
    (folder / "mine.yaml").write_text("name: mine\nextends: base.yaml\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert Pipeline.load("pipelines/mine.yaml").seed == 7


@pytest.mark.parametrize("length", [2, 3])
def test_a_circle_of_bases_is_named(tmp_path, run, length):
    names = ["x.yaml", *(f"y{number}.yaml" for number in range(1, length))]
    for name, base in zip(names, [*names[1:], names[0]], strict=True):
        (tmp_path / name).write_text(f"name: p\nextends: {base}\n", encoding="utf-8")
    code, stderr = run("x.yaml")
    assert code == 2
    assert f"{' extends '.join([*names, names[0]])}; a pipeline cannot extend itself" in stderr
    assert stderr.count("\n") == 1


def test_a_fault_in_a_base_names_the_base(tmp_path, run):
    (tmp_path / "base.yaml").write_text("name: p\nstages: merge_turns\n", encoding="utf-8")
    (tmp_path / "x.yaml").write_text("name: q\nextends: base.yaml\n", encoding="utf-8")
    assert run("x.yaml") == (2, "cmtmed: base.yaml: stages: got 'merge_turns', expected a list\n")


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("missing.yaml", "pipeline file 'missing.yaml' does not exist; pass an existing path or the name of a bundled"),
        ("folder.yaml", "'folder.yaml' is a directory; pass a pipeline file inside it"),
        ("crawl.jsonl", "'crawl.jsonl' does not end in .yaml; rename the pipeline file, or pass another"),
        ("cmtmed_qa", "no bundled pipeline 'cmtmed_qa'; did you mean 'cmtmedqa'?"),
        ("secret.yaml", "cannot be read: "),
    ],
)
def test_a_path_that_holds_no_pipeline(tmp_path, run, path, message, monkeypatch):
    if path == "secret.yaml":
        (tmp_path / path).touch()
        monkeypatch.setattr("pathlib.Path.read_bytes", _refuse)
    code, stderr = run(path)
    assert (code, stderr.count("\n")) == (2, 1)
    assert message in stderr


def _refuse(_path):
    raise PermissionError(13, "Permission denied")


VALID = {
    "a byte order mark": "\ufeffname: p\nextends: cmtmedqa\n",
    "an alias": "name: p\nextends: cmtmedqa\nsources:\n  - &a {name: s, match: a.csv}\n  - {<<: *a, match: b.csv}\n",
    "an ending in capitals": "name: p\nextends: cmtmedqa\n",
    "a separator of blank lines": source(r"transcript: {separator: '\s*'}"),
    "a group that repeats": source(r"transcript: {ignore: ['(?:\d{1,3}\.)+', '(?:第\d+条)+', '(?:a|b)+c']}"),
    "a possessive repetition": source(r"transcript: {end: ['(?:\w++ )*诊断']}"),
    "a whole number for a number": options("drop_duplicates: {threshold: 1}"),
    "an attribute with a quote": source("html: {turn: \"p[data-a='b']\", role: 'b@data-role', id: '@id'}"),
    "no options": options("drop_by_length:"),
    "swapped names": source("roles: {user: [a], assistant: [q]}"),
}


@pytest.mark.parametrize("name", VALID)
def test_what_is_unusual_but_right_is_read(tmp_path, name):
    path = tmp_path / ("x.YAML" if "capitals" in name else "x.yaml")
    path.write_text(VALID[name], encoding="utf-8")
    assert Pipeline.load(path).name == "p"


def test_declared_speakers_win():
    roles = {"user": ["a"], "assistant": ["q"]}
    table = Pipeline.parse({"name": "p", "extends": "cmtmedqa", "sources": [{"name": "s", "roles": roles}]})
    assert [table.sources[0].role_table()[name] for name in ("a", "q")] == ["user", "assistant"]


def test_all_keys_are_known():
    assert set(KEYS) == {*Pipeline.model_fields, "extends", "options"}
