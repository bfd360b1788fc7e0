"""Chinese names in Latin letters: surnames, and the syllables of given names."""

from __future__ import annotations

from typing import Final

from cmtmed.anonymize.detect.lexicon.vocabulary import vocabulary

PINYIN_SURNAMES: Final = vocabulary("""
    wang li zhang liu chen yang zhao huang zhou wu xu sun hu zhu gao lin he guo ma luo liang song zheng xie han tang
    feng yu dong
    xiao cheng cao yuan deng fu shen zeng peng lv lu su jiang cai jia ding wei xue ye yan pan du dai xia zhong tian
    ren fan
    fang shi yao tan liao zou xiong jin hao kong bai cui kang mao qiu qin gu hou shao meng long wan duan lei qian yin
    yi chang
    qiao lai gong wen pang ning bao zhai ni niu ge mi zhuo mo tong ji yue qi mei lou ouyang sima zhuge shangguan
    """)
"""Frequent surnames in pinyin."""

_INITIALS: Final = "b|p|m|f|d|t|n|l|g|k|h|j|q|x|zh|ch|sh|r|z|c|s|y|w"
_FINALS: Final = (
    "iang|iong|uang|ang|eng|ong|ian|iao|ing|uai|uan|üan|van|ai|ei|ao|ou|an|en|in|un|ia|ie|iu|ua|ui|uo|ue|üe|ve|er"
    "|a|o|e|i|u|v|ü"
)
PINYIN_SYLLABLE: Final = rf"(?:(?:{_INITIALS})(?:{_FINALS})|an|en|ai|ao|er|ou)"
"""Pattern of one syllable in lower case."""
