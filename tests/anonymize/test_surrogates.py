"""Surrogates: cases a person can read, and the laws that hold for every key, value and dialogue."""

from __future__ import annotations

import re
from datetime import date, timedelta

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cmtmed.anonymize import TYPES, find
from cmtmed.anonymize.detect.lexicon.places import CITIES, PROVINCES, load_place_names
from cmtmed.anonymize.detect.recognizers import RECOGNIZERS
from cmtmed.anonymize.detect.recognizers.bank_card import has_valid_luhn
from cmtmed.anonymize.detect.recognizers.id_card import has_valid_checksum
from cmtmed.anonymize.replace.actions import ACTIONS, check_actions, complete_actions, list_allowed_actions
from cmtmed.anonymize.replace.generalization import generalize_value
from cmtmed.anonymize.replace.surrogates import accounts, dates, persons, phones, provinces
from cmtmed.anonymize.replace.surrogates.dialogue import MAX_SHIFT_DAYS, Mention, SurrogateGenerator
from cmtmed.anonymize.replace.surrogates.keyed_random import KeyedRandom

KEY = b"a key for tests and for nothing else"
OTHER = b"another key for tests, nothing else"
EXAMPLES = [
    (kind, text.replace("⟦", "").replace("⟧", ""), re.search("⟦(.*?)⟧", text)[1], text.index("⟦"))
    for kind, recognizer in RECOGNIZERS.items()
    for text in recognizer.examples
    if kind != "AGE90" and text.count("⟦") == 1
]
LUNAR = "1962年腊月初八"


def one(kind: str, text: str, *, said: str = "", key: bytes = KEY, before: str = "", after: str = "") -> str | None:
    return SurrogateGenerator(key).generate("a/1", [Mention(kind, text, before, after)], said or text)[0]


def all_of(*mentions: tuple[str, str], key: bytes = KEY, identity: str = "a/1") -> list[str | None]:
    said = "，".join(text for _, text in mentions)
    return SurrogateGenerator(key).generate(identity, [Mention(*mention) for mention in mentions], said)


