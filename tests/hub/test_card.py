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
from cmtmed.hub.card import format_tally
from cmtmed.hub.dataset.metadata import CARD_FORMAT
from cmtmed.hub.repository import Repository
from cmtmed.hub.sections import merge_sections, split_sections
from cmtmed.hub.staging import Staging
from cmtmed.markdown import escape_markdown
from tests.support.dialogues import SHARED, needs_real_data
from tests.support.published import CARD, LINES, TEST, audit_and_review, build_small

ALL = ("anonymization", "audit", "risk", "licenses", "test-sets", "quarantine", "card")


@pytest.fixture(scope="module")
def build_dir(tmp_path_factory):
    return audit_and_review(build_small(tmp_path_factory.mktemp("good"), broken_lines=1))


def rehearse(out, **options):
    return cmtmed.publish(out, "org/dialogues", card=CARD, dry_run=True, **{"quarantined": 1, **options})


@pytest.fixture(scope="module")
def publication(build_dir):
    return rehearse(build_dir)


def get_section(text, name):
    """Return the text of a section with its markers."""
    return next(block.text for block in split_sections(text) if block.name == name)


# --- sections -------------------------------------------------------------------------------------------------------

prose = st.text(st.sampled_from("ab 中\n#-<!>"), max_size=30).filter(lambda text: "cmtmed:" not in text)
names = st.sampled_from(["counts", "privacy", "use", "build", "load"])


def section(name, text):
    return f"<!-- cmtmed:begin {name} -->\n{text}\n<!-- cmtmed:end {name} -->"


@st.composite
def cards(draw):
    chosen_names = draw(st.lists(names, unique=True))
    blocks = [draw(prose)]
    for name in chosen_names:
        blocks += [section(name, draw(prose)), draw(prose)]
    return "\n".join(blocks)


generated = st.dictionaries(names, prose, min_size=1).map(
    lambda those: "\n\n".join(section(name, text) for name, text in those.items()) + "\n"
)


@given(cards())
def test_pieces_give_the_whole(text):
    assert "".join(block.text for block in split_sections(text)) == text


@given(cards(), generated)
def test_what_people_wrote_stays_in_its_order(present, rendered):
    def lines(text):
        return [
            line for block in split_sections(text) if not block.name for line in block.text.split("\n") if line.strip()
        ]

    assert lines(merge_sections(present, rendered)) == lines(present) if present.strip() else True


@given(cards(), generated)
def test_every_generated_section_is_the_new_one(present, rendered):
    def sections(text):
        return {block.name: block.text for block in split_sections(text) if block.name}

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
    "card",
    [
        "<!-- cmtmed:begin counts -->\nx",
        "x\n<!-- cmtmed:end counts -->",
        section("counts", section("use", "x")),
        section("counts", "x") + "\n" + section("counts", "y"),
    ],
)
def test_broken_markers_are_named(card):
    with pytest.raises(UsageError, match=r"the card: the markers of section '(counts|use)' do not match"):
        merge_sections(card, section("counts", "x"))


# --- what the card says ---------------------------------------------------------------------------------------------


def test_the_hub_parses_the_metadata(publication):
    data = DatasetCard(publication.card, ignore_metadata_errors=False).data.to_dict()
    assert data["language"] == ["zh"]
    assert data["license"] == ["cc-by-4.0", "mit"]
    assert data["size_categories"] == ["n<1K"]
    assert data["pretty_name"] == CARD["pretty_name"]
    assert {entry["config_name"]: entry.get("default") for entry in data["configs"]} == {
        "sft": True, "pretrain": None, "prompts": None, "dialogues": None,
    }  # fmt: skip
    info = next(entry for entry in data["dataset_info"] if entry["config_name"] == "sft")
    rows = {entry["name"]: entry["num_examples"] for entry in info["splits"]}
    assert rows["test"] == len(TEST)
    assert sum(rows.values()) == len(LINES) + len(TEST)
    assert [entry["name"] for entry in info["features"]] == ["id", "messages", "weights"]


