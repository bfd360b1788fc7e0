"""Comparing predictions with what is there: cases a person can count, and the laws of counting."""

from __future__ import annotations

import json
import random
from dataclasses import FrozenInstanceError

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmtmed.anonymize import TYPES, Counts, Identifier, Share, evaluate_identifiers
from cmtmed.errors import UsageError

KINDS = ("PERSON", "PHONE", "HOSPITAL")


@st.composite
def disjoint(draw: st.DrawFn) -> list[Identifier]:
    """Identifiers of one text, in any order."""
    cuts = sorted(draw(st.sets(st.integers(0, 12), max_size=8)))
    spans = [
        Identifier(start, end, draw(st.sampled_from(KINDS))) for start, end in zip(cuts[::2], cuts[1::2], strict=False)
    ]
    return draw(st.permutations(spans))


pairs = st.lists(st.tuples(disjoint(), disjoint()), max_size=6)


def split(both: list[tuple[list[Identifier], list[Identifier]]]) -> tuple[list, list]:
    return [one for one, _ in both], [other for _, other in both]


def test_a_case_to_count_by_hand() -> None:
    # 张伟今天住进县东方医院，电话13800138000 — the name is found half, the hospital as a name, the phone rightly.
    text = "张伟今天住进县东方医院，电话13800138000"
    gold = [(0, 2, "PERSON"), (7, 11, "HOSPITAL"), (14, 25, "PHONE")]
    predicted = [(0, 1, "PERSON"), (7, 11, "PERSON"), (14, 25, "PHONE"), (2, 4, "DATE")]
    report = evaluate_identifiers([gold, []], [predicted, [(0, 1, "PERSON")]], texts=[text, "谢谢"])
    assert report.exact == Counts(gold=3, predicted=5, matched=1)
    assert report.overlap == Counts(gold=3, predicted=5, matched=2)
    assert report.untyped == Counts(gold=3, predicted=5, matched=3)
    assert report.leaking_texts == Share(1, 1)
    assert report.touched_texts == Share(1, 1)
    assert {kind: scores.leaked for kind, scores in report.by_type.items()} == {
        "PERSON": Share(1, 1),
        "PHONE": Share(0, 1),
        "HOSPITAL": Share(0, 1),
        "DATE": Share(0, 0),
    }
    assert (report.exact.precision, report.exact.recall, report.exact.f1) == (0.2, 1 / 3, 0.25)
    assert report.exact.f2 == pytest.approx(5 * 0.2 * (1 / 3) / (4 * 0.2 + 1 / 3))


def test_a_prediction_over_a_whole_text_earns_one_match() -> None:
    gold = [(0, 2, "PERSON"), (3, 5, "PERSON"), (6, 8, "PERSON")]
    report = evaluate_identifiers([gold], [[(0, 9, "PERSON")]])
    assert report.overlap == Counts(3, 1, 1)
    assert report.leaked == Share(0, 3)


def test_pieces_earn_one_match_and_cover_together() -> None:
    report = evaluate_identifiers([[(0, 11, "PHONE")]], [[(0, 5, "PHONE"), (5, 11, "QQ")]])
    assert report.overlap == Counts(1, 2, 1)
    assert report.leaking_texts == Share(0, 1)


def test_matching_is_the_best_there_is() -> None:
    """Taking for the first name the first prediction would leave the second name without one."""
    gold = [(0, 4, "PERSON"), (5, 9, "PERSON")]
    predicted = [(0, 9, "PERSON"), (2, 3, "PERSON")]
    assert evaluate_identifiers([gold], [predicted]).overlap.matched == 2


@pytest.mark.parametrize(
    ("span", "leaks"),
    [((1, 3), 0), ((0, 4), 0), ((1, 2), 1), ((2, 3), 1)],
)
def test_what_stands_at_the_ends_of_an_identifier_is_no_leak_if_it_is_no_letter(
    span: tuple[int, int], leaks: int
) -> None:
    gold, predicted = [(0, 4, "PERSON")], [(*span, "PERSON")]
    assert evaluate_identifiers([gold], [predicted], texts=["「李静」"]).leaked.count == leaks
    assert evaluate_identifiers([gold], [predicted]).leaked.count == (span != (0, 4))


