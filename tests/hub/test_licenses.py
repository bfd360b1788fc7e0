"""Licences that go together, and those that do not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmtmed.hub.licenses import KNOWN, find_conflicts, find_license_objections, look_up, to_hub_name

names = st.lists(st.sampled_from(sorted(KNOWN)), max_size=5)


@pytest.mark.parametrize(
    ("together", "words"),
    [
        (["MIT", "Apache-2.0", "CC-BY-4.0", "CC0-1.0"], []),
        (["CC-BY-SA-4.0", "CC-BY-SA-3.0", "MIT"], []),
        (["CC-BY-NC-4.0", "CC-BY-NC-SA-4.0", "CC-BY-4.0"], []),
        (["CC-BY-NC-ND-4.0"], ["CC-BY-NC-ND-4.0 does not allow modified versions"]),
        (["CC-BY-SA-4.0", "CC-BY-NC-4.0"], ["which CC-BY-NC-4.0 forbids"]),
        (["CC-BY-SA-4.0", "CC-BY-NC-SA-4.0"], ["both require sharing everything under their own terms"]),
        (["ODbL-1.0", "GPL-3.0", "MIT"], ["both require sharing"]),
        (["all rights reserved"], ["'all rights reserved' is not a known licence"]),
        (["apache2.0"], ["did you mean 'apache-2.0'?"]),
    ],
)
def test_sources_together(together, words):
    reasons = find_conflicts(together)
    assert len(reasons) == len(words)
    assert all(word in reason for word, reason in zip(words, reasons, strict=True))


@given(names)
def test_order_and_repetition_do_not_matter(together):
    assert find_conflicts(together) == find_conflicts(list(reversed(together)) * 2)


@given(names, st.sampled_from(sorted(KNOWN)))
def test_another_source_never_takes_an_objection_away(together, other):
    assert set(find_conflicts(together)) <= set(find_conflicts([*together, other]))


@given(st.sampled_from(sorted(KNOWN)))
def test_a_licence_that_may_be_adapted_goes_with_itself(name):
    assert bool(find_conflicts([name])) == (not look_up(name).adaptations)
    assert find_license_objections(name, [name]) == []
    assert to_hub_name(name) == "cc" or look_up(to_hub_name(name)) == look_up(name)


@pytest.mark.parametrize(
    ("target", "sources", "word"),
    [
        ("CC-BY-NC-4.0", ["MIT", "CC-BY-4.0"], None),
        ("CC-BY-SA-4.0", ["CC-BY-SA-3.0"], None),
        ("MIT", ["CC-BY-SA-4.0"], "is another"),
        ("MIT", ["CC-BY-NC-4.0"], "which MIT allows"),
        ("mine", ["MIT"], "is not a known licence"),
        ("CC0-1.0", ["CC-BY-4.0"], "requires attribution"),
        ("CC0-1.0", ["CC0-1.0"], None),
        ("CC-BY-SA-3.0", ["CC-BY-SA-4.0"], "is an earlier one"),
        ("CC-BY-4.0-only", ["MIT"], "is not a known licence"),
    ],
)
def test_a_licence_for_the_whole(target, sources, word):
    objections = find_license_objections(target, sources)
    assert (objections == []) if word is None else (len(objections) == 1 and word in objections[0])