# --- cases to read ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "text", "form"),
    [
        ("PHONE", "13800138000", r"(154|16[03489]|194)\d{8}"),
        ("PHONE", "138-0013-8000", r"(154|16[03489]|194)-\d{4}-\d{4}"),
        ("PHONE", "+86 138 0013 8000", r"\+86 (154|16[03489]|194) \d{4} \d{4}"),
        ("PHONE", "一三八零零一三八零零零", r"一[五六九][零三四八九][零一二三四五六七八九]{8}"),
        ("PHONE", "幺三八〇〇幺三八〇〇〇", r"幺[五六九][〇三四八九][〇幺二三四五六七八九]{8}"),
        ("PHONE", "１３８００１３８０００", r"１[５６９][０３４８９][０-９]{8}"),
        ("PHONE", "(010)62345678", r"\(02\d\)9\d{7}"),
        ("PHONE", "0311-8123456转8", r"0\d{3}-9\d{6}转\d"),
        ("PHONE", "8123456", r"9\d{6}"),
        ("PHONE", "+852 2345 6789", r"\+852 0\d{3} \d{4}"),
        ("ID_CARD", "110105 19491231 002X", r"\d\d9[1-9]\d\d 194\d{5} \d{3}[\dX]"),
        ("ID_CARD", "110105491231002", r"\d\d9[1-9]\d\d4\d{8}"),
        ("ID_CARD", "南字第0012345号", r"南字第\d{7}号"),
        ("BANK_CARD", "6222 0200 0000 0000 003", r"61\d\d \d{4} \d{4} \d{4} \d{3}"),
        ("WECHAT", "zhang_san88", r"[a-z]{5}_[a-z]{3}[1-9]\d"),
        ("WECHAT", "wxid_ab12cd34", r"wxid_[a-z]{2}\d\d[a-z]{2}\d\d"),
        ("QQ", "123456789", r"[1-9]\d{8}"),
        ("EMAIL", "zhang.san@example.com", r"[a-z]{5}\.[a-z]{3}@[a-z]{6}\.example"),
        ("EMAIL", "12345678艾特qq点com", r"\d{8}艾特[a-z]{6}点example"),
        ("EMAIL", "lisi at example dot com", r"[a-z]{4} at [a-z]{6} dot example"),
        ("URL", "https://www.example.com/a?b=1", r"https://www\.[a-z]{6}\.example/[a-z]\?[a-z]=\d"),
        ("IP", "192.168.10.25", r"(192\.0\.2|198\.51\.100|203\.0\.113)\.\d{1,3}"),
        ("IP", "2001:db8::ff00:42:8329", r"2001:db8::[0-9a-f]{1,4}:[0-9a-f]{1,4}"),
        ("PLATE", "京A12345", r"[宁青藏琼][S-Z][1-9]\d{4}"),
        ("PLATE", "粤B·D12345", r"[宁青藏琼][S-Z]·[A-K]\d{5}"),
        ("PASSPORT", "E12345678", r"E\d{8}"),
        ("MRN", "ZY20230015", r"ZY\d{8}"),
        ("MRN", "12床", r"\d\d床"),
        ("MRN", "十二号床", r"[二三四五六七八九]?十[一二三四五六七八九]?号床"),
        ("ORDER", "SF1234567890123", r"SF\d{13}"),
        ("INSURANCE", "0012345678", r"0\d{9}"),
        ("SOCIAL", "@小鱼儿爱健康", r"@[\u4e00-\u9fff]{6}"),
        ("SOCIAL", "kangfu_2024", r"[a-z]{6}_\d{4}"),
        ("HOSPITAL", "邯郸市第一医院", r"[^邯郸]{2}市第一医院"),
        ("HOSPITAL", "郑州大学第一附属医院", r"[^郑州]{2}大学第一附属医院"),
        ("HOSPITAL", "永年县人民医院", r"[^永年]{2}县人民医院"),
        ("HOSPITAL", "康宁诊所", r"..诊所"),
        ("HOSPITAL", "华西", r"..医院"),
        ("HOSPITAL", "青禾市中医院东院", r"[^青禾]{2}市中医院东院"),
        ("ORG", "邯郸市永兴机械有限公司", r"[^邯郸]{2}市..机械有限公司"),
        ("ORG", "河北大学", r"..大学"),
        ("ORG", "河北师范大学", r"..师范大学"),
        ("ADDRESS", "河北省邯郸市永年县临洺关镇东街村", r"河北省..市..县..镇..村"),
        ("ADDRESS", "成都市武侯区科华北路12号3栋2单元501室", r"..市..区..北路\d\d号\d栋\d单元\d{3}室"),
        ("ADDRESS", "石家庄", r"..市"),
        ("ADDRESS", "李家庄村", r"..庄村"),
        ("ADDRESS", "张家屯三队", r"..屯[一二三四五六七八九]队"),
        ("DATE", "2023年5月6日", r"202[234]年\d{1,2}月\d{1,2}日"),
        ("DATE", "2023-05-06", r"202[234]-\d\d-\d\d"),
        ("DATE", "2023/5/6", r"202[234]/\d{1,2}/\d{1,2}"),
        ("DATE", "二〇二三年五月十六日", r"二〇二[二三四]年[一二三四五六七八九十]{1,2}月[一二三四五六七八九十]{1,3}日"),
        ("DATE", "23年5月6号", r"2[234]年\d{1,2}月\d{1,2}号"),
        ("DATE", "19850312", r"198[456]\d{4}"),
        ("DATE", "２０２３年５月６日", r"２０２[２３４]年[０-９]{1,2}月[０-９]{1,2}日"),
        ("DATE", "March 5, 1988", r"[A-Z][a-z]{2,8} \d{1,2}, 198[789]"),
        ("DATE", "5 mar 1988", r"\d{1,2} [a-z]{3} 198[789]"),
        ("PERSON", "王", r"[^王]"),
        ("PERSON", "王伟", r"[^王][^伟]"),
        ("PERSON", "王建国", r"[^王].[^国]"),
        ("PERSON", "欧阳", r"(?!欧阳).."),
        ("PERSON", "欧阳建国", r"(?!欧阳)...."),
        ("PERSON", "阿依古丽·买买提", r"[\u4e00-\u9fff]{2,5}·[\u4e00-\u9fff]{2,5}"),
    ],
)
def test_a_surrogate_is_written_like_the_value(kind: str, text: str, form: str) -> None:
    new = one(kind, text)
    assert new is not None
    assert re.fullmatch(form, new), new
    assert new != text