def test_an_identifier_without_letters_leaks_too() -> None:
    assert evaluate_identifiers([[(0, 2, "SOCIAL")]], [[]], texts=["@_"]).leaked == Share(1, 1)


def test_a_gap_within_is_a_leak() -> None:
    predicted = [(0, 5, "PHONE"), (6, 12, "PHONE")]
    assert evaluate_identifiers([[(0, 12, "PHONE")]], [predicted], texts=["138000138000"]).leaked == Share(1, 1)


def test_nothing_to_be_found_and_nothing_found_is_perfect() -> None:
    report = evaluate_identifiers([[], []], [[], []])
    assert (report.exact.precision, report.exact.recall, report.exact.f1, report.exact.f2) == (1, 1, 1, 1)
    assert report.by_type == {}
    assert (report.leaking_texts, report.touched_texts) == (Share(0, 0), Share(0, 2))
    assert report.leaking_texts.rate == 0
    assert evaluate_identifiers([], []).exact == Counts()


def test_the_table_and_the_dictionary_hold_the_same_numbers() -> None:
    report = evaluate_identifiers([[(0, 2, "PERSON")], []], [[(0, 1, "PERSON")], []])
    assert str(report).splitlines() == [
        "            exact                            overlap",
        "                  P      R     F1     F2           P      R     F1     F2    gold  predicted  leaked",
        "PERSON        0.000  0.000  0.000  0.000       1.000  1.000  1.000  1.000       1          1       1",
        "all           0.000  0.000  0.000  0.000       1.000  1.000  1.000  1.000       1          1       1",
        "any type                                       1.000  1.000  1.000  1.000",
        "texts with identifiers in which one leaks: 1 of 1 (100.0%)",
        "texts without identifiers that are touched: 0 of 1 (0.0%)",
    ]
    told = json.loads(json.dumps(report.to_dict()))
    assert told["total"]["overlap"] == {
        "gold": 1,
        "predicted": 1,
        "matched": 1,
        "precision": 1.0,
        "recall": 1.0,
        "f1": 1.0,
        "f2": 1.0,
    }
    assert told["by_type"]["PERSON"]["leaked"] == {"count": 1, "of": 1, "rate": 1.0}
    assert told["touched_texts"] == {"count": 0, "of": 1, "rate": 0.0}


def test_a_report_is_frozen() -> None:
    report = evaluate_identifiers([], [])
    with pytest.raises(FrozenInstanceError):
        report.untyped = Counts()


