"""URL: links with a scheme or www, and bare domains of the usual top-level domains."""

from __future__ import annotations

from typing import Final

from cmtmed.anonymize.detect.recognizer import LIKELY, VALID, Candidate, Pattern, Recognizer, ignore_case

_BODY: Final = r"[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%|]"
_TOP: Final = r"(?:com|cn|net|org|edu|gov|io|cc|top|info|xyz|vip|tv|hk|tw)"


def _trim_punctuation(candidate: Candidate) -> Candidate | None:
    """Strip punctuation that belongs to the sentence, and closing brackets without an opening one."""
    value = candidate.value.rstrip(".,;:!?'*|")
    while value.endswith((")", "]")) and value.count(value[-1]) > value.count({")": "(", "]": "["}[value[-1]]):
        value = value[:-1].rstrip(".,;:!?'")
    return candidate._replace(end=candidate.start + len(value)) if len(value) > 4 else None


RECOGNIZER: Final = Recognizer(
    type="URL",
    shared_hint=rf"(?i)://|www[.点]|[a-z0-9][.点]{_TOP}",
    patterns=(
        Pattern(
            ignore_case(rf"(?<![A-Za-z])(?:https?|ftps?|wss?)\s?:\s?//\s?{_BODY}+"),
            VALID + 0.1,
            check=_trim_punctuation,
        ),
        Pattern(ignore_case(rf"(?<![A-Za-z0-9@.])www(?:\.|点){_BODY}+(?:点[a-z]+)*"), VALID, check=_trim_punctuation),
        Pattern(
            ignore_case(
                rf"(?<![A-Za-z0-9@.\-_])(?:[a-z0-9](?:[a-z0-9\-]{{0,40}}[a-z0-9])?(?:\.|点)){{1,4}}{_TOP}(?![A-Za-z0-9@\-])"
                rf"(?:[:/?]{_BODY}*)?"
            ),
            LIKELY,
            check=_trim_punctuation,
        ),
    ),
    examples=(
        "见⟦https://www.example.com/a?b=1⟧。",
        "网址⟦www.example.cn⟧上有",
        "在⟦example.com/doc/12⟧看的",
        "报告：⟦http://10.0.0.8:8080/r/1⟧",
    ),
    lookalikes=("参见3.5.2节", "WBC 5.6.HGB 120", "每天2次.com"),
)
