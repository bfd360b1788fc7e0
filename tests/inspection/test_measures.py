"""What the inspection judges a reading by: who begins, what is left of labels, whether people speak at all."""

from __future__ import annotations

import pytest

from cmtmed.inspection.label_forms import find_forms
from cmtmed.inspection.measures import are_spoken, measure_labels, measure_openings, measure_voice
from cmtmed.io.shapes import Dialogue
from tests.support.crawls import DIALOGUES


def make(turns):
    return Dialogue(None, None, None, list(turns))


READ = [make(turns) for turns in DIALOGUES]
GLUED = [make(turn for turns in DIALOGUES for turn in turns)]


def test_who_begins_counts_unless_many_begin_alike():
    assert measure_openings(READ) == 1
    swapped = [make([("assistant" if r == "user" else "user", t) for r, t in turns]) for turns in DIALOGUES]
    assert measure_openings(swapped) == -1
    greeted = [make([("assistant", "您好，请描述病情。"), *turns]) for turns in DIALOGUES]
    assert measure_openings(greeted) == 0


def test_dialogues_read_as_one_sound_no_clearer():
    assert measure_voice(GLUED) == pytest.approx(measure_voice(READ), abs=0.1)


@pytest.mark.parametrize("label", ["09:01 | {}", "求诊：{}", "【{}", "第3问：{}"])
def test_labels_that_are_left_in_turns_are_found(label):
    dirty = [make([(role, label.format(text)) for role, text in turns]) for turns in DIALOGUES]
    assert measure_labels(READ) == 0
    assert measure_labels(dirty) == 1


@pytest.mark.parametrize("cell", ["10023", "2021-03-04 10:00", "内科", "病例 7"])
def test_cells_of_a_table_and_titles_are_nothing_said(cell):
    assert are_spoken(READ)
    assert not are_spoken([make([("user", cell), *turns[1:2]]) for turns in DIALOGUES])


@pytest.mark.parametrize(
    ("lines", "names"),
    [
        (("{} -> {}", "甲方", "乙方"), ["甲方", "乙方"]),
        (("[10:0{n}] {}：{}", "发言人1", "发言人2"), ["发言人1", "发言人2"]),
        (("{}{n}：{}", "疑问", "解惑"), ["疑问", "解惑"]),
        (("{} {n}0:01\n{}", "spk1", "spk2"), ["spk1", "spk2"]),
    ],
)
def test_forms_of_labels_are_found_whatever_the_names(lines, names):
    form, *speakers = lines
    text = "\n".join(
        form.replace("{n}", str(number)).format(speakers[place % 2], words)
        for number, turns in enumerate(DIALOGUES[:9])
        for place, (_, words) in enumerate(turns)
    )
    (best, *_) = find_forms([text])
    assert sorted(best.few_names) == sorted(names)


def test_sentences_are_no_labels():
    assert find_forms(["\n".join(text for turns in DIALOGUES for _, text in turns)]) == []