@pytest.mark.parametrize(
    ("gold", "predicted", "texts", "message"),
    [
        ([[]], [[], []], None, "gold has 1 texts and predicted 2"),
        ([[]], [[]], [], "texts has 0 texts and gold 1"),
        ([[(0, 1, "PERSONS")]], [[]], None, r"gold\[0\]\[0\] has the unknown type 'PERSONS'; did you mean 'PERSON'"),
        ([[]], [[(0, 1, "PHONE_NUMBER")]], None, r"predicted\[0\]\[0\] has the unknown type"),
        ([[(-1, 1, "PERSON")]], [[]], None, r"gold\[0\]\[0\] spans -1-1"),
        ([[(2, 2, "PERSON")]], [[]], None, r"gold\[0\]\[0\] spans 2-2"),
        ([[]], [[(0, 3, "PERSON")]], ["李静"], r"predicted\[0\]\[0\] spans 0-3, but its text has 2 characters"),
        ([[(3, 5, "PERSON"), (0, 4, "PHONE")]], [[]], None, r"gold\[0\] has spans that overlap, 0-4 and 3-5"),
        ([[(0, 1)]], [[]], None, r"gold\[0\]\[0\] is not a \(start, end, type\)"),
        ([[("0", 1, "PERSON")]], [[]], None, r"gold\[0\]\[0\] is not a \(start, end, type\)"),
    ],
)
def test_what_cannot_be_compared_is_refused_by_place(
    gold: list, predicted: list, texts: list[str] | None, message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        evaluate_identifiers(gold, predicted, texts=texts)


@given(st.lists(disjoint(), max_size=6))
def test_a_perfect_prediction_is_perfect(gold: list[list[Identifier]]) -> None:
    report = evaluate_identifiers(gold, gold)
    for counts in (report.exact, report.overlap, report.untyped):
        assert (counts.precision, counts.recall, counts.f1, counts.f2) == (1, 1, 1, 1)
    assert report.leaking_texts.count == report.touched_texts.count == report.leaked.count == 0


@given(st.lists(disjoint(), max_size=6))
def test_predicting_nothing_leaks_everything(gold: list[list[Identifier]]) -> None:
    report = evaluate_identifiers(gold, [[] for _ in gold])
    assert report.exact.matched == report.overlap.matched == report.untyped.matched == 0
    assert report.leaked.count == sum(map(len, gold))
    assert report.leaking_texts.count == report.leaking_texts.of == sum(map(bool, gold))
    assert report.touched_texts.count == 0


@given(pairs)
def test_swapped_sides_swap_precision_and_recall(both: list[tuple[list[Identifier], list[Identifier]]]) -> None:
    gold, predicted = split(both)
    there, back = evaluate_identifiers(gold, predicted), evaluate_identifiers(predicted, gold)
    for one, other in ((there.exact, back.exact), (there.overlap, back.overlap), (there.untyped, back.untyped)):
        assert (one.precision, one.recall) == (other.recall, other.precision)
        assert one.f1 == other.f1


@given(pairs, st.randoms(use_true_random=False))
def test_order_does_not_matter(both: list[tuple[list[Identifier], list[Identifier]]], chance: random.Random) -> None:
    shuffled = [(chance.sample(one, len(one)), chance.sample(other, len(other))) for one, other in both]
    chance.shuffle(shuffled)
    assert evaluate_identifiers(*split(shuffled)) == evaluate_identifiers(*split(both))


@given(pairs, st.integers(0, 6))
def test_counts_add_up(both: list[tuple[list[Identifier], list[Identifier]]], at: int) -> None:
    whole, left, right = (
        evaluate_identifiers(*split(both)),
        evaluate_identifiers(*split(both[:at])),
        evaluate_identifiers(*split(both[at:])),
    )
    assert whole.total == left.total + right.total
    assert whole.untyped == left.untyped + right.untyped
    assert whole.leaking_texts == left.leaking_texts + right.leaking_texts
    assert whole.touched_texts == left.touched_texts + right.touched_texts
    assert whole.leaking_texts.of + whole.touched_texts.of == len(both)
    for name in ("exact", "overlap"):
        parts = [getattr(scores, name) for scores in whole.by_type.values()]
        assert sum(parts, Counts()) == getattr(whole.total, name)
    assert list(whole.by_type) == [kind for kind in TYPES if kind in whole.by_type]


@given(pairs)
def test_stricter_matching_never_matches_more(both: list[tuple[list[Identifier], list[Identifier]]]) -> None:
    report = evaluate_identifiers(*split(both))
    assert report.exact.matched <= report.overlap.matched <= report.untyped.matched
    assert report.untyped.matched <= min(report.untyped.gold, report.untyped.predicted)
    assert report.leaked.count <= report.leaked.of


@given(pairs)
def test_the_matching_is_a_maximum(both: list[tuple[list[Identifier], list[Identifier]]]) -> None:
    """Against augmenting paths, the textbook algorithm."""
    for gold, predicted in both:
        partner: dict[int, int] = {}

        def augment(one: int, seen: set[int], gold=gold, predicted=predicted, partner=partner) -> bool:
            for other, span in enumerate(predicted):
                if other not in seen and gold[one].start < span.end and span.start < gold[one].end:
                    seen.add(other)
                    if other not in partner or augment(partner[other], seen):
                        partner[other] = one
                        return True
            return False

        assert evaluate_identifiers([gold], [predicted]).untyped.matched == sum(
            augment(one, set()) for one in range(len(gold))
        )
