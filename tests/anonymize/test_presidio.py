"""Our recognizers inside the real Presidio: entity names, offsets, batches, and its anonymizer on our results."""

from __future__ import annotations

import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmtmed.anonymize import TYPES, find_identifiers
from cmtmed.errors import UsageError

pytest.importorskip("presidio_analyzer", reason="the extra presidio is not installed")

from presidio_analyzer import AnalyzerEngine, BatchAnalyzerEngine, Pattern, PatternRecognizer, RecognizerRegistry
from presidio_analyzer.nlp_engine import NerModelConfiguration, NoOpNlpEngine

from cmtmed.anonymize.detect import presidio

TEXT = "王医生您好，我叫李秀兰，电话１３８-0013-8000，加v：abc_12345"
ENGINE = presidio.build_analyzer()
FRAGMENTS = [
    "王医生您好，",
    "我叫李秀兰，",
    "电话13800138000",
    "１３９\u200b００１３９０００",
    "加v：abc_12345",
    "在北京协和医院看的",
    "2023年5月6日",
    "发到a.b@example.com",
    "血压120/80",
    "😀",
    "\n",
]
texts = st.lists(st.sampled_from(FRAGMENTS), max_size=6).map("".join)


def to_spans(results) -> list[tuple[int, int, str]]:
    return sorted((result.start, result.end, result.entity_type) for result in results)


def find_spans(text: str) -> list[tuple[int, int, str]]:
    return [
        (start, end, presidio.get_entity_name(identifier_type))
        for start, end, identifier_type in find_identifiers([text])[0]
    ]


def test_what_presidio_reports_is_what_we_find() -> None:
    results = ENGINE.analyze(TEXT, language="zh")
    assert [(TEXT[start:end], name) for start, end, name in to_spans(results)] == [
        ("王", "PERSON"),
        ("李秀兰", "PERSON"),
        ("１３８-0013-8000", "PHONE_NUMBER"),
        ("abc_12345", "CN_WECHAT"),
    ]
    assert {result.score for result in results} == {presidio.SCORE}
    assert {result.recognition_metadata["recognizer_name"] for result in results} == {"cmtmed"}


@given(texts)
def test_offsets_are_ours(text: str) -> None:
    assert to_spans(ENGINE.analyze(text, language="zh")) == find_spans(text)


def test_every_type_has_an_entity_name_of_presidio_or_our_own() -> None:
    assert sorted(ENGINE.get_supported_entities("zh")) == sorted({presidio.get_entity_name(name) for name in TYPES})
    engine = presidio.build_analyzer(standard=False)
    assert sorted(engine.get_supported_entities("zh")) == sorted(f"CN_{name}" for name in TYPES)
    assert {name for _, _, name in to_spans(engine.analyze(TEXT, language="zh"))} == {
        "CN_PERSON",
        "CN_PHONE",
        "CN_WECHAT",
    }


def test_standard_names_are_names_that_presidio_knows() -> None:
    registry = RecognizerRegistry()
    registry.load_predefined_recognizers(languages=["en"])
    presidio_names = {name for recognizer in registry.recognizers for name in recognizer.supported_entities}
    presidio_names |= set(NerModelConfiguration().model_to_presidio_entity_mapping.values())
    assert set(presidio.STANDARD_NAMES.values()) <= presidio_names
    assert set(presidio.STANDARD_NAMES) <= set(TYPES)


def test_only_requested_entities_are_reported() -> None:
    assert to_spans(ENGINE.analyze(TEXT, language="zh", entities=["PHONE_NUMBER"])) == [(14, 27, "PHONE_NUMBER")]
    engine = presidio.build_analyzer(["WECHAT", "PHONE"])
    assert {name for _, _, name in to_spans(engine.analyze(TEXT, language="zh"))} == {"PHONE_NUMBER", "CN_WECHAT"}
    assert presidio.CmtmedRecognizer("QQ").supported_entities == ["CN_QQ"]


