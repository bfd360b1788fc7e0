"""What makes a turn suspect: the patterns of the second look, from the most to the least telling.

They share no pattern and no word list with the recognizers, on purpose: what one pass is blind to, the other should
see. Every pattern means the same to Polars and to ``re``: no look-around, no class that only one of them knows. Where
that is not enough, innocent phrases are covered first.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final

MASK: Final = "\ue000"
"""Private-use character that stands for every character of what was replaced: spans keep their places."""

_H: Final = "[一-鿿]"
_CN: Final = "〇零○一二三四五六七八九幺壹贰叁肆伍陆柒捌玖两洞"
_ROUND: Final = "⓪①②③④⑤⑥⑦⑧⑨❶❷❸❹❺❻❼❽❾⑴⑵⑶⑷⑸⑹⑺⑻⑼㈠㈡㈢㈣㈤㈥㈦㈧㈨"
_ANY: Final = rf"[\d{_CN}{_ROUND}]"
_SURNAME: Final = (
    "(?:欧阳|上官|司马|诸葛|司徒|慕容|皇甫|尉迟|令狐|东方|端木|公孙|[赵钱孙李周吴郑王冯陈褚卫"
    "蒋沈韩杨朱秦尤许何吕施张孔曹严华金魏"
    "陶姜戚谢邹喻柏窦章苏潘葛奚范彭郎鲁韦马苗方俞任袁柳鲍史唐费廉岑薛雷贺倪汤滕殷罗毕郝邬安常"
    "乐于傅皮卞齐康伍余元顾孟黄穆萧尹姚邵湛汪祁毛"
    "狄米贝臧计伏成戴宋茅庞熊纪舒屈项祝董梁杜阮蓝闵席季麻强贾路娄江童颜郭梅盛林刁钟徐邱骆高夏"
    "蔡田樊胡凌霍虞万柯管卢莫丁邓石崔吉钮龚程"
    "邢裴陆荣翁荀甄曲封储段侯全班仲伊宁仇栾甘厉祖武符刘景詹束龙叶司黎白怀蒲邰卓蔺屠蒙池乔阴闻"
    "莘党翟谭申冉雍桑桂牛寿边燕冀尚温庄晏柴"
    "瞿阎连习艾鱼容向古易慎戈廖庾终居衡步耿满匡国文寇东欧沃利蔚越隆师巩聂晁敖冷辛阚那简饶曾关"
    "查荆游权盖益桓肖尧付代区])"
)
_GIVEN: Final = (
    "[伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华玉兰红梅建国志文辉力永健世广义兴良海山仁"
    "波宁贵福生龙元全胜学祥才发武新利清飞彬富顺信子"
    "昌康光天达安岩茂进林有坚和彪博诚先敬震振壮会思群豪心邦承乐绍功松善厚庆民友裕河哲江浩亮政"
    "谦亨奇固之轮翰朗伯宏鸣朋斌梁栋维启克伦翔"
    "旭鹏泽晨辰士以家致树炎德行时泰盛雄琛钧冠策腾楠榕风航弘莲真环雪荣爱妹香月莺媛瑞凡佳嘉琼勤"
    "珍贞莉璧璐娅琦晶妍茜秋珊莎锦黛青倩婷姣婉"
    "娴瑾颖露瑶怡婵雁蓓纨仪荷丹蓉眉君琴蕊薇菁梦岚苑筠柔竹霭凝晓欢霄枫芸菲寒欣滢伊亚宜可姬舒影"
    "荔枝思丽春淑云萍凤素艺雨轩宇涵萱梓睿俊峰"
    "洁莹美慧琳玲鑫燕凯勋东根成长水宝忠少东金银喜巧花小]"
)
_PLAIN: Final = (
    "[王李张刘陈杨赵黄周吴徐孙胡朱林郭罗梁宋郑韩唐冯董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶"
    "阎余潘杜戴夏钟汪田任姜范石姚谭廖邹熊金陆郝孔崔康"
    "毛邱秦江史顾侯邵孟龙万段钱汤尹黎易武乔贺赖龚庞樊殷施陶洪翟颜倪严芦季俞章鲁葛韦申尤毕聂焦"
    "柳邢岳齐梅莫庄辛左涂祁耿牟詹苗费靳童欧裴席屈鲍覃"
    "霍翁柯阮柴蒙滕闫冉楚邬栾戚窦娄]"
)
_TITLE: Final = (
    "(?:医生|大夫|主任|医师|教授|院长|护士|专家|老师|先生|女士|小姐|同学|阿姨|叔叔|师傅|大爷|"
    "大妈|大叔|爷爷|奶奶|婆婆|伯伯|大哥|大姐|"
    "同志|博士|经理|老板|队长|书记|局长|校长)"
)
_BORNE: Final = (
    "[伟芳娜敏静丽磊军勇艳杰娟涛超秀霞桂英华玉兰梅建志永健义贵福祥武飞彬晨辰鹏泽雄琛策楠榕莲雪"
    "爱香莺媛瑞凡佳嘉琼勤珍贞莉娅琦晶妍茜秋珊莎锦黛倩婷姣婉娴瑾颖瑶怡婵雁仪荷丹蓉"
    "眉君琴蕊薇菁梦岚芸菲欣滢伊宜舒荔枝淑云萍凤素艺轩宇涵萱梓睿俊峰洁莹慧琳玲鑫燕凯勋文国宏庆"
    "春长林栋浩翔旭振晓美若溪雨晴宝新海立东升小兵]"
)
_KIN: Final = (
    "(?:爸爸?|妈妈?|父亲|母亲|爱人|老公|老婆|丈夫|妻子|儿子|女儿|宝宝|孩子|姐姐?|哥哥?|弟弟?|"
    "妹妹?|爷爷|奶奶|外婆|外公|同事|同学|朋友|邻居|亲戚|本人|这是|患者|病人|转告|看一下|"
    "收件人|开户名|就诊人|家属|我是|名叫|联系)"
)
_CONTACT: Final = (
    "(?:(?:^|[^A-Za-z])(?:[vV][xX❤信]|[vV]|[wW][xX]|[qQ]{1,2}|[tT][eE][lL]|[tT][gG]|call)|[微"
    "薇威徽]信|卫星|[微薇扣抠]号?|企鹅|抖音|小红书|快手|微博|公众号|贴吧|"
    "知乎|账号|帐号|昵称|网名|群号|电话|手机|座机|联系|号码|热线|致电|拨打|私信|加我|搜索我?|"
    "关注我?|➕|身份证|证件|医保|社保|住院号|病历号?|"
    "病案号?|门诊号|就诊卡|卡号|单号|订单|编号|护照|车牌|银行卡|密码|验证码)"
)
_REGION: Final = (
    "(?:北京|上海|天津|重庆|河北|山西|辽宁|吉林|黑龙江|江苏|浙江|安徽|福建|江西|山东|河南|湖北"
    "|湖南|广东|海南|四川|贵州|云南|陕西|甘肃|青海|台湾|内蒙古|广西|"
    "西藏|宁夏|新疆|香港|澳门|石家庄|唐山|保定|邯郸|太原|大同|运城|呼和浩特|包头|鄂尔多斯|沈阳"
    "|大连|鞍山|长春|哈尔滨|大庆|齐齐哈尔|南京|无锡|徐州|常州|苏州|南通|海门|"
    "扬州|盐城|镇江|泰州|杭州|宁波|温州|嘉兴|绍兴|金华|台州|合肥|芜湖|蚌埠|阜阳|福州|厦门|泉州"
    "|漳州|南昌|赣州|九江|济南|青岛|淄博|烟台|潍坊|济宁|临沂|郑州|洛阳|开封|新乡|"
    "南阳|信阳|商丘|武汉|宜昌|襄阳|荆州|黄石|长沙|株洲|衡阳|岳阳|常德|广州|深圳|珠海|汕头|佛山"
    "|东莞|中山|惠州|湛江|茂名|南宁|柳州|桂林|海口|三亚|成都|绵阳|德阳|南充|"
    "贵阳|遵义|昆明|大理|曲靖|拉萨|西安|咸阳|宝鸡|兰州|天水|张掖|西宁|银川|乌鲁木齐)"
)
_CARE: Final = (
    "(?:医院|病院|诊所|卫生院|卫生所|卫生室|卫生服务中心|服务站|门诊部|保健院|附院|附[一二三]|"
    "中医院|中医馆|国医馆|[一二三四五六七八九]院|血站|体检中心|"
    "大药房|研究院|医科大学)"
)
_KIND: Final = (
    "(?:人民|中医|西医|中西医结合|眼科|口腔|妇幼|妇产|妇科|儿童|小儿|肿瘤|[一二三四]|第[一二三"
    "四五六七八九十]+|中心|附属|大学|医科|医学院|技术|当地|本地|外地|各地|同地|"
    "公立|私立|民营|私人|个体|三甲|二甲|三级|二级|甲等|综合|性|合性|专科|专业|专门|正规|权威|"
    "大型|小型|中型|好点|知名|精神|神病|皮肤|肤病|骨科|脑科|心脏|胸科|传染病?|染病|"
    "癫痫病?|痫病|肝病|乙肝|白癜风|糖尿病|男科|妇|肛肠|美容|整形|生殖|不孕|不育|快孕|推拿|植发"
    "|宠物|动物|部队|军区|军队|康复|社区|乡镇|镇|县|市|区|省|市区|县城|省城|省立|省会|地区|"
    "城市|农村|医疗|教学|老年|体检|手术|救治|筛查|治疗|不同|普通|一般|实际|就近|附近|更大|最大"
    "|最好|很好|好|大|小|老|级|立|上|里|高级|该|另|某|某某|其他|别)"
)
_FLOW: Final = (
    "[的去到在来往回送经被向对让据由因从或和与及等以于为是把将个家些种各这那哪此其本贵你我他她"
    "们么样后前说得了过还都没有看查院所规多什急紧系择询定问认找换入住出需要可能会解合适"
    "间里面层外内并使用进开见起常议国全化方又些次至取时类跑道接着看按照参考预约提供告知拨打致"
    "电相信选如何受待断症状问题一两几天晕儿法]"
)

_BREAK: Final = r"(?:^|[^一-鿿]|[的叫是和跟找])"
_END: Final = r"(?:$|[^一-鿿\d]|得了|患了?|说|住院|今年|因为)"


@dataclass(frozen=True)
class Detector:
    """One way of suspecting.

    Attributes:
        name: names its stratum.
        pattern: for Polars and ``re`` alike.
        prior: share of the turns in its stratum that hold something identifying, as read in public corpora after
            redaction (decision 15); used while nobody has read the sample.
        english: what it looks for.
        chinese: the same.
        innocent: phrases that match and mean nothing; they are covered before a text is looked at again.
    """

    name: str
    pattern: str
    prior: float
    english: str
    chinese: str
    innocent: str = ""

    def places(self, text: str) -> list[tuple[int, int]]:
        """Say where in a masked text this detector sees something: half-open spans in code points."""
        if self._innocent is not None:
            text = self._innocent.sub(lambda found: MASK * len(found[0]), text)
        return [found.span() for found in self._compiled.finditer(text)]

    @cached_property
    def _compiled(self) -> re.Pattern[str]:
        return re.compile(self.pattern)

    @cached_property
    def _innocent(self) -> re.Pattern[str] | None:
        return re.compile(self.innocent) if self.innocent else None


DETECTORS: Final = (
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
        rf"[路街道巷弄胡同村区园苑城里栋幢楼内]\s?[A-Za-z]?[\d{_CN}十百]{{1,5}}\s?(?:号|弄|栋|幢|单元|室|#)"
        rf"|[东西南北侧旁][\d]{{1,5}}号|\d{{1,4}}\s?(?:栋|幢|单元|弄|号楼|号院|#楼)|[\d{_CN}]{{3,4}}室",
        0.8,
        "house, building and room numbers",
        "门牌、楼栋、房号",
    ),
    Detector(
        "date",
        rf"(?:19|20|二[〇零○]|一九)[\d{_CN}]{{2}}\s?[年.\-/,，、 ]\s?[\d{_CN}十]{{1,3}}\s?[月.\-/,，、 ]\s?["
        rf"\d{_CN}十]{{1,3}}"
        r"|\d{2}年\d{1,2}月\d{1,2}|(?:19|20)\d{2}(?:0\d|1[0-2])[0-3]\d|\d{1,2}[/.\-－]\d{1,2}[/.\-－](?:19|20)\d{2}"
        r"|(?:19|20)\d{2}(?:年\d{1,2}月的\d|－\d{1,2}－\d|年[正一二三四五六七八九十冬腊]{1,2}月"
        r"初?[一二三四五六七八九十廿])"
        rf"|(?:生日|出生日期|出生年月|生于|诞辰)[^，。\n]{{0,6}}[\d{_CN}十]{{1,4}}[年月.\-/]",
        0.8,
        "days with a year, birthdays",
        "含年份的日期、生日",
        innocent=r"[HZSJBhzsjb]\d{8}",
    ),
    Detector(
        "age90",
        rf"(?:9\d|９[０-９]|1[0-2]\d|九十[{_CN}]?|一百[零〇]?[{_CN}十]{{0,2}})\s?多?(?:周?岁|高龄|高寿|来岁|几岁)"
        r"|(?:今年|年龄|岁数|高寿|都)(?:已经|快|有)?[:：\s]{0,2}(?:9\d|九十[一二三四五六七八九])(?:[^\d.%一-鿿]|了|$)"
        r"|九十[有好几多一二三四五六七八九]?[岁歲几有好]|百[岁歲]老|9\d ?[Yy](?:[^a-z]|$)|(?:^|[^\d.])9\d了",
        0.6,
        "ages of 90 and over",
        "九十岁及以上年龄",
    ),
    Detector(
        "handle",
        rf"{_CONTACT}[^，。！？；\n]{{0,6}}?(?:[A-Za-z_][A-Za-z_\-]*\d[A-Za-z0-9_\-]+|\d[\d\-. ]{{5,}}\d)"
        rf"|{_CONTACT}[号是:：的❤\s]{{1,4}}[A-Za-z][A-Za-z0-9_\-]{{4,}}|搜索?我?[A-Za-z]{{3,}}|[@＠][\w\-]{{2,}}"
        r"|[A-Za-z][A-Za-z0-9]*_[A-Za-z0-9_]{2,}|[码号][:：]?\s?\d{4,}"
        r"|(?:账号|帐号|用户名|昵称|网名|名叫|微博名|[iI][dD])(?:名?叫|[:：是为])+\s?[^\s，。；！？]{2,}",
        0.2,
        "handles and numbers near a word of contact",
        "联系方式用词附近的账号、号码",
        innocent=(r"(?i)HB[VU][\-_ ]?DNA\d*|HPV\d*|[48]00[\- ]?\d{3}[\- ]?\d{4}"),
    ),
    Detector(
        "number",
        r"\d{7,}",
        0.05,
        "seven digits or more in a row",
        "连续七位及以上数字",
        innocent=r"[HZSJBhzsjb]\d{8}",
    ),
    Detector(
        "spoken_number",
        rf"[{_CN}{_ROUND}](?:[\s\-—.·]?{_ANY}){{6,}}|\d(?:[\s\-—.·]?{_ANY}){{5,}}[\s\-—.·]?[{_CN}{_ROUND}]",
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
        innocent=r"字\s?[A-Za-z]\d{8}",
    ),
    Detector(
        "hospital",
        rf"{_REGION}[^的，。！？；、\n\ue000]{{0,12}}?{_CARE}|[一-鿿]{{2}}[省市县区镇乡][^的，。！？；、\n]{{0"
        rf",8}}?{_CARE}"
        r"|(?:协和|同济|华西|湘雅|瑞金|华山|仁济|武警|空军|海军|陆军|总参|解放军|军区|大学|附属"
        r")[^的，。！？；\n]{0,6}医院|第[一二三四五六七八九十\d]{1,3}(?:人民|中心|附属)?医院"
        r"|(?:[在去到转从]|听说|都说|^)(?:协和|同仁|安贞|阜外|宣武|西京|积水潭|和睦家|浙[一二]|"
        r"301|[六九]院|儿研所|湘雅|华西|瑞金|齐鲁|同济|仁济|天坛)",
        0.3,
        "hospitals named by a place or a proper name",
        "带地名或专名的医疗机构",
        innocent=(
            rf"地区[和及与的]各?医院|[哪那什][一个家么些]*医院|[几多]家医院|(?:^|\W|{_FLOW}){_KIND}+{_CARE}|"
            "[级等某]医院"
        ),
    ),
    Detector(
        "residence",
        r"(?:住在|家住|住址|地址|户籍|籍贯|老家|家在|人在|来自|现居|居住[在地于]|寄到|坐落|位于"
        r")[是:：在于]{0,2}[一-鿿]{1,6}?(?:省|市|县|区|镇|乡|村|屯|旗|路|街|小区|花园|社区)"
        rf"|(?:我|本人)[是在住]{_REGION}[一-鿿]{{0,6}}(?:人|市|县|区|镇|村)|(?:家住|住在|户籍|老家){_REGION}"
        r"|(?:我是|我们|我在|来自|娘家)[一-鿿]{1,8}[县村镇乡屯庄旗区岛](?:人|的|好|上|里|这|隔|[^一-鿿])",
        0.2,
        "where somebody lives or comes from",
        "居住地、籍贯",
        innocent=(
            "我们?村里?|我们?[县镇乡](?:的|里|上|人)|农村|山村|乡村|地区|郊区|城区|市区|疫区|"
            "病区|区域|社区医|功能区|关键区|市场|城市|城镇|沟区|部位|小区里|中枢区|运动区"
        ),
    ),
    Detector(
        "place",
        rf"{_REGION}[一-鿿]{{0,4}}(?:县|区|镇|乡|村|路|街)|[一-鿿]{{2}}市[一-鿿]{{2,4}}(?:县|区"
        "|镇|乡|村|路|街)|[一-鿿]{2,4}(?:大街|大道|胡同|家属院|村委会|居委会|街道)"
        r"|[一-鿿]{2}(?:屯村?|庄村|沟村|家村|庄)(?:[一二三四五六七八九十]组|[^一-鿿]|[的人里有"
        r"好])|[一-鿿]{2}(?:小区|花园|苑)\d"
        r"|[一-鿿]{2,3}[县区镇乡][^的和在，。、\W]{1,4}[镇乡村路街]",
        0.05,
        "places below province level",
        "省级以下地名",
        innocent=("镇[痛静]|大街上|在大街|满大街|的大街|地区|市区|郊区|山区|[尿走通]路"),
    ),
    Detector(
        "organisation",
        rf"[一-鿿]{{2,}}(?:有限公司|股份|集团|派出所|工作室|律师)|{_REGION}[一-鿿]{{0,8}}(?:公司"
        "|大学|学院|中学|小学|幼儿园|研究所|厂|部队)|第?[一二三四五六七八九十]+中学?的",
        0.2,
        "named companies and schools",
        "具名单位、学校",
    ),
    Detector(
        "labelled_name",
        "(?:姓名|名字|联系人|患者|病人|监护人|签名|署名|名叫|我叫|他叫|她叫|叫做|我是|我姓|免"
        rf"贵姓|姓)[:：是为叫\s]{{0,3}}{_SURNAME}{_GIVEN}{{1,2}}{_END}"
        rf"|(?:姓名|联系人|监护人|名叫|我叫)[:：是为\s]{{0,3}}{_SURNAME}[一-鿿]{{1,2}}|(?:我姓|免贵姓){_SURNAME}"
        "|(?:签名|签字|手术者|一助|麻醉|主诊|责任护士|收款人|委托人|受托人|配偶|姓名|本人|病人"
        rf"|患者|家属)(?:[:：\s（]+[一-鿿]{{2,4}}|{_SURNAME}[一-鿿]{{1,2}})(?:[^一-鿿]|$)"
        rf"|(?:^|[，。；\s]){_SURNAME}[一-鿿]{{1,2}}[，,]\s?[男女](?:[，,性]|$)",
        0.1,
        "names after a word that introduces one",
        "提示词之后的姓名",
        innocent=(
            "慎用|康复|舒适|方式|成分|满意|冷感|寿命|白介|年轻|高龄|许多|费用|我妈|戒酒|三阳|"
            "嗳气|越|严重|程度|患者和|患者家|患者安全|患者常|患者时|马上|容易|高血压|孕[妇期]|"
            "怀孕|国庆节|仲景智能|[一-鿿]某"
        ),
    ),
    Detector(
        "titled_name",
        rf"(?:{_PLAIN}|[小老]{_SURNAME}){_TITLE}|(?:^|[^一-鿿]|请问|感谢|多谢|找|转告|上次是|挂"
        rf"|让|跟|给|叫|看|位)[高于白马方常时金万华明单严莫]{_TITLE}|(?:姓|欧阳|上官|司马|诸葛){_SURNAME}?(?"
        rf":[^一-鿿]|{_TITLE})|{_PLAIN}[姐哥总叔婶嫂]|(?:^|[^一-鿿]){_SURNAME}{_GIVEN}{{1,2}}{_TITLE}|"
        rf"{_PLAIN}{_GIVEN}{{2}}{_TITLE}",
        0.06,
        "surnames and names before a title",
        "称谓之前的姓氏、姓名",
        innocent=(
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
        innocent=("(?:DNA|RNA|ATP|MPS|HPV|HBV|CT|MRI)[ A-Z]+|[A-Z]+ (?:DNA|RNA|ATP|MPS|II|III)"),
    ),
    Detector(
        "name",
        rf"{_BREAK}{_PLAIN}{_GIVEN}{{1,2}}{_END}|{_PLAIN}{_BORNE}{{2}}|{_KIN}叫?{_PLAIN}{_GIVEN}[一-鿿]?"
        "|(?:欧阳|上官|司马|诸葛|司徒|慕容|皇甫|尉迟|令狐|端木|公孙)[一-鿿]{1,2}"
        rf"|(?:{_KIN}|[爸妈爹娘姐哥弟妹叔舅姨姑夫]|我儿|[闺孙]女){_SURNAME}[一-鿿]{{1,2}}(?:[^一"
        "-鿿]|$|今年|得了|昨|前天|做的?|去年|家属|这两天|大爷|阿姨|的(?:妈|爸|病理|片子|CT|号"
        "))",
        0.1,
        "a surname and a given name standing alone",
        "单独出现的姓加名",
        innocent=(
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
        rf"(?:^|[^一-鿿]|请问?|找|谢谢|感谢|多谢|让|替|和|跟|叫|姓|是|给|这边)[一-鿿](?:{_TITLE}|"
        "[姐叔婶哥老]|技师)(?:[^一-鿿]|$|[您你说让看给开的在和吗休])",
        0.01,
        "anything else before a title",
        "称谓之前的其他字词",
        innocent=(
            "[一-鿿]?[在让由与和向按但经听当若供求问替是的个位名各我你他她您叔姨姐哥婆爷奶伯婶"
            "同先大小女男老妈爸弟妹舅姑二三四表堂那这该某诸主任中西超本从对请教因为把被给谢诊"
            "科病业属关人生"
            "询系据多好到有访照像见去来些些员内外年心理家务护其寻告者及或以明所跟遵导疫望定再外受"
            rf"听查]+(?:{_TITLE}|[姐叔婶哥老]|技师)"
        ),
    ),
    Detector(
        "hospital_word",
        rf"[一-鿿]{{2}}{_CARE}|[3-9]\d{{2}}医院",
        0.01,
        "other words that end like a hospital",
        "其他以医疗机构结尾的词",
        innocent=(rf"(?:^|\W|{_FLOW}){_KIND}*{_CARE}|住院|出[一二三]院"),
    ),
    Detector(
        "organisation_word",
        r"[一-鿿]{2}(?:银行|中学|小学|幼儿园|大学|学院|公司|集团|厂|药房|救援队|俱乐部|物业|监狱|养老院|推拿馆)",
        0.01,
        "other words that end like a company or school",
        "其他以单位、学校结尾的词",
        innocent=(
            rf"(?:^|\W|{_FLOW}|读)(?:[上刚现最近时间读考女自己我们年月好]|生产|电子|化工|化学|加"
            "工|服装|工|纱|保险|药业|普通|医科|医|商业|血|精子|中科院|理工|师范)*(?:银行|中学"
            "|小学|幼儿园|大学|学院|公司|集团|厂)|"
            "体的?化工厂|生产厂|同厂|加工厂|工厂|医学院|不?能?够?进厂|医科大学|电子厂|保险公司|血库银行"
        ),
    ),
)
"""From the most to the least telling: a turn belongs to the stratum of the first that suspects it."""


def by_name() -> Mapping[str, Detector]:
    """Return the detectors by name."""
    return {detector.name: detector for detector in DETECTORS}
