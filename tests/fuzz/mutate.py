"""Damage to crawl files: in their bytes, and in the structure of their values."""

from __future__ import annotations

TOKENS = (
    b'"', b"'", b"\\", b"{", b"}", b"[", b"]", b",", b":", b"\n", b"\r", b"\r\n", b"\t", b"\0", b"\x1a", b"<", b">",
    b"<!--", b"]]>", b"&#x110000;", b"&#0;", b"<pre>", b"</div>", b"\xef\xbb\xbf", b"\xff\xfe", b"\xe2\x80\xa8", b"\xff",
    b"\xe5", b"\xed\xa0\x80", b"\\ud83d", b"\\u0000", b"NaN", b"-Infinity", b"1e999", b"0x1F", b"null", b"[]", b"{}",
    str(2**70).encode(), b"9" * 400, b"#", b"//", b"/*", b"---\n", b"sep=;\n", "患者：".encode(), "医生".encode("gb18030"),
    b"ObjectId(", b"\x1f\x8b\x08", b"PK\x03\x04", b"ARROW1", b"PAR1", b"%s%n", b"=1+1", b"\xf0\x9f\x98\x80", b"\xcc\x81",
)  # fmt: skip
"""What means something to some reader."""
REPEATED = (
    b"[",
    b'{"a":',
    b"(",
    b"<div>",
    b" ",
    b"\t",
    b'"',
    b'""',
    b"\\",
    b"\n",
    b",",
    b"\0",
    b"<",
    b"&",
    "患者：".encode(),
)
"""What is repeated many times."""


def mutate_bytes(rng, data, most=4):
    """Return bytes with some damage."""
    for _ in range(rng.randint(1, most)):
        data = _mutate_once(rng, data)
    return data


def _mutate_once(rng, data):
    start = rng.randint(0, len(data))
    end = min(len(data), start + rng.choice((1, 2, 8, 64, 1000)))
    kind = rng.randrange(9)
    if kind == 0:
        return data[:start]
    if kind == 1:
        return data[:start] + data[end:]
    if kind == 2:
        return data[:start] + rng.choice(TOKENS) + data[start:]
    if kind == 3:
        return data[:start] + rng.choice(TOKENS) + data[end:]
    if kind == 4:
        return data[:start] + data[start:end] * rng.choice((2, 3, 50)) + data[end:]
    if kind == 5:
        return data[:start] + rng.choice(REPEATED) * rng.choice((10, 300, 1100, 4000)) + data[start:]
    if kind == 6:
        return data[:start] + rng.randbytes(end - start) + data[end:]
    changed = bytearray(data)
    for _ in range(rng.choice((1, 1, 4, 32)) if changed else 0):
        changed[rng.randrange(len(changed))] ^= 1 << rng.randrange(8)
    return bytes(changed)


VALUES = (
    None, True, 0, -1, 2**70, 1e308, "", " ", "无", "nan", "\0", "\u2028", "\u202e", "a" * 3000, [], {}, [[]], [None],
    {"role": None}, {"content": 1}, "[]", "{}", '[{"role": "user"}]', "患者：", "医生：\n医生：", "<b>", "\\ud800", "'", '"',
)  # fmt: skip


def mutate_value(rng, value, depth=0):
    """Return a JSON value with some of its parts replaced, renamed, repeated, removed or nested."""
    roll = rng.random()
    if roll < 0.05 + 0.03 * depth:
        return rng.choice(VALUES)
    if roll < 0.08:
        return [value] * rng.choice((1, 2, 30))
    if roll < 0.1:
        return nest(rng, value)
    if isinstance(value, dict):
        items = list(value.items())
        if rng.random() < 0.1:
            rng.shuffle(items)
        if items and rng.random() < 0.1:
            items.pop(rng.randrange(len(items)))
        renamed = [(rng.choice(NAMES) if rng.random() < 0.06 else key, item) for key, item in items]
        return {key: mutate_value(rng, item, depth + 1) for key, item in renamed}
    if isinstance(value, list):
        items = [mutate_value(rng, item, depth + 1) for item in value]
        if rng.random() < 0.1:
            rng.shuffle(items)
        return items
    return value


NAMES = (
    "question", "answer", "messages", "role", "content", "history", "id", "department", "title", "text", "input",
    "output", "instruction", "system", "data", "", " ", "q1", "a1", "答案", "患者", "医生", "x" * 200, "a.b", "0",
)  # fmt: skip


def nest(rng, value):
    """Return a value deep inside arrays or objects."""
    key = rng.choice((None, "a", "content", "messages"))
    for _ in range(rng.choice((3, 40, 300))):
        value = [value] if key is None else {key: value}
    return value
