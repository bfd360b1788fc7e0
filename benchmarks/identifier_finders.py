"""Identifier finders for the benchmark of anonymization: this library, presidio with Chinese patterns, and jionlp.

The peers are not dependencies of the project; a finder whose package is missing raises ImportError when it is made.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

Spans = list[tuple[int, int, str]]
Finder = Callable[[list[str]], list[Spans]]


def make_cmtmed_finder() -> Finder:
    """Return the finder of this library."""
    from cmtmed.anonymize import find_identifiers

    return find_identifiers


def make_presidio_finder() -> Finder:
    r"""Return a finder with presidio-analyzer: its recognizers that work on Chinese text, and patterns for the others.

    Its own recognizers of e-mail, URL and IP end words at ``\b`` or treat Chinese characters as letters, so next to
    Chinese text they find nothing or too much; patterns of the same form replace them. Its Chinese language models are
    in no package index, and without one it finds no names. The threshold is its default, 0: context words, which also
    need a model, would only raise scores.
    """
    from presidio_analyzer import AnalyzerEngine, Pattern, PatternRecognizer, RecognizerRegistry
    from presidio_analyzer.nlp_engine import NoOpNlpEngine
    from presidio_analyzer.predefined_recognizers import CreditCardRecognizer, DateRecognizer, PhoneRecognizer

    day = r"(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])"
    octet = r"(?:25[0-5]|2[0-4]\d|1?\d?\d)"
    # A pattern that may match inside the match of another one has the lower score.
    patterns = {
        "ID_CARD": [(rf"(?<!\d)[1-9]\d{{5}}{day}\d{{3}}[\dXx](?![\dA-Za-z])", 0.9)],
        "PHONE": [
            (r"(?<!\d)(?:\+?86[- ]?)?1[3-9]\d[- ]?\d{4}[- ]?\d{4}(?!\d)", 0.7),
            (r"(?<!\d)(?:\(0\d{2,3}\)|（0\d{2,3}）|0\d{2,3}[- ]?)\d{7,8}(?!\d)", 0.6),
        ],
        "BANK_CARD": [(r"(?<!\d)62\d{2}(?:[ -]?\d{4}){3}(?:[ -]?\d{1,3})?(?!\d)", 0.7)],
        "EMAIL": [(r"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,}", 0.8)],
        "URL": [(r"(?:https?://|www\.)[A-Za-z0-9./?=&#%_~:+-]+", 0.8)],
        "IP": [(rf"(?<![\d.])(?:{octet}\.){{3}}{octet}(?![\d.])", 0.6)],
        "DATE": [(r"(?<!\d)(?:19|20)\d{2}\s?年\s?\d{1,2}\s?月\s?\d{1,2}\s?[日号]", 0.6)],
        "PLATE": [
            (r"[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼][A-Z][·•]?[A-Z0-9]{5,6}(?!\w)", 0.6)
        ],
        "PASSPORT": [(r"(?<![A-Za-z0-9])[EeGgDdSsPp]\d{8}(?!\d)", 0.5)],
        "QQ": [(r"(?<=[qQ]{2}[号:： ]{0,3})[1-9]\d{4,10}(?!\d)", 0.6)],
        "WECHAT": [(r"(?<=微信[号:： ]{0,3})[A-Za-z][A-Za-z0-9_-]{5,19}", 0.6)],
    }
    pattern_recognizers = [
        PatternRecognizer(
            identifier_type,
            name=identifier_type,
            supported_language="zh",
            patterns=[Pattern(identifier_type, regex, score) for regex, score in scored_patterns],
        )
        for identifier_type, scored_patterns in patterns.items()
    ]
    built_in_recognizers = [
        CreditCardRecognizer(supported_language="zh", supported_entity="BANK_CARD"),
        DateRecognizer(supported_language="zh", supported_entity="DATE"),
        PhoneRecognizer(supported_language="zh", supported_entity="PHONE", supported_regions=("CN",)),
    ]
    engine = AnalyzerEngine(
        registry=RecognizerRegistry([*pattern_recognizers, *built_in_recognizers], supported_languages=["zh"]),
        nlp_engine=NoOpNlpEngine([{"lang_code": "zh", "model_name": "none"}]),
        supported_languages=["zh"],
    )

    def find_spans(text: str) -> Spans:
        results = sorted(engine.analyze(text, language="zh"), key=lambda result: -result.score)
        return drop_nested_spans((result.start, result.end, result.entity_type) for result in results)

    return lambda texts: [find_spans(text) for text in texts]


def make_jionlp_finder() -> Finder:
    """Return a finder with the eight extractors of jionlp that report offsets; those of names and places do not."""
    import jionlp

    extractors = {
        "ID_CARD": jionlp.extract_id_card,
        "PHONE": jionlp.extract_phone_number,
        "EMAIL": jionlp.extract_email,
        "URL": jionlp.extract_url,
        "IP": jionlp.extract_ip_address,
        "PLATE": jionlp.extract_motor_vehicle_licence_plate,
        "WECHAT": jionlp.extract_wechat_id,
        "QQ": jionlp.extract_qq,
    }

    def find_spans(text: str) -> Spans:
        return drop_nested_spans(
            (*match["offset"], identifier_type)
            for identifier_type, extract in extractors.items()
            for match in extract(text, detail=True)
        )

    return lambda texts: [find_spans(text) for text in texts]


def drop_nested_spans(spans: Iterable[tuple[int, int, str]]) -> Spans:
    """Drop a span inside another one, or equal to an earlier one, as anonymizers do before they replace."""
    unique_spans = list(dict.fromkeys(spans))
    return [
        (start, end, identifier_type)
        for index, (start, end, identifier_type) in enumerate(unique_spans)
        if not any(
            other_start <= start
            and end <= other_end
            and ((other_start, other_end) != (start, end) or other_index < index)
            for other_index, (other_start, other_end, _) in enumerate(unique_spans)
            if other_index != index
        )
    ]


FINDERS = {"cmtmed": make_cmtmed_finder, "presidio": make_presidio_finder, "jionlp": make_jionlp_finder}
SUPPORTED_TYPES = {
    "presidio": ["PHONE", "ID_CARD", "BANK_CARD", "WECHAT", "QQ", "EMAIL", "URL", "IP", "DATE", "PLATE", "PASSPORT"],
    "jionlp": ["PHONE", "ID_CARD", "WECHAT", "QQ", "EMAIL", "URL", "IP", "PLATE"],
}
"""Identifier types that each peer can find."""
