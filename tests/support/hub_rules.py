"""What the Hub decides from a file's name, first bytes or metadata: large or regular, ignored, a card that is wrong."""

from __future__ import annotations

import codecs
import re

import yaml

REGULAR_LIMIT = 10 * 1024 * 1024

_LARGE = """
*.7z *.arrow *.avro *.bin *.bz2 *.ckpt *.ftz *.gz *.h5 *.joblib *.lfs.* *.lz4 *.mds *.mlmodel *.model *.msgpack *.npy
*.npz *.onnx *.ot *.parquet *.pb *.pickle *.pkl *.pt *.pth *.rar *.safetensors saved_model/**/* *.tar.* *.tar *.tflite
*.tgz *.wasm *.xz *.zip *.zst *tfevents* *.pcm *.sam *.raw *.aac *.flac *.mp3 *.ogg *.wav *.bmp *.gif *.png *.tiff
*.jpg *.jpeg *.webp *.mp4 *.webm
"""
GITATTRIBUTES = "".join(f"{pattern} filter=lfs diff=lfs merge=lfs -text\n" for pattern in _LARGE.split())

# https://huggingface.co/docs/hub/repositories-licenses
_LICENSES = """
    apache-2.0 mit openrail bigscience-openrail-m creativeml-openrail-m bigscience-bloom-rail-1.0 bigcode-openrail-m
    afl-3.0 artistic-2.0 bsl-1.0 bsd bsd-2-clause bsd-3-clause bsd-3-clause-clear c-uda cc cc0-1.0 cc-by-2.0 cc-by-2.5
    cc-by-3.0 cc-by-4.0 cc-by-sa-3.0 cc-by-sa-4.0 cc-by-nc-2.0 cc-by-nc-3.0 cc-by-nc-4.0 cc-by-nd-4.0 cc-by-nc-nd-3.0
    cc-by-nc-nd-4.0 cc-by-nc-sa-2.0 cc-by-nc-sa-3.0 cc-by-nc-sa-4.0 cdla-sharing-1.0 cdla-permissive-1.0
    cdla-permissive-2.0 wtfpl ecl-2.0 epl-1.0 epl-2.0 etalab-2.0 eupl-1.1 eupl-1.2 agpl-3.0 gfdl gpl gpl-2.0 gpl-3.0
    lgpl lgpl-2.1 lgpl-3.0 isc lppl-1.3c ms-pl mpl-2.0 odc-by odbl openrail++ osl-3.0 postgresql ofl-1.1 ncsa unlicense
    zlib pddl lgpl-lr deepfloyd-if-license llama2 llama3 gemma unknown other
"""
LICENSES = frozenset(_LICENSES.split())
SIZES = (
    "n<1K 1K<n<10K 10K<n<100K 100K<n<1M 1M<n<10M 10M<n<100M 100M<n<1B 1B<n<10B 10B<n<100B 100B<n<1T n>1T unknown other"
)
_TASKS = """
    text-classification token-classification table-question-answering question-answering zero-shot-classification
    translation summarization feature-extraction text-generation fill-mask sentence-similarity text-to-speech
    text-ranking table-to-text multiple-choice text-retrieval tabular-classification time-series-forecasting
    visual-question-answering image-text-to-text reinforcement-learning other text2text-generation conversational
"""
TASKS = frozenset(_TASKS.split())
# Dataset card fields that hold one string or several.
_STRINGS = (
    *("tags", "language", "license", "size_categories", "task_categories", "task_ids", "annotations_creators"),
    *("language_creators", "language_details", "multilinguality", "source_datasets"),
)
_CARD = re.compile(r"\A\ufeff?\s*---[ \t]*\r?\n((?:.*?\n)??)---[ \t]*(?:\r?\n|\Z)", re.DOTALL)


def matches(pattern: str, path: str) -> bool:
    """Tell whether a git pattern names `path` or a folder it lies in."""
    body = pattern.strip("/")
    prefix = "" if "/" in body or pattern.startswith("/") else "(?:.*/)?"
    tokens = re.split(r"(\*\*/|\*\*|\*|\?|\[[^\]]+\])", body)
    globs = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    glob = "".join(globs.get(token, token if token[:1] == "[" else re.escape(token)) for token in tokens)
    return re.fullmatch(prefix + glob + ("/.*" if pattern.endswith("/") else "(?:/.*)?"), path) is not None