def test_counts_are_those_of_the_build(build_dir, publication):
    manifest = json.loads((build_dir / "manifest.json").read_text(encoding="utf-8"))
    counts = get_section(publication.card, "counts")
    assert (
        f"{len(LINES) + len(TEST) + 1} records read = {len(LINES) + len(TEST)} kept + 0 dropped + 1 that could"
        in counts
    )
    assert "`invalid_json` 1" in counts
    for stage in manifest["pipeline"]["stages"]:
        assert f"| `{next(iter(stage))}` |" in counts


def test_inquiries_are_counted_by_turn(build_dir, publication):
    rows = cmtmed.load(build_dir, view="dialogues")
    asking = sum(bool(row["inquiries"]) for split_ in rows.values() for row in split_)
    turns = len(LINES) + len(TEST)
    assert f"| 1 | {turns} | {asking} | {100 * asking / turns:.1f} % |" in get_section(publication.card, "inquiries")


def test_the_privacy_statement_is_the_audits(build_dir, publication):
    statement = (build_dir / "audit" / "privacy.md").read_text(encoding="utf-8").strip().splitlines()
    lines = get_section(publication.card, "privacy").splitlines()
    # Headings are one level deeper in the card, and the notes to whoever builds the dataset are left out.
    missing = [line for line in statement if ("#" + line if line.startswith("#") else line) not in lines]
    assert [line for line in missing if line.startswith("#")] == ["### 致发布者", "### For the publisher"]
    notes = [line for line in missing if not line.startswith("#")]
    assert len(notes) == 4
    assert all("--hash-ids" in line or "quarantine/" in line for line in notes)
    assert lines.count("### Privacy") == 1
    assert CARD["contact"] in get_section(publication.card, "privacy")


def test_checksums_stand_in_the_card_and_can_be_recomputed(publication):
    data = sorted((file.path, file.sha256) for file in publication.files if file.config)
    assert hashlib.sha256("".join(f"{sha} {path}\n" for path, sha in data).encode()).hexdigest() == publication.checksum
    assert publication.checksum in get_section(publication.card, "build")
    assert publication.tag == f"build-{publication.checksum[:12]}"


def test_nothing_of_this_machine_is_in_what_is_published(build_dir):
    kept = write_small_files(build_dir)
    assert set(kept) == {"figures/stages.png", "croissant.json", "cmtmed.json", "README.md"}
    for path, content in kept.items():
        assert str(build_dir).encode() not in content, path
        assert build_dir.parent.name.encode() not in content, path


def test_overridden_checks_stand_on_top(tmp_path):
    out = build_small(tmp_path)
    publication = cmtmed.publish(out, "org/dialogues", dry_run=True, i_know=ALL)
    assert publication.refused == ()
    section_text = get_section(publication.card, "overridden")
    assert [finding.check for finding in publication.overridden] == ["audit", "risk", "card"]
    assert all(f"`{finding.check}`" in section_text for finding in publication.overridden)
    assert "not filled in: pretty\\_name" in section_text
    assert "Nobody audited this dataset" in get_section(publication.card, "privacy")


def test_what_people_wrote_survives_a_new_version(build_dir, publication):
    text = publication.card.replace("pretty_name:", "mine: kept\npretty_name:", 1).replace(
        "- cmtmed\n", "- cmtmed\n- mine\n", 1
    )
    text = text.replace("<!-- cmtmed:begin use -->", "## Written by hand\n\nKept.\n\n<!-- cmtmed:begin use -->")
    rewritten = rewrite_card(build_dir, text)
    assert "## Written by hand\n\nKept.\n\n<!-- cmtmed:begin use -->" in rewritten
    data = DatasetCard(rewritten).data.to_dict()
    assert (data["mine"], "mine" in data["tags"]) == ("kept", True)
    assert rewrite_card(build_dir, rewritten) == rewritten


@contextmanager
def existing_card(card):
    """Pretend that the repository on the Hub holds a card."""
    present = Repository(
        repo_type="dataset", name="org/dialogues",
        head="0" * 40, private=True, gated=False, files=frozenset({"README.md"}), tags={}, branches=frozenset({"main"}),
        card=card.encode() if isinstance(card, str) else card, record=None,
    )  # fmt: skip
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("cmtmed.hub.publish.connect", lambda: None)
        patch.setattr("cmtmed.hub.publish.fetch_repository", lambda _remote, **_options: present)
        yield


