"""The card: what is generated is true, what people wrote stays, and the Hub's own parsers read it."""

from __future__ import annotations

import hashlib
import json
import re
from contextlib import contextmanager

import jsonschema
import mlcroissant
import pytest
from huggingface_hub import DatasetCard
from hypothesis import given
from hypothesis import strategies as st

import cmtmed
from cmtmed.errors import UsageError
from cmtmed.hub.card import escape_markdown, format_tally
from cmtmed.hub.dataset.metadata import CARD_FORMAT
from cmtmed.hub.repository import Repository
from cmtmed.hub.sections import merge_sections, split_sections
from cmtmed.hub.staging import Staging
from tests.support.dialogues import SHARED, needs_real_data
from tests.support.published import CARD, LINES, TEST, audit_and_review, build_small

ALL = ("anonymization", "audit", "risk", "licenses", "test-sets", "quarantine", "card")


@pytest.fixture(scope="module")
def good(tmp_path_factory):
    return audit_and_review(build_small(tmp_path_factory.mktemp("good"), broken_lines=1))


def rehearsed(out, **options):
    return cmtmed.publish(out, "org/dialogues", card=CARD, dry_run=True, **{"quarantined": 1, **options})


@pytest.fixture(scope="module")
def done(good):
    return rehearsed(good)


def body(text, name):
    """Return what stands between the markers of a section."""
    return next(piece.text for piece in split_sections(text) if piece.name == name)


# --- sections -------------------------------------------------------------------------------------------------------

prose = st.text(st.sampled_from("ab 中\n#-<!>"), max_size=30).filter(lambda text: "cmtmed:" not in text)
names = st.sampled_from(["counts", "privacy", "use", "build", "load"])


def section(name, text):
    return f"<!-- cmtmed:begin {name} -->\n{text}\n<!-- cmtmed:end {name} -->"


@st.composite
def cards(draw):
    chosen = draw(st.lists(names, unique=True))
    pieces = [draw(prose)]
    for name in chosen:
        pieces += [section(name, draw(prose)), draw(prose)]
    return "\n".join(pieces)


generated = st.dictionaries(names, prose, min_size=1).map(
    lambda those: "\n\n".join(section(name, text) for name, text in those.items()) + "\n"
)


@given(cards())
def test_pieces_give_the_whole(text):
    assert "".join(piece.text for piece in split_sections(text)) == text


@given(cards(), generated)
def test_what_people_wrote_stays_in_its_order(present, rendered):
    def lines(text):
        return [
            line for piece in split_sections(text) if not piece.name for line in piece.text.split("\n") if line.strip()
        ]

    assert lines(merge_sections(present, rendered)) == lines(present) if present.strip() else True


@given(cards(), generated)
def test_every_generated_section_is_the_new_one(present, rendered):
    def sections(text):
        return {piece.name: piece.text for piece in split_sections(text) if piece.name}

    theirs = {name: text for name, text in sections(present).items() if name == "load"}
    assert sections(merge_sections(present, rendered, ours=CARD_FORMAT.sections - {"load"})) == theirs | sections(
        rendered
    )


@given(cards(), generated)
def test_the_same_version_twice_changes_nothing(present, rendered):
    once = merge_sections(present, rendered)
    assert merge_sections(once, rendered) == once


def test_a_new_section_stands_where_it_was_generated():
    present = "mine\n" + section("counts", "1") + "\nmore of mine\n" + section("build", "3") + "\n"
    merged = merge_sections(
        present, "\n\n".join([section("counts", "1"), section("privacy", "2"), section("build", "4")]) + "\n"
    )
    assert re.findall(r"begin (\w+)|(m\w+)", merged.replace("cmtmed", "")) == [
        ("", "mine"), ("counts", ""), ("privacy", ""), ("", "more"), ("", "mine"), ("build", ""),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "broken",
    [
        "<!-- cmtmed:begin counts -->\nx",
        "x\n<!-- cmtmed:end counts -->",
        section("counts", section("use", "x")),
        section("counts", "x") + "\n" + section("counts", "y"),
    ],
)
def test_broken_markers_are_named(broken):
    with pytest.raises(UsageError, match=r"the card: the markers of section '(counts|use)' do not match"):
        merge_sections(broken, section("counts", "x"))


# --- what the card says ---------------------------------------------------------------------------------------------