def test_types_that_are_not_reported_still_decide() -> None:
    text = "身份证号11010519491231002X"
    assert to_spans(presidio.build_analyzer(["PHONE", "BANK_CARD"]).analyze(text, language="zh")) == []


@pytest.mark.parametrize(("types", "message"), [(["PHONES"], "did you mean 'PHONE'"), ([], "types is empty")])
def test_unknown_and_missing_types_are_refused(types: list[str], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        presidio.CmtmedRecognizer(types)


def test_a_batch_gives_the_same_results_as_its_texts_one_by_one() -> None:
    column = [fragment * (index % 3) + "谢谢" for index, fragment in enumerate(FRAGMENTS * 100)]
    assert len(column) > presidio.MIN_BATCH_SIZE
    results = BatchAnalyzerEngine(ENGINE).analyze_iterator(column, language="zh")
    assert [to_spans(text_results) for text_results in results] == [find_spans(text) for text in column]


def test_batches_of_pairs_keep_the_context_of_each_text() -> None:
    pairs = [("王医生", 1), ("谢谢", 2)]
    rows = list(ENGINE.nlp_engine.process_batch(pairs, "zh", as_tuples=True))
    assert [(text, artifacts.identifiers, context) for text, artifacts, context in rows] == [
        ("王医生", [(0, 1, "PERSON")], 1),
        ("谢谢", [], 2),
    ]


def test_it_works_beside_other_recognizers_and_engines() -> None:
    rooms = PatternRecognizer(
        "CN_ROOM", name="rooms", supported_language="zh", patterns=[Pattern("room", "[0-9]+诊室", 0.6)], context=["在"]
    )
    engine = AnalyzerEngine(
        registry=RecognizerRegistry([*presidio.build_recognizers(), rooms], supported_languages=["zh"]),
        nlp_engine=NoOpNlpEngine([{"lang_code": "zh", "model_name": "none"}]),
        supported_languages=["zh"],
    )
    expected = [(0, 1, "PERSON"), (5, 8, "CN_ROOM")]
    assert to_spans(engine.analyze("王医生，在3诊室", language="zh")) == expected
    ENGINE.registry.add_recognizer(rooms)
    try:
        assert to_spans(ENGINE.analyze("王医生，在3诊室", language="zh")) == expected
    finally:
        ENGINE.registry.remove_recognizer("rooms")


def test_presidio_replaces_what_we_find() -> None:
    anonymizer = pytest.importorskip("presidio_anonymizer", reason="presidio-anonymizer is not installed")
    from presidio_anonymizer.entities import OperatorConfig

    results = ENGINE.analyze(TEXT, language="zh")
    engine = anonymizer.AnonymizerEngine()
    assert (
        engine.anonymize(TEXT, results).text == "<PERSON>医生您好，我叫<PERSON>，电话<PHONE_NUMBER>，加v：<CN_WECHAT>"
    )
    phone = {"PHONE_NUMBER": OperatorConfig("replace", {"new_value": "[电话]"})}
    assert "电话[电话]，" in engine.anonymize(TEXT, results, phone).text


def test_the_decision_trace_holds_no_text(caplog: pytest.LogCaptureFixture) -> None:
    engine = presidio.build_analyzer()
    engine.log_decision_process = True
    with caplog.at_level(logging.DEBUG):
        engine.analyze(TEXT, language="zh")
    assert caplog.text
    assert not [value for value in ("李秀兰", "0013", "abc_12345") if value in caplog.text]


def test_without_the_extra_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    import importlib
    import sys

    monkeypatch.setitem(sys.modules, "presidio_analyzer", None)
    monkeypatch.delitem(sys.modules, "cmtmed.anonymize.detect.presidio")
    with pytest.raises(ImportError, match=r"pip install 'cmtmed\[presidio\]'"):
        importlib.import_module("cmtmed.anonymize.detect.presidio")
