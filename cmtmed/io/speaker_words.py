"""Roles by the words in a speaker's name, and texts whose speakers have no names."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from cmtmed.io.records import Value
from cmtmed.schema import Role
from cmtmed.text.han import HAN


def find_role_by_words(name: str) -> Role | None:
    """Return the role that the words in a speaker's name stand for: 患者本人, 主治大夫, ``senderDoctor``, ``SYS``.

    >>> find_role_by_words("李主任（骨科）"), find_role_by_words("patient_1"), find_role_by_words("甲")
    ('assistant', 'user', None)

    What says something is no name, whatever words are in it.

    >>> find_role_by_words("你是医生"), find_role_by_words("这位患者说胸口闷了两天")
    (None, None)
    """
    if _SAYS.search(name):
        return None
    roles = {role for role, words in _NAME_WORDS if words.search(name)}
    # 医生助手 and 用户提问 say one thing, 医患对话 says nothing.
    return roles.pop() if len(roles) == 1 else None


_SAYS: Final = re.compile(r"[，。？！；?!;]|[你您我他她它不是说了吗呢吧请怎么有没想要会能]")
"""Marks and words of a sentence, which no name of a speaker holds."""
_NAME_WORDS: Final[tuple[tuple[Role, re.Pattern[str]], ...]] = (
    (
        "user",
        re.compile(
            r"患者|患儿|病人|病患|用户|家属|家长|病友|求助|求医|求诊|就诊|问诊者|咨询|询问|提问|问题|疑问|网友|亲属|本人|女士|先生|patient|user|human|client|"
            r"asker|customer|inquirer|sick|(?<![a-z])(?:pat|pt|usr|ask)(?![a-z])",
            re.IGNORECASE,
        ),
    ),
    (
        "assistant",
        re.compile(
            r"医生|大夫|医师|醫師|醫生|专家|主任|教授|护士|药师|助手|回答|回复|答复|解答|doctor|physician|assistant|expert|nurse|medic|应答|解惑|诊者|"
            r"answer|gpt|(?<![a-z])(?:bot|doc|dr|model|reply)(?![a-z])",
            re.IGNORECASE,
        ),
    ),
    (
        "system",
        re.compile(
            r"系统|系統|平台|机器人|小助手|提示|通知|客服|导诊|system|robot|notice|notification|service|platform|hint|(?<![a-z])(?:sys|admin|tip)(?![a-z])",
            re.IGNORECASE,
        ),
    ),
)


def are_alternating(items: Sequence[Value]) -> bool:
    """Return whether texts without speakers may be turns: sentences, and not keywords or symptoms."""
    if len(items) < 2 or not all(isinstance(item, str) and item.strip() for item in items):
        return False
    return sum(map(len, items)) >= 4 * len(items) and any(_SENTENCE.search(item) for item in items)


def is_sentence(text: str) -> bool:
    """Return whether a text says something in Chinese, so that it is no name, number or keyword."""
    return len(_HAN.findall(text)) >= _SENTENCE_CHARACTERS and _SENTENCE.search(text) is not None


_HAN: Final = re.compile(rf"[{HAN}]")
_SENTENCE_CHARACTERS: Final = 6
_SENTENCE: Final = re.compile(r"[，。？！?!；]|.{12}|[吗呢嘛]$")