def test_the_hub_parses_the_metadata(done):
    data = DatasetCard(done.card, ignore_metadata_errors=False).data.to_dict()
    assert data["language"] == ["zh"]
    assert data["license"] == ["cc-by-4.0", "mit"]
    assert data["size_categories"] == ["n<1K"]
    assert data["pretty_name"] == CARD["pretty_name"]
    assert {one["config_name"]: one.get("default") for one in data["configs"]} == {
        "sft": True, "pretrain": None, "prompts": None, "dialogues": None,
    }  # fmt: skip
    told = next(one for one in data["dataset_info"] if one["config_name"] == "sft")
    rows = {one["name"]: one["num_examples"] for one in told["splits"]}
    assert rows["test"] == len(TEST)
    assert sum(rows.values()) == len(LINES) + len(TEST)
    assert [one["name"] for one in told["features"]] == ["id", "messages", "weights"]


def test_counts_are_those_of_the_build(good, done):
    manifest = json.loads((good / "manifest.json").read_text(encoding="utf-8"))
    counts = body(done.card, "counts")
    assert (
        f"{len(LINES) + len(TEST) + 1} records read = {len(LINES) + len(TEST)} kept + 0 dropped + 1 that could"
        in counts
    )
    assert "`invalid_json` 1" in counts
    for stage in manifest["pipeline"]["stages"]:
        assert f"| `{next(iter(stage))}` |" in counts


def test_inquiries_are_counted_by_turn(good, done):
    rows = cmtmed.load(good, view="dialogues")
    asking = sum(bool(row["inquiries"]) for split_ in rows.values() for row in split_)
    turns = len(LINES) + len(TEST)
    assert f"| 1 | {turns} | {asking} | {100 * asking / turns:.1f} % |" in body(done.card, "inquiries")


def test_the_privacy_statement_is_the_audits(good, done):
    statement = (good / "audit" / "privacy.md").read_text(encoding="utf-8").strip().splitlines()
    lines = body(done.card, "privacy").splitlines()
    # Advice to whoever builds the dataset stands in the build, not in the card.
    advice = ("--hash-ids", "quarantine/")
    missing = [line for line in statement if line not in lines]
    assert missing == [line for line in statement if any(word in line for word in advice)]
    assert len(missing) == 4
    assert not any(word in line for line in lines for word in advice)
    assert CARD["contact"] in body(done.card, "privacy")


def test_checksums_stand_in_the_card_and_can_be_recomputed(done):
    data = sorted((one.path, one.sha256) for one in done.files if one.config)
    assert hashlib.sha256("".join(f"{sha} {path}\n" for path, sha in data).encode()).hexdigest() == done.checksum
    assert done.checksum in body(done.card, "build")
    assert done.tag == f"build-{done.checksum[:12]}"


def test_nothing_of_this_machine_is_in_what_is_published(good):
    kept = _written(good)
    assert set(kept) == {"figures/stages.png", "croissant.json", "cmtmed.json", "README.md"}
    for path, content in kept.items():
        assert str(good).encode() not in content, path
        assert good.parent.name.encode() not in content, path


def test_overridden_checks_stand_on_top(tmp_path):
    out = build_small(tmp_path)
    done = cmtmed.publish(out, "org/dialogues", dry_run=True, i_know=ALL)
    assert done.refused == ()
    told = body(done.card, "overridden")
    assert [finding.check for finding in done.overridden] == ["audit", "risk", "card"]
    assert all(f"`{finding.check}`" in told for finding in done.overridden)
    assert "not filled in: pretty\\_name" in told
    assert "Nobody audited this dataset" in body(done.card, "privacy")


def test_what_people_wrote_survives_a_new_version(good, done):
    text = done.card.replace("pretty_name:", "mine: kept\npretty_name:", 1).replace(
        "- cmtmed\n", "- cmtmed\n- mine\n", 1
    )
    text = text.replace("<!-- cmtmed:begin use -->", "## Written by hand\n\nKept.\n\n<!-- cmtmed:begin use -->")
    again = _again(good, text)
    assert "## Written by hand\n\nKept.\n\n<!-- cmtmed:begin use -->" in again
    data = DatasetCard(again).data.to_dict()
    assert (data["mine"], "mine" in data["tags"]) == ("kept", True)
    assert _again(good, again) == again


@contextmanager
def standing(card):
    """Let a card stand on the Hub."""
    present = Repository(
        repo_type="dataset", name="org/dialogues",
        head="0" * 40, private=True, gated=False, files=frozenset({"README.md"}), tags={}, branches=frozenset({"main"}),
        card=card.encode() if isinstance(card, str) else card, record=None,
    )  # fmt: skip
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("cmtmed.hub.publish.connect", lambda: None)
        patch.setattr("cmtmed.hub.publish.fetch_repository", lambda _remote, **_options: present)
        yield


def _again(out, card):
    """Write the card of a build over one that stands there."""
    with standing(card):
        return rehearsed(out).card