def is_ignored(gitignore: str, path: str) -> bool:
    """Tell what `gitignore` says of `path`; its last matching line decides."""
    ignored = False
    for line in map(str.strip, gitignore.splitlines()):
        if line and not line.startswith("#") and matches(line.removeprefix("!"), path):
            ignored = not line.startswith("!")
    return ignored


def is_binary(sample: bytes) -> bool:
    """Tell whether the first bytes of a file are not UTF-8 text; a character cut off at the end is no fault."""
    try:
        codecs.getincrementaldecoder("utf-8")().decode(sample)
    except UnicodeDecodeError:
        return True
    return b"\0" in sample


def is_large(gitattributes: str, path: str, size: int, sample: bytes) -> bool:
    """Tell whether a file goes to large file storage."""
    large = False
    for line in gitattributes.splitlines():
        pattern, *attributes = line.split() or [""]
        if not pattern.startswith("#") and matches(pattern, path):
            large = "filter=lfs" in attributes or (large and not {"-filter", "!filter"} & {*attributes})
    return large or size > REGULAR_LIMIT or is_binary(sample)


def read_card(content: str) -> dict:
    """Return a card's metadata, empty where it has none; raises `yaml.YAMLError`."""
    match = _CARD.match(content)
    metadata = yaml.safe_load(match[1]) if match else None
    if metadata is not None and not isinstance(metadata, dict):
        raise yaml.YAMLError("metadata must be a mapping")
    return metadata or {}


def as_list(card: dict, label: str) -> list:
    """Return a field that holds one value or several as a list."""
    values = card.get(label)
    return values if isinstance(values, list) else [] if values is None else [values]


def check_card(content: str) -> tuple[list[str], list[str]]:
    """Return the errors and the warnings of a README's metadata."""
    try:
        card = read_card(content)
    except yaml.YAMLError as error:
        return [f"Invalid YAML: {error}"], []
    if not card:
        return [], ["empty or missing yaml metadata in repo card"]
    errors, warnings = [], []
    strings = {}
    for field in _STRINGS:
        strings[field] = as_list(card, field)
        if not all(isinstance(value, str) for value in strings[field]):
            errors.append(f'"{field}" must be a string or an array of strings')
            strings[field] = []
    if any(value not in LICENSES for value in strings["license"]):
        errors.append(f'"license" must be one of [{", ".join(sorted(LICENSES))}]')
    for position, value in enumerate(strings["language"]):
        if not re.fullmatch(r"[a-z]{2,3}|code|multilingual", value):
            errors.append(
                f'"language[{position}]" must be an ISO 639-1, 639-2 or 639-3 code, or "code", "multilingual"'
            )
    if any(value not in SIZES.split() for value in strings["size_categories"]):
        errors.append(f'"size_categories" must be one of [{", ".join(SIZES.split())}]')
    warnings += [
        f'The task_categories "{value}" is not in the official list'
        for value in strings["task_categories"]
        if value not in TASKS
    ]
    if not isinstance(card.get("pretty_name", ""), str):
        errors.append('"pretty_name" must be a string')
    errors += _check_configs(card.get("configs", []))
    if not all(isinstance(info, dict) for info in as_list(card, "dataset_info")):
        errors.append('"dataset_info" must be an object or an array of objects')
    return errors, warnings


def _check_configs(configs):
    if not isinstance(configs, list):
        return ['"configs" must be an array']
    errors = []
    for position, config in enumerate(configs):
        if not isinstance(config, dict) or not isinstance(config.get("config_name"), str):
            errors.append(f'"configs[{position}].config_name" is required and must be a string')
            continue
        for file in as_list(config, "data_files"):
            paths = as_list(file if isinstance(file, dict) else {"path": file}, "path")
            has_split = not isinstance(file, dict) or isinstance(file.get("split"), str)
            if not has_split or not paths or not all(isinstance(path, str) for path in paths):
                errors.append(f'"configs[{position}].data_files" must name a path, or a split and a path')
                break
    return errors