def rewrite_card(out, card):
    """Write the card of a build over an existing one."""
    with existing_card(card):
        return rehearse(out).card


def test_a_template_of_ones_own(build_dir, tmp_path):
    path = tmp_path / "mine.md.jinja"
    path.write_text(
        '{% extends "dataset_card.md.jinja" %}{% block use %}Only for {{ repo }}.{% endblock %}', encoding="utf-8"
    )
    text = rehearse(build_dir, template=path).card
    assert "Only for org/dialogues." in get_section(text, "use")
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
def test_templates_that_cannot_be_used(build_dir, tmp_path, name, content, message):
    path = tmp_path / (name or "missing.jinja")
    if name:
        path.write_text(content, encoding="utf-8")
    with pytest.raises(UsageError, match=message):
        rehearse(build_dir, template=path)


def test_a_template_is_parsed_before_anything_is_prepared(build_dir, tmp_path, monkeypatch):
    def refuse(*_):
        raise AssertionError("the build was opened")

    monkeypatch.setattr("cmtmed.hub.publish.DatasetPackage.open", refuse)
    path = tmp_path / "mine.jinja"
    path.write_text("{% block", encoding="utf-8")
    with pytest.raises(UsageError, match=r"'mine.jinja' cannot be used \(line 1\)"):
        rehearse(build_dir, template=path)


@pytest.mark.parametrize("card", ["---\na: [\n---\ntext", b"---\na: \xff\n---\ntext", "---\n- a\n---\ntext"])
def test_metadata_that_cannot_be_read(build_dir, card):
    with pytest.raises(UsageError, match="the metadata of the card of 'org/dialogues' cannot be read"):
        rewrite_card(build_dir, card)


def test_cards_from_other_editors(build_dir, publication):
    for text in (
        publication.card.replace("\n", "\r\n"),
        "\ufeff" + publication.card,
        publication.card.replace("<!-- cmtmed", "  <!--  cmtmed"),
    ):
        assert rewrite_card(build_dir, text) == publication.card


def test_metadata_of_other_kinds(build_dir, publication):
    tags = re.sub(r"tags:\n(- .*\n)+", "tags: handmade\n", publication.card)
    assert "handmade" in DatasetCard(rewrite_card(build_dir, tags)).data.tags