def test_a_template_of_ones_own(good, tmp_path):
    path = tmp_path / "mine.md.jinja"
    path.write_text(
        '{% extends "dataset_card.md.jinja" %}{% block use %}Only for {{ repo }}.{% endblock %}', encoding="utf-8"
    )
    text = rehearsed(good, template=path).card
    assert "Only for org/dialogues." in body(text, "use")
    assert "It was not checked" not in text


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("mine.jinja", "{% block", "the template 'mine.jinja' cannot be used"),
        ("mine.jinja", "{{ nothing_of_the_kind }}", "'nothing_of_the_kind' is undefined"),
        ("mine.jinja", "{{ 1 / 0 }}", "ZeroDivisionError"),
        ("mine.jinja", '{% extends "mine.jinja" %}', "the template 'mine.jinja' cannot be used"),
        ("dataset_card.md.jinja", "x", "is the name of the bundled template"),
        (None, None, "is not a file"),
    ],
)
def test_templates_that_cannot_be_used(good, tmp_path, name, content, message):
    path = tmp_path / (name or "missing.jinja")
    if name:
        path.write_text(content, encoding="utf-8")
    with pytest.raises(UsageError, match=message):
        rehearsed(good, template=path)


def test_a_template_is_parsed_before_anything_is_prepared(good, tmp_path, monkeypatch):
    def refuse(*_):
        raise AssertionError("the build was opened")

    monkeypatch.setattr("cmtmed.hub.publish.DatasetPackage.open", refuse)
    path = tmp_path / "mine.jinja"
    path.write_text("{% block", encoding="utf-8")
    with pytest.raises(UsageError, match=r"'mine.jinja' cannot be used \(line 1\)"):
        rehearsed(good, template=path)


@pytest.mark.parametrize("card", ["---\na: [\n---\ntext", b"---\na: \xff\n---\ntext", "---\n- a\n---\ntext"])
def test_metadata_that_cannot_be_read(good, card):
    with pytest.raises(UsageError, match="the metadata of the card of 'org/dialogues' cannot be read"):
        _again(good, card)


def test_cards_from_other_editors(good, done):
    for text in (
        done.card.replace("\n", "\r\n"),
        "\ufeff" + done.card,
        done.card.replace("<!-- cmtmed", "  <!--  cmtmed"),
    ):
        assert _again(good, text) == done.card


def test_metadata_of_other_kinds(good, done):
    tags = re.sub(r"tags:\n(- .*\n)+", "tags: handmade\n", done.card)
    assert "handmade" in DatasetCard(_again(good, tags)).data.tags


def test_a_prompt_of_the_gate(good, done):
    there = DatasetCard(done.card)
    there.data["extra_gated_prompt"] = "theirs"
    with standing(str(there)):
        kept = rehearsed(good, gated="auto").card
        ours = cmtmed.publish(
            good, "org/dialogues", card={**CARD, "gate_prompt": "ours"}, dry_run=True, gated="auto", quarantined=1
        ).card
    assert DatasetCard(kept).data.to_dict()["extra_gated_prompt"] == "theirs"
    assert DatasetCard(ours).data.to_dict()["extra_gated_prompt"] == "ours"


def test_what_stands_in_fields_stays_text(tmp_path):
    hostile = "a|b <script>x</script> {{ repo }} `c` ](javascript:x)"
    pipeline = {
        "pretty_name": hostile,
        "authors": ["{A} ```"],
        "sources": {"clinic": {"title": hostile, "about": hostile}},
    }
    out = audit_and_review(build_small(tmp_path))
    text = cmtmed.publish(out, "org/dialogues", card={**CARD, **pipeline}, dry_run=True).card
    row = next(line for line in body(text, "sources").splitlines() if "javascript" in line)
    assert "<script>" not in row
    assert "](javascript" not in row
    assert len(re.findall(r"(?<!\\)\|", row)) == 5
    assert "author = {{A}}," in body(text, "citation")
    assert body(text, "citation").count("```") == 2


@pytest.mark.parametrize(
    ("text", "reason"),
    [("<!-- cmtmed:begin use -->", "contains a marker of the card"), ("a\x00b", "contains control characters")],
)
def test_fields_that_would_break_the_card(good, text, reason):
    with pytest.raises(UsageError, match=f"summary: Value error, {reason}"):
        cmtmed.publish(good, "org/dialogues", card={**CARD, "summary": text}, dry_run=True)


def test_dialogues_without_a_licence_are_not_said_to_have_one(tmp_path):
    out = audit_and_review(build_small(tmp_path, terms=None))
    done = cmtmed.publish(out, "org/dialogues", card=CARD, dry_run=True, i_know=["licenses"])
    assert (
        DatasetCard(done.card).data.to_dict()["license"] == ["other", "mit"]
        or "5 dialogues have no licence" in done.card
    )
    assert "5 dialogues have no licence" in body(done.card, "sources")
    assert "as its sources are" not in done.card