def test_numbers_pass_the_checks_of_their_form_and_belong_to_nobody() -> None:
    for number in range(50):
        card = one("ID_CARD", "11010519491231002X", key=KEY + bytes([number]))
        assert has_valid_checksum(card)
        assert int(card[16]) % 2 == 0
        assert card[2] == "9"
        assert card[3] != "0"
        date.fromisoformat(f"{card[6:10]}-{card[10:12]}-{card[12:14]}")
        assert has_valid_luhn(one("BANK_CARD", "6222020000000000003", key=KEY + bytes([number])))


def test_a_birth_is_not_moved_into_a_decade_that_is_not_over() -> None:
    years = {one("ID_CARD", "110105202301010028", key=bytes([number]) * 16)[6:10] for number in range(40)}
    assert years == {"2020", "2021", "2022", "2023"}


def test_pieces_of_a_name_agree_within_a_dialogue() -> None:
    full, given_name, titled, son = all_of(
        ("PERSON", "王建国"), ("PERSON", "建国"), ("PERSON", "王"), ("PERSON", "王小明")
    )
    assert full == titled + given_name
    assert son[0] == full[0]
    assert son != full


def test_the_order_of_a_name_and_its_pieces_does_not_matter() -> None:
    parts = [("PERSON", "建国"), ("PERSON", "王"), ("PERSON", "王建国")]
    assert all_of(*parts) == list(reversed(all_of(*reversed(parts))))


def test_class_of_surname_and_length_stay() -> None:
    for number in range(30):
        key = KEY + bytes([number])
        assert one("PERSON", "王", key=key) in persons.FREQUENT
        assert one("PERSON", "张", key=key) in persons.FREQUENT
        assert one("PERSON", "鲍", key=key) in persons.UNCOMMON
        assert len(one("PERSON", "诸葛明", key=key)) == 3


@pytest.mark.parametrize(
    ("text", "before", "after", "sex"),
    [
        ("李秀兰", "我叫", "，今年45", "female"),
        ("赵桂芬", "我妈叫", "", "female"),
        ("王建国", "", "医生", "male"),
        ("李然", "", "女士您好", "female"),
        ("李然", "我老公", "，住院", "male"),
        ("李然", "", "医生", ""),
    ],
)
def test_sex_follows_characters_and_then_company(text: str, before: str, after: str, sex: str) -> None:
    for number in range(20):
        new = one("PERSON", text, key=KEY + bytes([number]), before=before, after=after)
        assert new[-1] in persons._LAST[sex]


def test_a_number_is_one_value_however_it_is_written() -> None:
    plain, dashed, chinese, handle = all_of(
        ("PHONE", "13800138000"),
        ("PHONE", "138-0013-8000"),
        ("PHONE", "一三八零零一三八零零零"),
        ("WECHAT", "13800138000"),
    )
    assert dashed.replace("-", "") == plain == handle
    assert chinese.translate(str.maketrans("零一二三四五六七八九", "0123456789")) == plain


def test_two_people_of_a_dialogue_stay_two() -> None:
    several = [("PERSON", surname) for surname in persons.FREQUENT[:30]]
    new = all_of(*several)
    assert len(set(new)) == len(several)
    assert not set(new) & {surname for _, surname in several}


