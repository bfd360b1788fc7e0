"""Detectors of hospitals, places and organisations."""

from __future__ import annotations

from typing import Final

from cmtmed.audit.detectors.detector import Detector
from cmtmed.audit.detectors.words import CARE, CARE_CATEGORY, FUNCTION_CHARACTER, REGION

PLACES: Final = (
    Detector(
        "hospital",
        rf"{REGION}[^的，。！？；、\n\ue000]{{0,12}}?{CARE}|[一-鿿]{{2}}[省市县区镇乡][^的，。！？；、\n]{{0"
        rf",8}}?{CARE}"
        r"|(?:协和|同济|华西|湘雅|瑞金|华山|仁济|武警|空军|海军|陆军|总参|解放军|军区|大学|附属"
        r")[^的，。！？；\n]{0,6}医院|第[一二三四五六七八九十\d]{1,3}(?:人民|中心|附属)?医院"
        r"|(?:[在去到转从]|听说|都说|^)(?:协和|同仁|安贞|阜外|宣武|西京|积水潭|和睦家|浙[一二]|"
        r"301|[六九]院|儿研所|湘雅|华西|瑞金|齐鲁|同济|仁济|天坛)",
        0.3,
        "hospitals named by a place or a proper name",
        "带地名或专名的医疗机构",
        exclude=(
            rf"地区[和及与的]各?医院|[哪那什][一个家么些]*医院|[几多]家医院|(?:^|\W|{FUNCTION_CHARACTER}){CARE_CATEGORY}+{CARE}|"
            "[级等某]医院"
        ),
    ),
    Detector(
        "residence",
        r"(?:住在|家住|住址|地址|户籍|籍贯|老家|家在|人在|来自|现居|居住[在地于]|寄到|坐落|位于"
        r")[是:：在于]{0,2}[一-鿿]{1,6}?(?:省|市|县|区|镇|乡|村|屯|旗|路|街|小区|花园|社区)"
        rf"|(?:我|本人)[是在住]{REGION}[一-鿿]{{0,6}}(?:人|市|县|区|镇|村)|(?:家住|住在|户籍|老家){REGION}"
        r"|(?:我是|我们|我在|来自|娘家)[一-鿿]{1,8}[县村镇乡屯庄旗区岛](?:人|的|好|上|里|这|隔|[^一-鿿])",
        0.2,
        "where somebody lives or comes from",
        "居住地、籍贯",
        exclude=(
            "我们?村里?|我们?[县镇乡](?:的|里|上|人)|农村|山村|乡村|地区|郊区|城区|市区|疫区|"
            "病区|区域|社区医|功能区|关键区|市场|城市|城镇|沟区|部位|小区里|中枢区|运动区"
        ),
    ),
    Detector(
        "place",
        rf"{REGION}[一-鿿]{{0,4}}(?:县|区|镇|乡|村|路|街)|[一-鿿]{{2}}市[一-鿿]{{2,4}}(?:县|区"
        "|镇|乡|村|路|街)|[一-鿿]{2,4}(?:大街|大道|胡同|家属院|村委会|居委会|街道)"
        r"|[一-鿿]{2}(?:屯村?|庄村|沟村|家村|庄)(?:[一二三四五六七八九十]组|[^一-鿿]|[的人里有"
        r"好])|[一-鿿]{2}(?:小区|花园|苑)\d"
        r"|[一-鿿]{2,3}[县区镇乡][^的和在，。、\W]{1,4}[镇乡村路街]",
        0.05,
        "places below province level",
        "省级以下地名",
        exclude=("镇[痛静]|大街上|在大街|满大街|的大街|地区|市区|郊区|山区|[尿走通]路"),
    ),
    Detector(
        "organisation",
        rf"[一-鿿]{{2,}}(?:有限公司|股份|集团|派出所|工作室|律师)|{REGION}[一-鿿]{{0,8}}(?:公司"
        "|大学|学院|中学|小学|幼儿园|研究所|厂|部队)|第?[一二三四五六七八九十]+中学?的",
        0.2,
        "named companies and schools",
        "具名单位、学校",
    ),
)

PLACE_WORDS: Final = (
    Detector(
        "hospital_word",
        rf"[一-鿿]{{2}}{CARE}|[3-9]\d{{2}}医院",
        0.01,
        "other words that end like a hospital",
        "其他以医疗机构结尾的词",
        exclude=(rf"(?:^|\W|{FUNCTION_CHARACTER}){CARE_CATEGORY}*{CARE}|住院|出[一二三]院"),
    ),
    Detector(
        "organisation_word",
        r"[一-鿿]{2}(?:银行|中学|小学|幼儿园|大学|学院|公司|集团|厂|药房|救援队|俱乐部|物业|监狱|养老院|推拿馆)",
        0.01,
        "other words that end like a company or school",
        "其他以单位、学校结尾的词",
        exclude=(
            rf"(?:^|\W|{FUNCTION_CHARACTER}|读)(?:[上刚现最近时间读考女自己我们年月好]|生产|电子|化工|化学|加"
            "工|服装|工|纱|保险|药业|普通|医科|医|商业|血|精子|中科院|理工|师范)*(?:银行|中学"
            "|小学|幼儿园|大学|学院|公司|集团|厂)|"
            "体的?化工厂|生产厂|同厂|加工厂|工厂|医学院|不?能?够?进厂|医科大学|电子厂|保险公司|血库银行"
        ),
    ),
)