def test_a_prompt_of_the_gate(build_dir, publication):
    present = DatasetCard(publication.card)
    present.data["extra_gated_prompt"] = "theirs"
    with existing_card(str(present)):
        kept = rehearse(build_dir, gated="auto").card
        ours = cmtmed.publish(
            build_dir, "org/dialogues", card={**CARD, "gate_prompt": "ours"}, dry_run=True, gated="auto", quarantined=1
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
    row = next(line for line in get_section(text, "sources").splitlines() if "javascript" in line)
    assert "<script>" not in row
    assert "](javascript" not in row
    assert len(re.findall(r"(?<!\\)\|", row)) == 5
    assert "author = {{A}}," in get_section(text, "citation")
    assert get_section(text, "citation").count("```") == 2


@pytest.mark.parametrize(
    ("text", "reason"),
    [("<!-- cmtmed:begin use -->", "contains a marker of the card"), ("a\x00b", "contains control characters")],
)
def test_fields_that_would_break_the_card(build_dir, text, reason):
    with pytest.raises(UsageError, match=f"summary: Value error, {reason}"):
        cmtmed.publish(build_dir, "org/dialogues", card={**CARD, "summary": text}, dry_run=True)


def test_dialogues_without_a_licence_are_not_said_to_have_one(tmp_path):
    out = audit_and_review(build_small(tmp_path, terms=None))
    publication = cmtmed.publish(out, "org/dialogues", card=CARD, dry_run=True, i_know=["licenses"])
    assert (
        DatasetCard(publication.card).data.to_dict()["license"] == ["other", "mit"]
        or "5 dialogues have no licence" in publication.card
    )
    assert "5 dialogues have no licence" in get_section(publication.card, "sources")
    assert "like its sources" not in publication.card


@given(st.text(max_size=40))
def test_escaped_text_makes_no_markdown(text):
    escaped = escape_markdown(text)
    assert "\n" not in escaped
    assert "<" not in escaped
    assert not re.search(r"(?<!\\)[`|*_\[\]]", escaped)


def test_tallies_rank():
    assert format_tally({"few": 1, "many": 2000, "a|b `x`": 3}) == "`many` 2,000, a\\|b \\`x\\` 3, `few` 1"
    assert format_tally({}) == ""


def test_hashed_ids_are_told_of(build_dir, monkeypatch):
    monkeypatch.setenv("CMTMED_KEY", "0123456789abcdef" * 2)
    text = get_section(rehearse(build_dir, hash_ids=True).card, "privacy")
    assert "are keyed hashes" in text
    assert "carry the record numbers" not in text
    assert "--hash-ids" not in text


# --- Croissant ------------------------------------------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore:ConjunctiveGraph is deprecated:DeprecationWarning")  # of a library below
def test_croissant_is_valid_and_lists_every_file(build_dir, publication, tmp_path):
    content = write_small_files(build_dir)["croissant.json"]
    path = tmp_path / "croissant.json"
    path.write_bytes(content)
    described = mlcroissant.Dataset(jsonld=path)
    assert not described.metadata.ctx.issues.errors
    # The day of publication is left out: the same version gives the same bytes on any day.
    assert [metadata for metadata in described.metadata.ctx.issues.warnings if "datePublished" not in metadata] == []
    metadata = described.metadata.to_json()
    assert metadata["conformsTo"].startswith("http://mlcommons.org/croissant/1")
    files = {item["@id"]: item.get("sha256") for item in metadata["distribution"] if item["@type"] == "cr:FileObject"}
    assert {item.path: item.sha256 for item in publication.files if item.config}.items() <= files.items()
    assert {item["@id"] for item in metadata["recordSet"]} == {"sft", "pretrain", "prompts", "dialogues"}


def rehearse_with_files(out, **options):
    """Return a rehearsed publication and the small files of the version, by path."""
    kept, write = {}, Staging.write
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Staging, "write", lambda self, path, content: write(self, path, kept.setdefault(path, content)))
        publication = rehearse(out, **options)
    return publication, kept


def write_small_files(out, **options):
    """Return the small files of a version, by path."""
    return rehearse_with_files(out, **options)[1]


def test_the_record_follows_its_schema(build_dir):
    schema = json.loads(cmtmed.bundled("schemas/dataset.v1.json").read_text(encoding="utf-8"))
    record = json.loads(write_small_files(build_dir)["cmtmed.json"])
    jsonschema.validate(record, schema)
    assert record["counts"] == json.loads((build_dir / "manifest.json").read_text(encoding="utf-8"))["counts"]
    assert {file["path"] for file in record["inputs"]} == {"crawl.jsonl", "test.jsonl"}


def test_croissant_of_tags_that_are_no_versions(build_dir):
    assert json.loads(write_small_files(build_dir, tag="v1.2")["croissant.json"])["version"] == "1.2.0"
    assert json.loads(write_small_files(build_dir, tag="autumn_2026")["croissant.json"])["version"].startswith("0.0.0")


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
    counts = cmtmed.build(pipeline, [*crawl[:2], *crawl[2].glob("*.csv")], out, workers=1).counts
    audit_and_review(out)
    publication, files = rehearse_with_files(out, quarantined=counts["quarantined"])
    assert publication.refused == ()
    card = publication.card
    data = DatasetCard(card, ignore_metadata_errors=False).data.to_dict()
    assert data["license"] == ["apache-2.0", "mit"]
    assert data["size_categories"] == ["1K<n<10K"]
    assert f"{counts['read']:,} records read = {counts['kept']:,} kept" in get_section(card, "counts")
    (tmp_path / "croissant.json").write_bytes(files["croissant.json"])
    assert not mlcroissant.Dataset(jsonld=tmp_path / "croissant.json").metadata.ctx.issues.errors