def test_a_surrogate_that_is_said_in_the_dialogue_is_drawn_again() -> None:
    first = one("PERSON", "王建国")
    second = one("PERSON", "王建国", said=f"王建国，{first}")
    assert second not in {first, "王建国"}
    number = one("PHONE", "13800138000")
    assert all_of(("PHONE", "13800138000"), ("PHONE", number))[0] not in {number, "13800138000"}


def test_what_has_no_surrogate_is_left_to_its_tag() -> None:
    assert all_of(("DATE", LUNAR), ("DATE", "2023年5月6日"))[0] is None
    assert one("DATE", "2023年二月三十日") is None
    assert one("SOCIAL", "·····") is None
    assert one("MRN", "加床") is None


def test_places_are_made_up() -> None:
    for number in range(30):
        new = one("HOSPITAL", "邯郸市第一医院", key=KEY + bytes([number]))
        assert new[:2] not in load_place_names()
        assert new[:3] not in load_place_names()


@pytest.mark.parametrize(
    ("kind", "text", "told"),
    [
        ("AGE90", "92岁", "90岁以上"),
        ("AGE90", "九十二岁", "90岁以上"),
        ("ADDRESS", "邯郸市永年县东街村", "河北省"),
        ("ADDRESS", "北京市朝阳区建国路88号", "北京市"),
        ("ADDRESS", "广西桂林阳朔县", "广西壮族自治区"),
        ("ADDRESS", "哈尔滨市道里区", "黑龙江省"),
        ("ADDRESS", "阳光花园3栋", None),
        ("ADDRESS", "北京市", None),
        ("HOSPITAL", "北京协和医院", "某医院"),
        ("HOSPITAL", "邯郸市第一医院", "某市医院"),
        ("HOSPITAL", "永年县人民医院", "某县医院"),
        ("HOSPITAL", "郑州大学第一附属医院", "某大学附属医院"),
        ("HOSPITAL", "康宁诊所", "某诊所"),
        ("HOSPITAL", "华西", "某医院"),
        ("ORG", "邯郸市永兴机械有限公司", "某公司"),
        ("ORG", "阳光小学", "某小学"),
        ("ORG", "青禾市公安局", "某单位"),
    ],
)
def test_generalized(kind: str, text: str, told: str | None) -> None:
    assert generalize_value(kind, text) == told


def test_every_known_city_lies_in_a_province() -> None:
    for city in CITIES:
        head, province = provinces.find_province(city + "市")
        assert (head, province in PROVINCES) == (city, True)


def test_actions_that_make_no_sense_are_refused() -> None:
    assert {kind for kind in TYPES if "generalize" in list_allowed_actions(kind)} == {
        "DATE",
        "AGE90",
        "ADDRESS",
        "HOSPITAL",
        "ORG",
    }
    for wrong, message in (
        ({"PHONES": "tag"}, "did you mean 'PHONE'"),
        ({"PHONE": "pseudonymize"}, "did you mean 'pseudonym'"),
        ({"PHONE": "generalize"}, "possible: tag, pseudonym, drop_dialogue, keep"),
        ({"AGE90": "pseudonym"}, "possible: tag, generalize, drop_dialogue, keep"),
    ):
        with pytest.raises(ValueError, match=message):
            check_actions(wrong)
    for action in ACTIONS:
        check_actions(complete_actions({}, action))


# --- laws ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "text", "value", "start"), EXAMPLES)
@pytest.mark.parametrize("key", [KEY, OTHER])
def test_surrogates_of_all_examples(kind: str, text: str, value: str, start: int, key: bytes) -> None:
    """Never the original, always the same, and another kind of thing neither to a person nor to the finder."""
    before, after = text[:start], text[start + len(value) :]
    new = one(kind, value, said=text, key=key, before=before, after=after)
    if value == LUNAR:
        assert new is None
        return
    assert new is not None
    assert value not in new
    assert new == one(kind, value, said=text, key=key, before=before, after=after)
    found = find(pl.Series([before + new + after]))
    assert set(found["type"]) <= {kind}
    exact = kind not in {"ADDRESS", "HOSPITAL", "ORG"} and not (kind in {"EMAIL", "URL"} and "example" in new)
    if exact:
        assert found.rows() == [(0, start, start + len(new), kind)]


