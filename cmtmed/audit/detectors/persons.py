"""Detectors of personal names."""

from __future__ import annotations

from typing import Final

from cmtmed.audit.detectors.detector import Detector
from cmtmed.audit.detectors.words import (
    COMMON_SURNAME,
    GIVEN_NAME,
    NAME_CHARACTER,
    NAME_END,
    NAME_START,
    RELATION,
    SURNAME,
    TITLE,
)

PERSONS: Final = (
    Detector(
        "labelled_name",
        "(?:姓名|名字|联系人|患者|病人|监护人|签名|署名|名叫|我叫|他叫|她叫|叫做|我是|我姓|免"
        rf"贵姓|姓)[:：是为叫\s]{{0,3}}{SURNAME}{GIVEN_NAME}{{1,2}}{NAME_END}"
        rf"|(?:姓名|联系人|监护人|名叫|我叫)[:：是为\s]{{0,3}}{SURNAME}[一-鿿]{{1,2}}|(?:我姓|免贵姓){SURNAME}"
        "|(?:签名|签字|手术者|一助|麻醉|主诊|责任护士|收款人|委托人|受托人|配偶|姓名|本人|病人"
        rf"|患者|家属)(?:[:：\s（]+[一-鿿]{{2,4}}|{SURNAME}[一-鿿]{{1,2}})(?:[^一-鿿]|$)"
        rf"|(?:^|[，。；\s]){SURNAME}[一-鿿]{{1,2}}[，,]\s?[男女](?:[，,性]|$)",
        0.1,
        "names after a word that introduces one",
        "提示词之后的姓名",
        exclude=(
            "慎用|康复|舒适|方式|成分|满意|冷感|寿命|白介|年轻|高龄|许多|费用|我妈|戒酒|三阳|"
            "嗳气|越|严重|程度|患者和|患者家|患者安全|患者常|患者时|马上|容易|高血压|孕[妇期]|"
            "怀孕|国庆节|仲景智能|[一-鿿]某"
        ),
    ),
    Detector(
        "titled_name",
        rf"(?:{COMMON_SURNAME}|[小老]{SURNAME}){TITLE}|(?:^|[^一-鿿]|请问|感谢|多谢|找|转告|上次是|挂"
        rf"|让|跟|给|叫|看|位)[高于白马方常时金万华明单严莫]{TITLE}|(?:姓|欧阳|上官|司马|诸葛){SURNAME}?(?"
        rf":[^一-鿿]|{TITLE})|{COMMON_SURNAME}[姐哥总叔婶嫂]|(?:^|[^一-鿿]){SURNAME}{GIVEN_NAME}{{1,2}}{TITLE}|"
        rf"{COMMON_SURNAME}{GIVEN_NAME}{{2}}{TITLE}",
        0.06,
        "surnames and names before a title",
        "称谓之前的姓氏、姓名",
        exclude=(
            "谢谢|祝健康|主任医师|责任医[生师]|[主担信就]任(?:医|专|老)|小姐|健康(?:专|医|管|"
            "老)|[一-鿿]某|黄金|[年病症]史医"
        ),
    ),
    Detector(
        "foreign_name",
        r"(?:我是|叫|姓名|名字|患者|医生|大夫|教授|同学|[，。、：:\s]|^)[一-鿿]{2,5}[·•・‧∙][一"
        r"-鿿]{2,6}(?:[^一-鿿]|$|医生|大夫|教授|先生|女士)|(?:Mr|Ms|Mrs|Dr|Miss)\.?\s?[A-Z][a-z]+|"
        r"[A-Z]{2,} [A-Z]{3,}|(?:英文名|护照名)[:：\s]*[A-Z]",
        0.1,
        "dotted and foreign names",
        "带间隔号的姓名、外文姓名",
        exclude=("(?:DNA|RNA|ATP|MPS|HPV|HBV|CT|MRI)[ A-Z]+|[A-Z]+ (?:DNA|RNA|ATP|MPS|II|III)"),
    ),
    Detector(
        "name",
        rf"{NAME_START}{COMMON_SURNAME}{GIVEN_NAME}{{1,2}}{NAME_END}|{COMMON_SURNAME}{NAME_CHARACTER}{{2}}|{RELATION}叫?{COMMON_SURNAME}{GIVEN_NAME}[一-鿿]?"
        "|(?:欧阳|上官|司马|诸葛|司徒|慕容|皇甫|尉迟|令狐|端木|公孙)[一-鿿]{1,2}"
        rf"|(?:{RELATION}|[爸妈爹娘姐哥弟妹叔舅姨姑夫]|我儿|[闺孙]女){SURNAME}[一-鿿]{{1,2}}(?:[^一"
        "-鿿]|$|今年|得了|昨|前天|做的?|去年|家属|这两天|大爷|阿姨|的(?:妈|爸|病理|片子|CT|号"
        "))",
        0.1,
        "a surname and a given name standing alone",
        "单独出现的姓加名",
        exclude=(
            "新生儿|夫韦|宝宝黄|女方|儿童|怀孕|怀上|高血压|常见|关节|方[法式]|东西|卫生|安全|"
            "康复|严重|皮肤|程度|习惯|左右|[一-鿿]宝宝|[一-鿿]美丽|易菲莎|左心|欧美国|梅克尔|"
            "金银花|黄金|夏天|李子|苏子|芦根|葛花|张力|周长|汤水|钟爱|[\\d周][周]时|[\\d一-九"
            "]周|贺[普维]|丁克|小米|石[林河]|康[明宏]|万元|易行|金刚|[金江钱龙]水|万[一全能]|"
            "黄[芪连芩柏精菊梅河]|葛根|石[膏斛决]|金钱|陈皮|杜仲|叶[酸林]|王[浆不]|"
            "石英|范[围]|龙眼|胡[桃萝]|江[湖]|余[量]|毛发|康[复达乐]|易[于感发]|章[鱼]|金[属黄]|莫"
            "[名大]|严[重格]|任[何意务]|曾经|施行|齐全|辛[辣苦]|石[头]"
        ),
    ),
    Detector(
        "titled_word",
        rf"(?:^|[^一-鿿]|请问?|找|谢谢|感谢|多谢|让|替|和|跟|叫|姓|是|给|这边)[一-鿿](?:{TITLE}|"
        "[姐叔婶哥老]|技师)(?:[^一-鿿]|$|[您你说让看给开的在和吗休])",
        0.01,
        "anything else before a title",
        "称谓之前的其他字词",
        exclude=(
            "[一-鿿]?[在让由与和向按但经听当若供求问替是的个位名各我你他她您叔姨姐哥婆爷奶伯婶"
            "同先大小女男老妈爸弟妹舅姑二三四表堂那这该某诸主任中西超本从对请教因为把被给谢诊"
            "科病业属关人生"
            "询系据多好到有访照像见去来些些员内外年心理家务护其寻告者及或以明所跟遵导疫望定再外受"
            rf"听查]+(?:{TITLE}|[姐叔婶哥老]|技师)"
        ),
    ),
)