@given(st.text(max_size=40))
def test_escaped_text_makes_no_markdown(text):
    shown = escape_markdown(text)
    assert "\n" not in shown
    assert "<" not in shown
    assert not re.search(r"(?<!\\)[`|*_\[\]]", shown)


def test_tallies_rank():
    assert format_tally({"few": 1, "many": 2000, "a|b `x`": 3}) == "`many` 2,000, a\\|b \\`x\\` 3, `few` 1"
    assert format_tally({}) == ""


def test_hashed_ids_are_told_of(good, monkeypatch):
    monkeypatch.setenv("CMTMED_KEY", "0123456789abcdef" * 2)
    text = body(rehearsed(good, hash_ids=True).card, "privacy")
    assert "are keyed hashes" in text
    assert "carry the record numbers" not in text
    assert "--hash-ids" not in text


# --- Croissant ------------------------------------------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore:ConjunctiveGraph is deprecated:DeprecationWarning")  # of a library below
def test_croissant_is_valid_and_lists_every_file(good, done, tmp_path):
    content = _written(good)["croissant.json"]
    path = tmp_path / "croissant.json"
    path.write_bytes(content)
    described = mlcroissant.Dataset(jsonld=path)
    assert not described.metadata.ctx.issues.errors
    # The day of publication is left out: the same version gives the same bytes on any day.
    assert [told for told in described.metadata.ctx.issues.warnings if "datePublished" not in told] == []
    told = described.metadata.to_json()
    assert told["conformsTo"].startswith("http://mlcommons.org/croissant/1")
    files = {one["@id"]: one.get("sha256") for one in told["distribution"] if one["@type"] == "cr:FileObject"}
    assert {one.path: one.sha256 for one in done.files if one.config}.items() <= files.items()
    assert {one["@id"] for one in told["recordSet"]} == {"sft", "pretrain", "prompts", "dialogues"}


def _written(out, **options):
    """Return the small files of a version, by path."""
    kept, write = {}, Staging.write
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Staging, "write", lambda self, path, content: write(self, path, kept.setdefault(path, content)))
        rehearsed(out, **options)
    return kept


def test_the_record_follows_its_schema(good):
    schema = json.loads(cmtmed.bundled("schemas/dataset.v1.json").read_text(encoding="utf-8"))
    record = json.loads(_written(good)["cmtmed.json"])
    jsonschema.validate(record, schema)
    assert record["counts"] == json.loads((good / "manifest.json").read_text(encoding="utf-8"))["counts"]
    assert {one["path"] for one in record["inputs"]} == {"crawl.jsonl", "test.jsonl"}


def test_croissant_of_tags_that_are_no_versions(good):
    assert json.loads(_written(good, tag="v1.2")["croissant.json"])["version"] == "1.2.0"
    assert json.loads(_written(good, tag="autumn_2026")["croissant.json"])["version"].startswith("0.0.0")


@needs_real_data
@pytest.mark.filterwarnings("ignore:ConjunctiveGraph is deprecated:DeprecationWarning")
def test_the_card_of_real_data(tmp_path):
    sources = [
        {"name": "zhongjing", "license": "Apache-2.0", "match": "CMtMedQA_test.json"},
        {"name": "disc", "license": "Apache-2.0", "match": "test_examples.jsonl"},
        {"name": "toyhom", "license": "MIT", "match": "*.csv"},
    ]
    held_out = {"test_sources": ["disc"]}
    options = {"drop_benchmark_overlap": held_out, "assign_split": held_out}
    pipeline = cmtmed.Pipeline.parse({"name": "real", "extends": "cmtmedqa", "sources": sources, "options": options})
    crawl = [
        SHARED / "zhongjing" / "CMtMedQA_test.json",
        SHARED / "disc_medllm" / "test_examples.jsonl",
        SHARED / "toyhom",
    ]
    out = tmp_path / "out"
    counts = cmtmed.build(pipeline, [*crawl[:2], *crawl[2].glob("*.csv")], out).counts
    audit_and_review(out)
    done = rehearsed(out, quarantined=counts["quarantined"])
    assert done.refused == ()
    data = DatasetCard(done.card, ignore_metadata_errors=False).data.to_dict()
    assert data["license"] == ["apache-2.0", "mit"]
    assert data["size_categories"] == ["1K<n<10K"]
    assert f"{counts['read']:,} records read = {counts['kept']:,} kept" in body(done.card, "counts")
    (tmp_path / "croissant.json").write_bytes(_written(out, quarantined=counts["quarantined"])["croissant.json"])
    assert not mlcroissant.Dataset(jsonld=tmp_path / "croissant.json").metadata.ctx.issues.errors