def test_another_key_gives_other_surrogates() -> None:
    long = [(kind, value) for kind, _, value, _ in EXAMPLES if len(value) > 4 and kind != "DATE"]
    same = [value for kind, value in long if one(kind, value) == one(kind, value, key=OTHER)]
    assert same == []


days = st.dates(date(1900, 1, 1), date(2035, 12, 31))
forms = st.sampled_from(
    [
        "{0.year}年{0.month}月{0.day}日",
        "{0:%Y-%m-%d}",
        "{0:%Y%m%d}",
        "{0.year}/{0.month}/{0.day}",
        "{0:%B} {0.day}, {0.year}",
    ]
)


@given(days, forms, st.integers(-MAX_SHIFT_DAYS, MAX_SHIFT_DAYS))
def test_a_date_is_read_and_written_in_its_form(day: date, form: str, by: int) -> None:
    text = form.format(day)
    assert dates.parse_date(text)[0] == day
    assert dates.shift_date(text, 0) == text
    assert dates.parse_date(dates.shift_date(text, by))[0] == day + timedelta(days=by)


@given(st.lists(st.tuples(days, forms), min_size=1, max_size=5), st.text(min_size=1, max_size=8))
def test_intervals_stay_true(several: list[tuple[date, str]], identity: str) -> None:
    texts = [form.format(day) for day, form in several]
    new = all_of(*(("DATE", text) for text in texts), identity=identity)
    offsets = {dates.parse_date(after)[0] - day for (day, _), after in zip(several, new, strict=True)}
    (offset,) = offsets
    assert 1 <= abs(offset.days) <= MAX_SHIFT_DAYS
    assert not {dates.parse_date(after)[0] for after in new} & {day for day, _ in several}


def test_dialogues_have_their_own_offsets() -> None:
    new = {all_of(("DATE", "2023-05-06"), identity=f"a/{number}")[0] for number in range(60)}
    assert len(new) > 30


digits = st.text("0123456789", min_size=8, max_size=8)


@settings(max_examples=60)
@given(digits)
def test_mobile_numbers(tail: str) -> None:
    new = one("PHONE", "139" + tail)
    assert new[:3] in phones.UNASSIGNED
    assert re.fullmatch(r"1[3-9]\d{9}", new)


@settings(max_examples=60)
@given(
    st.text("0123456789ABCxyz-", min_size=6, max_size=16),
    st.sampled_from(["MRN", "ORDER", "INSURANCE", "PASSPORT", "SOCIAL"]),
)
def test_shapes_stay(text: str, kind: str) -> None:
    new = one(kind, text)
    if new is not None:
        shape = str.maketrans("0123456789", "0" * 10)
        upper = re.sub("[a-z]", "a", re.sub("[A-Z]", "A", new.translate(shape)))
        assert upper == re.sub("[a-z]", "a", re.sub("[A-Z]", "A", text.translate(shape)))
        assert accounts.normalize_number(new) != accounts.normalize_number(text)


def test_draws_depend_on_every_word() -> None:
    streams = {
        tuple(random.randbelow(1000) for _ in range(4))
        for random in (
            KeyedRandom(KEY, "a", "bc"),
            KeyedRandom(KEY, "ab", "c"),
            KeyedRandom(KEY, "abc"),
            KeyedRandom(OTHER, "a", "bc"),
        )
    }
    assert len(streams) == 4


def test_the_key_is_not_shown() -> None:
    assert KEY.decode() not in repr(SurrogateGenerator(KEY)) + str(vars(type(SurrogateGenerator(KEY))))
