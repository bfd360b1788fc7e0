"""Detectors of contacts, links, dates, ages and numbers."""

from __future__ import annotations

from typing import Final

from cmtmed.audit.detectors.detector import Detector
from cmtmed.audit.detectors.words import CHINESE_DIGITS, CIRCLED_DIGITS, CONTACT, DIGIT

NUMBERS: Final = (
    Detector(
        "email",
        r"(?i)[a-z0-9._\-]{2,}\s?(?:[@＠]|艾特|\(at\)|（at）|圈a)\s?[a-z0-9\-]+"
        r"|[a-z0-9]{2,}\s?at\s?[a-z0-9]+\s?dot\s?[a-z]+|[a-z0-9]{3,}(?:qq|163|126|gmail|sina|foxmail|"
        r"hotmail|outlook)\s?[.。点]\s?com",
        0.8,
        "e-mail shapes",
        "邮箱形式",
    ),
    Detector(
        "url",
        r"(?i)https?|ftp:|://|www|[a-z0-9\-]{2,}\s?[.。点]\s?(?:com|cn|net|org|gov|edu|top|vip|"
        r"xyz|info|cc|tv)(?:[^a-z]|$)",
        0.6,
        "links",
        "网址形式",
    ),
    Detector(
        "house",
        rf"[路街道巷弄胡同村区园苑城里栋幢楼内]\s?[A-Za-z]?[\d{CHINESE_DIGITS}十百]{{1,5}}\s?(?:号|弄|栋|幢|单元|室|#)"
        rf"|[东西南北侧旁][\d]{{1,5}}号|\d{{1,4}}\s?(?:栋|幢|单元|弄|号楼|号院|#楼)|[\d{CHINESE_DIGITS}]{{3,4}}室",
        0.8,
        "house, building and room numbers",
        "门牌、楼栋、房号",
    ),
    Detector(
        "date",
        rf"(?:19|20|二[〇零○]|一九)[\d{CHINESE_DIGITS}]{{2}}\s?[年.\-/,，、 ]\s?[\d{CHINESE_DIGITS}十]{{1,3}}\s?"
        rf"[月.\-/,，、 ]\s?[\d{CHINESE_DIGITS}十]{{1,3}}"
        r"|\d{2}年\d{1,2}月\d{1,2}|(?:19|20)\d{2}(?:0\d|1[0-2])[0-3]\d|\d{1,2}[/.\-－]\d{1,2}[/.\-－](?:19|20)\d{2}"
        r"|(?:19|20)\d{2}(?:年\d{1,2}月的\d|－\d{1,2}－\d|年[正一二三四五六七八九十冬腊]{1,2}月"
        r"初?[一二三四五六七八九十廿])"
        rf"|(?:生日|出生日期|出生年月|生于|诞辰)[^，。\n]{{0,6}}[\d{CHINESE_DIGITS}十]{{1,4}}[年月.\-/]",
        0.8,
        "days with a year, birthdays",
        "含年份的日期、生日",
        exclude=r"[HZSJBhzsjb]\d{8}",
    ),
    Detector(
        "age90",
        rf"(?:9\d|９[０-９]|1[0-2]\d|九十[{CHINESE_DIGITS}]?|一百[零〇]?[{CHINESE_DIGITS}十]{{0,2}})\s?多?(?:周?岁|高龄|高寿|来岁|几岁)"
        r"|(?:今年|年龄|岁数|高寿|都)(?:已经|快|有)?[:：\s]{0,2}(?:9\d|九十[一二三四五六七八九])(?:[^\d.%一-鿿]|了|$)"
        r"|九十[有好几多一二三四五六七八九]?[岁歲几有好]|百[岁歲]老|9\d ?[Yy](?:[^a-z]|$)|(?:^|[^\d.])9\d了",
        0.6,
        "ages of 90 and over",
        "九十岁及以上年龄",
    ),
    Detector(
        "handle",
        rf"{CONTACT}[^，。！？；\n]{{0,6}}?(?:[A-Za-z_][A-Za-z_\-]*\d[A-Za-z0-9_\-]+|\d[\d\-. ]{{5,}}\d)"
        rf"|{CONTACT}[号是:：的❤\s]{{1,4}}[A-Za-z][A-Za-z0-9_\-]{{4,}}|搜索?我?[A-Za-z]{{3,}}|[@＠][\w\-]{{2,}}"
        r"|[A-Za-z][A-Za-z0-9]*_[A-Za-z0-9_]{2,}|[码号][:：]?\s?\d{4,}"
        r"|(?:账号|帐号|用户名|昵称|网名|名叫|微博名|[iI][dD])(?:名?叫|[:：是为])+\s?[^\s，。；！？]{2,}",
        0.2,
        "handles and numbers near a word of contact",
        "联系方式用词附近的账号、号码",
        exclude=(r"(?i)HB[VU][\-_ ]?DNA\d*|HPV\d*|[48]00[\- ]?\d{3}[\- ]?\d{4}"),
    ),
    Detector(
        "number",
        r"\d{7,}",
        0.05,
        "seven digits or more in a row",
        "连续七位及以上数字",
        exclude=r"[HZSJBhzsjb]\d{8}",
    ),
    Detector(
        "spoken_number",
        rf"[{CHINESE_DIGITS}{CIRCLED_DIGITS}](?:[\s\-—.·]?{DIGIT}){{6,}}|\d(?:[\s\-—.·]?{DIGIT}){{5,}}[\s\-—.·]?[{CHINESE_DIGITS}{CIRCLED_DIGITS}]",
        0.2,
        "long numbers in Chinese, circled or mixed digits",
        "汉字、带圈或混合书写的长数字",
    ),
    Detector(
        "spaced_number",
        r"\d(?:[ \u3000\-—–_·/]{1,2}\d){6,}|\d{2,5}(?:[ \u3000\-—–_·]{1,2}\d{2,5}){2,}",
        0.1,
        "long numbers with separators",
        "带分隔符的长数字",
    ),
    Detector(
        "code",
        r"[A-Za-z]{1,4}[\-_]?\d{6,}|[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川"
        r"宁琼]\s?[A-Za-z][\s·.\-]?[A-Za-z0-9]{5}"
        r"|\d{2,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}|(?i:[0-9a-f]{1,4}(?::{1,2}[0-9a-f]{1,4}){4,})|[A-Za-z]\d{2,}-"
        r"\d{3,}|\d{1,3}床|床号?[:：]?\s?\d",
        0.1,
        "record and bed numbers, plates, IP addresses",
        "字母数字编码、床号、车牌、IP 形式",
        # Approval numbers of drugs: 国药准字 and eight digits.
        exclude=r"字\s?[A-Za-z]\d{8}",
    ),
)
