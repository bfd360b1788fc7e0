"""Doctor-initiated inquiries: what is in, what is out, by the definition."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cmtmed.errors import UsageError
from cmtmed.inquiry import SLOTS, Inquiry, detect, explain, find_inquiries
from tests.support.dialogues import SHARED, contents, needs_real_data

ROOT = Path(__file__).parents[2]

ASKS = {
    "您好，发烧多久了？": "duration",
    "孩子多大": "demographics",
    "对什么药过敏吗": "allergy",
    "吃的啥药": "medication",
    "有没有做过胃镜": "exam",
    "以前得过这个病吗？": "history",
    "平时抽烟喝酒吗": "lifestyle",
    "疼不疼": "symptom",
    "咳嗽有痰吗": "symptom",
    "大便几天一次": "duration",
    "请提供检查结果": "exam",
    "拍张照片给我看": "exam",
    "麻烦您描述一下疼痛的部位": "symptom",
    "以前没有打过针，是吗？": "medication",
    "头晕是天旋地转还是昏昏沉沉": "symptom",
    "除了头痛，您还有其他症状吗？": "symptom",
    "宝宝腹胀不": "symptom",
    "这几天量血压了吗": "exam",
    "是治疗什么疾病的？": "history",
    "您以前有过类似的症状吗？": "history",
    "请告诉我确诊乙肝的时间。": "duration",
    "手术后还疼吗？": "symptom",
    "您愿意做手术吗？": "other",
    "吃过吗丁啉吗？": "medication",
}
TELLS = (
    "还有什么可以帮您的吗？",
    "您还有其他问题吗？",
    "我说的您明白了吗？",
    "这样可以吗？",
    "在吗？",
    "我需要了解一些情况。",
    "注意有没有发热。",
    "如果有咳嗽就来医院。",
    "要先排除是不是肺炎。",
    "看看能不能缓解。",
    "是否手术取决于肿瘤的大小。",
    "没什么大问题。",
    "根据您描述的症状，考虑胃炎。",
    "感谢您提供的检查结果。",
    "饮食上要注意以下几点。",
    "休息几天就好。",
    "不用谢，祝您早日康复。",
    "建议您去医院做个检查。",
    "您问的能不能喝酒，最好不要喝。",
    "无论吃什么药都要按时。",
    "长期大剂量使用吗啡会成瘾。",
    "不要让耳朵被水淹没。",
    "有人会有副作用，有人可能没有。",
    "血常规：可以提供炎症的信息。",
    "以下是如何补钙的几点：",
    "？",
)


# Written in the manner of doctors who type fast, no text of a corpus; what the rules miss of the lists is not here.
TYPED = {
    "symptom": """
        白色还是黄色 哪里痛 怎么个痛法 咳得厉害不 是干咳还是有痰 肚子硬不硬 大小便怎样 有啥不舒服 主要怎么不舒服
        详细说一下病情 什么情况 怎么了 现在好点没 好些了没有 还有别的症状不 精神好不好 有没有流血 血多不多
        颜色鲜红还是暗红 反酸不 怕冷不怕冷 胃口怎么样 在哪个位置 左边右边 左边还是右边 什么颜色 疼到什么程度
        能走路不 走路疼不 肿没肿 破皮了没 出血没 伤口多深 头发一天掉多少 大便干不干 小便黄吗 有没有血丝
        疼痛会不会放射到腿 是隐痛还是绞痛 夜里会疼醒吗 指甲发紫吗 口苦口干吗 腿肿不肿 有没有耳鸣
        肚子疼是阵发性的还是一直疼 腰疼牵扯到大腿没有 晚上咳得多还是白天咳得多 有没有黏液便 脸上长的是痘痘还是疹子
        孩子精神怎么样 吐的是奶还是水 咽口水疼吗 头晕跟转头有没有关系 牙龈出血吗 手指能不能伸直 淋巴结摸着痛不
        肩膀抬得起来吗 胸口闷不闷 黑眼圈重吗 掉头发厉害吗 白带有异味没 哭闹时肚脐鼓出来吗 耳朵流脓没有
        说话含糊不清吗 宝宝反应好吗 鼻涕是清的还是黄的 打嗝多不多 走路一瘸一拐吗 嘴角歪不歪 疹子高出皮肤吗
        您能记住刚发生的事吗 这种疼能忍受吗 爬楼喘不喘 鼻子通气吗 睾丸下坠感明显吗 最近瘦了没有 吃完饭就拉吗
        胎动多不多 破水了没 宝宝吐奶严重吗 拉的是水样便吗 大便里有奶瓣吗 囟门闭了没有 磨牙吗 爱揉眼睛吗
        眼前有黑影吗 牙是冷热都疼吗 膝盖有响声没 坐久了麻吗 痘痘挤过没有 疹子怕热吗 甲状腺摸着大不大 怕热多汗吗
        尿里有泡沫没有 小便次数多吗 晨勃有没有 白带什么颜色 有没有不想活的念头 能不能安静坐着 舌头发白还是发黄
        手脚心发热吗 放疗后有没有咽痛
    """,
    "duration": """
        拉了几次 痛了几天 多长时间了 烧几天了 一天几次 什么时候受的伤 每天看手机多长时间 多久洗一次头
        起病多长时间了 癫痫一年犯几回 从几号开始发烧的 每次疼多长时间 打鼾多少年了 药停了几天了 隔多久疼一次
        哪天摔的 这种情况从小就有吗 最近才这样的吗 甲硝唑吃了几天 输了几天液 每天户外多久 夜里起来几次小便
        换季就犯吗 心慌一次持续多长 房颤查出来多久了 取环多久了 情绪低落多久了 化疗做了几次
    """,
    "history": """
        打过疫苗没 有无外伤史 月经规律不 末次月经什么时候 怀孕几周了 第几胎 顺产剖腹产 以前有这毛病没
        家里有人得过没 你父母有这病没 打破伤风没 被什么咬的 怎么弄的 怎么受伤的 在哪家医院看的 看过医生没
        之前在哪儿治的 医生怎么说的 医生诊断是什么 做过手术吗 有高血压吗 有没有糖尿病家族史 您有甲亢吗
        有没有胃溃疡病史 是不是有鼻炎 生过几个孩子 剖腹产还是顺产 您例假准不准 流过产吗 宝宝是足月生的吗
        出生时有没有缺氧 预防针都打了没 爸妈有没有过这毛病 有乙肝吗 您有胃病吗 有没有糖尿病高血压 做过阑尾手术没
        是被狗咬的吗 之前住过院吗 骨头断过没 有没有到外地去过 之前在哪个医院诊断的 经血里有血块没 有没有脚气
        父母有没有高血压 支架放了几个 有没有宫外孕过 受过什么刺激没有
    """,
    "medication": """
        吃药没 效果咋样 吃的阿莫西林吗 在吃缬沙坦还是氨氯地平 二甲双胍一天吃几片 现在用什么药膏 有没有吃布洛芬
        吃了几粒 打胰岛素吗 输的什么液 贴膏药了吗 雾化做了吗 用了退烧药体温降了吗 治疗后有好转吗
        吃完药有没有好一点 补钙了吗 吃没吃鱼肝油 用药后还咳吗 吃的什么消炎药 降压药吃的哪一种 药吃完了没有
        抹过什么没有 眼药水还在滴吗 阿奇霉素吃了没 有没有自己买药吃 有没有吃过中药调理 激素停了没有
        奥美拉唑一天几粒 打的什么针 优甲乐吃多大量 做过化疗吗 有没有戴牙套 补了维生素D没有 之前喂的什么药
        贴退热贴了吗 根管治疗做了吗 降压药规律吃吗 胰岛素打多少单位 喝中药调过吗 靶向药吃了吗
    """,
    "exam": """
        体温多少度 血压多少 拍过片没 发个照片看看 舌头伸出来拍一下 拍个舌头看看 报告发来看看 把检查单发给我看一下
        化验单呢 做过哪些检查 量过体温没 最高多少度 烧到多少度 做B超了没 查过幽门没 尿酸多少 血红蛋白多少
        空腹血糖多少 眼压高吗 甲状腺功能查了吗 结节多大 病理结果出来了吗 心电图正常吗 白细胞高不高 CT怎么说
        验过大便吗 舌苔什么颜色 视力怎么样 以前查出过肾结石吗 您血型是什么 大便潜血做了吗 血沉多少
        乙肝两对半查了没 卵泡多大了 片子带了吗 报告上怎么写的 心脏彩超结果怎么样 黄疸值多少 早上空腹测的多少
        体温最高到多少 尿常规有白细胞吗 胃镜做的是普通的还是无痛的 伤口的照片有吗 青霉素做过皮试没 唐筛做了没
        散瞳验光了吗 度数涨了多少 拍磁共振没有 腰椎片子有没有 低压多少 血糖控制得怎么样 肾功能查过吗
        男方查精液了吗 卵管通过水吗 报告能发一下吗 把化验结果拍给我 伤口照一张发来 病理切片借出来了吗
        肿瘤标志物高吗
    """,
    "allergy": """
        有过敏史没 对青霉素过敏吗 吃海鲜过敏吗 有什么药不能用 花粉过敏不 有没有做过过敏原检测 对虾过敏吗
        有没有药物过敏
    """,
    "lifestyle": """
        用的什么奶粉 最近熬夜没 有没有同房 吃辣的不 抽烟不 睡得好不好 睡眠咋样 几点睡 压力大不大 晚上几点睡觉
        平时运动多吗 喝奶怎么样 一天喝多少奶 母乳还是奶粉 加辅食了吗 是不是经常吃外卖 久坐吗 最近有没有着凉
        吃火锅了吗 家里养猫狗吗 您平时爱吃辣吗 最近是不是吃了不干净的东西 喝水多不多 一天抽几根 平时喝酒吗
        奶量多少 最近压力大吗 经常坐着不动吗 有没有戴隐形眼镜的习惯 平时锻炼吗 最近有没有换洗发水 家里有没有人抽烟
        孩子挑食吗 喝的哪种奶粉 咱家宝宝吃的什么奶 平时搬重东西吗 泡脚吗 用什么洗脸 染过头发吗 性生活正常吗
    """,
    "demographics": """
        几岁了 男孩女孩 男的女的 结婚没 体重呢 多高多重 什么工作 您是做什么的 多大岁数 您的年龄？ 宝宝几个月了
        身高体重多少 您今年多大了 宝宝多重 是男宝还是女宝 您结婚了吗 您做什么工作的 孩子上几年级 您身高多少
        病人多大岁数 咱孩子多大了 您家老人多大年纪
    """,
    "other": """
        您想要孩子吗 打算手术吗 你想达到什么效果 您是想保守治疗还是手术 您最担心的是什么 准备要孩子吗
    """,
}
COURTESIES = """
    请问还有哪里需要我为您解答？ 您看还有别的想问的没有？ 关于用药方面，您还有什么不明白的吗？ 我这样解释您能听懂吗？
    先按这个量吃两周，可以吗？ 那咱们下周三复诊，好不好？ 您方便明天上午来门诊吗？ 需要我帮您预约一个专家号吗？
    要不要我把注意事项再给您发一遍？ 您能打开刚才那个链接吗？ 我发的图片您看到了没？ 您还在线吗？
    喂，听得到我说话吗？ 这样说您心里有数了吧？ 请问有什么可以帮到您？ 您好，请问您想咨询哪方面的问题？
    有什么想了解的都可以问我。 接下来我要问您几个问题，可以吗？ 为了更准确地判断，我先了解一下您的基本情况。
    下面我会询问一些与病情有关的问题。 在回答之前，我想先问几个问题。 请您注意观察孩子有没有抽搐、嗜睡。
    回家以后留意一下伤口是否渗液。 平时多看看大便里有没有血丝。 如果您不确定自己是否怀孕，可以先用试纸测一下。
    要是三天后还是不退烧怎么办，那就要抽血了。 是否需要切除，要看病理结果。 要不要继续吃药，得等复查以后再说。
    能不能怀孕取决于输卵管通不通。 您问这个药能不能跟感冒药一起吃，最好隔开两小时。 您说的多久能好这个问题，因人而异。
    很多家长都会问，孩子为什么总是反复咳嗽？ 什么是幽门螺杆菌呢？ 那么，高血压患者平时应该注意什么呢？
    为什么会出现这种情况呢？ 医生会根据您的情况决定用什么药。 到了医院，医生会问您疼了多久、有没有发热。
    就诊时请告诉医生您对哪些药物过敏。 复诊时把之前的检查报告带上，给大夫看看。 做个彩超看看有没有结石。
    查一下血常规，明确是不是细菌感染。 不管吃什么药，都要先看说明书。 无论疼不疼，一个月后都要来拆线。
    有没有效果要吃满一个疗程才知道。 没有什么特别需要忌口的。 我也说不好是不是这个原因。 几天就能恢复，不用太紧张。
    哪里不舒服随时来找我。 有什么不舒服及时联系我。 有什么变化随时告诉我。 如有不适请随时描述给我。
    感谢您提供的详细病史。 谢谢您把报告发给我。 您发的片子我看过了。 我已经收到您上传的检查结果。
    我可以给您提供一份饮食建议，您觉得怎么样？ 您愿意听听我的建议吗？ 您对我的回答满意吗？ 这个回答对您有帮助吗？
    祝您早日康复，还有其他需要吗？ 好的，那今天先聊到这里可以吗？ 别担心，好吗？ 听我的，先把烟戒了，行不？
    不是跟您说过要空腹吗？ 哪有吃一次药就好的呢？ 您这不是自己吓自己吗？ 谁能保证百分之百治好呢？
    您是想知道这个手术的费用是吗？ 您是想问孩子能不能打疫苗，对吗？ 麻烦您给个好评，可以吗？ 您现在在哪个城市？
    您打算挂哪个医生的号？ 我给您开点药寄过去行吗？ 药寄到了吗？ 付款成功了没有？
    您先去缴费，然后把单子拿给护士，清楚了吗？ 如何正确测量血压？ 怎样才能避免复发呢？
    您可以跟家人商量一下要不要手术。 关于饮食禁忌，还需要我补充什么吗？ 您对治疗方案还有什么顾虑吗？
    其他方面还有想咨询的吗？ 还有没有不放心的地方？ 这样安排您同意吗？ 咱们先保守治疗一段时间，您看行吗？
    下个月再来复查一次，没问题吧？ 您能接受住院观察吗？ 这周六我出门诊，您能过来吗？ 您挂上号了吗？ 药房有这个药吗？
    处方您收到了吗？ 能看到我上传的说明吗？ 是通过手机看的吗？ 您稍等一下好吗？ 我先看一下您的资料，可以吗？
    等我两分钟行吗？ 您别着急，慢慢说好吗？ 我说得够清楚吗？ 用法都记下来了吗？ 这下放心了吧？ 听明白没有？
    我可以问您几个问题吗？ 能不能占用您几分钟？ 请问怎么称呼您？ 请问是您本人在咨询吗？
    我会问一些比较私人的问题，您介意吗？ 我想先把情况问清楚。 为了排除其他疾病，还要进一步询问病史。
    首先要弄清楚是什么原因引起的。 关键是弄明白疼痛从哪里来。 我们得先判断是细菌感染还是病毒感染。
    注意看看舌苔有没有变厚。 密切观察宝宝吃奶好不好、哭声大不大。 您可以摸一摸颈部有没有肿块。
    洗澡时自己检查一下乳房有没有硬结。 每天记录一下血压是多少。 家长要留心孩子夜里是否打鼾。
    如果出现胸闷、气短怎么办，请立即停药。 假如指标还高，是否加药要由医生决定。 什么时候能上班，要看恢复得怎么样。
    多久复查一次，由主管医生来定。 开不开刀，得看片子。 打不打针要看烧到多少度。 吃多少药是按体重算的。
    您提到的是不是癌，目前没有证据。 您刚才问为什么会掉头发，主要跟压力有关。 有人问感冒了能不能运动，其实不建议。
    患者常问需要忌口吗，答案是不需要。 说明书上写的“对本品过敏者禁用”是什么意思呢？ 那么怎么判断是不是脱水呢？
    哪些人容易得痛风？ 什么情况下需要手术呢？ 孩子发烧了该怎么办呢？ 为什么要空腹抽血呢？ 高血压会不会遗传呢？
    到底什么原因会引起耳鸣呢？ 见到医生要把什么时候开始疼的说清楚。 去门诊时带上以前的片子和化验单。
    请把这份报告交给您的主治医生。 记得告诉护士您对什么药过敏。 体检时医生会了解您有没有家族史。
    查个甲功看看是不是甲亢引起的。 做一次肠镜才知道有没有息肉。 先验个血，再看要不要用抗生素。
    任何时候疼都可以打电话。 不论多大年纪都可能得这个病。 不管什么原因，先把血压降下来。
    没有哪种药是完全没有副作用的。 没什么不舒服就不用来了。 有哪里不明白尽管问。 有任何不适请及时就医。
    病情有什么变化，再跟我说。 结果出来了发给我，我帮您看。 已经看到您发的照片了。 根据您描述的情况，像是湿疹。
    谢谢您耐心的回答。 这么做值得吗？ 您说气人不气人？ 怎么能自己随便停药呢？ 早点来不就好了吗？
    哪个医生敢打包票呢？ 生病了哪有不难受的？ 我什么时候说过不能吃了？ 您想了解的是术后护理，是吧？
    需要我推荐一家医院吗？ 要给您开张假条吗？ 我们可以加个好友吗？ 医保卡带了吗？ 还有什么想补充了解的尽管说，好吗？
    请问需要什么服务？ 您想先了解哪一方面？ 这个方案您考虑得怎么样了？ 我们下午三点视频，您有空吗？
    您那边网络还好吗？ 刚才的消息发出去了吗？ 您有没有绑定就诊卡？ 取药的窗口找到了吗？ 要我再解释一遍吗？
    我这么讲有没有问题？ 我说的对不对您自己体会。 能否给个五星评价？ 您看我写得还清楚吧？ 先输三天液看看，可以吧？
    明早空腹过来抽血，记住了没？ 一次吃两片，别弄错了，好吧？ 这样处理您满意吗？ 您觉得我说得有道理吗？
    还需要别的帮助吗？ 您家离医院远吗？ 住院手续办好了吗？ 您希望我从哪里讲起？ 容我问几个基本问题。
    下面想跟您核实几个情况。 先跟您了解几个方面的内容。 我先问清楚再给您建议。 判断病情轻重要看有没有脱水表现。
    重点观察尿量多少。 睡前检查一下孩子手脚凉不凉。 您对照一下自己符不符合这些表现。 自己数一数一分钟心跳多少次。
    看看换了奶粉以后湿疹有没有好转。 若有便血或者体重下降，是否需要肠镜请咨询专科医生。
    要是不放心是不是骨折，可以拍个片子。 万一怀孕了怎么办，应尽早去医院。 是良性还是恶性，要等病理。
    吃中药好还是西药好，不能一概而论。 孩子能长多高，跟遗传和营养都有关系。 什么时候拆线取决于伤口愈合情况。
    手术后多久可以同房，一般是一个月。 您问的会不会留疤，这跟体质有关。 您担心是不是肿瘤，从片子看不像。
    网上说的能不能信，要多方核实。 好多妈妈都担心，宝宝不吃奶怎么办？ 怀孕初期有哪些反应呢？ 什么样的痣需要切除？
    为什么有些人总是失眠？ 血压多少算正常呢？ 发烧到多少度要吃退烧药呢？ 急诊医生会问您吃过什么东西。
    把发病经过和用药情况告诉接诊医生。 转诊时带好检查报告给那边的大夫看。 心理医生会帮您找出原因是什么。
    做个过敏原检测，查一查对什么过敏。 复查肝功能，看转氨酶降了没有。 无论有没有症状都要按时复查。
    随便什么时候来都行。 什么药都有副作用。 多少会有点疼，忍一忍。 哪儿疼就揉哪儿。 想吃什么就吃什么。
    吃多少拉多少不要紧。 有啥事儿再问我。 哪天方便哪天来。 多谢您的描述，我了解了。
    您上传的心电图我看了，没什么问题。 照片拍得不太清楚。 按您发来的化验单，贫血是轻度的。 谁说吃了这个药就不能停呢？
    不疼不痒的，管它干什么呢？ 都这样了还不去医院吗？ 人哪有不生病的呢？ 我还能骗您吗？ 那就这么定了，行吗？
    请问还有哪里没讲清楚吗？ 您还想让我解释哪一点？ 药的吃法您会了吗？ 下一步怎么走您心里有底吗？
    明天能安排上手术吗？ 您家里有人陪您过来吗？ 要不先住两天院观察，您说呢？ 门诊几点开门您知道吗？
    您在我们医院建档了吗？ 上次我给您的建议您还记得吗？ 这个价位您能承受吗？ 是自费还是走医保？ 请问您方便接电话吗？
    您是第一次用我们的平台吗？ 我打字有点慢，请多包涵，好吗？ 有问题咱们随时沟通，成不成？
    您愿意参加我们的患教讲座吗？ 请允许我再问几句。 想请您回答几个小问题。 有几个细节要核对一下。
    病史我需要问得细一点。 我得先弄清楚来龙去脉。 平时注意大便颜色有没有变黑。 术后三天内看看体温高不高。
    请关注宝宝的囟门是否隆起。 定期自查皮肤上有没有新长的痣。 吃药期间留神有没有皮疹。 记一下每天起夜几次。
    倘若血压一直下不来，要不要换药得听医生的。 如果您不知道是不是过敏，先停用。
    一旦出现意识不清怎么办？马上打急救电话。 用不用手术，得外科医生看过才能定。 能否哺乳取决于您用的是哪种药。
    多大的结节需要切除，指南里有规定。 吃多久的药要看复查的数值。 您问打疫苗会不会发烧，少数孩子会。
    您纠结是保胎还是终止，这得夫妻俩商量。 糖尿病有哪些典型症状呢？ 心梗的先兆是什么？ 宝宝几个月可以加辅食呢？
    吸烟对肺有多大影响呢？ 打鼾是病吗？ 人为什么会打嗝？ 哪种姿势睡觉对腰好呢？ 接诊的大夫会问您月经什么时候来的。
    看急诊时说清楚孩子吃了什么、吃了多少。 把在家测的血压是多少告诉社区医生。 营养师会了解您平时怎么吃。
    做个腰椎核磁，看有没有突出。 验个血就知道贫不贫血。 皮试后观察有没有红肿。 不管谁来看都是这个结论。
    疼多久都别自己乱吃止痛片。 吃哪种都行，效果差不多。 什么时候想复查就什么时候来。 怎么舒服怎么躺。
    哪里破了涂哪里。 多少药也比不上好好休息。 有哪些变化下次一并告诉我。 片子洗出来以后拿给我看就行了。
    您刚发的报告我正在看。 谢谢您拍的照片，很清楚。 如您所描述的症状，更像胃食管反流。 不吃药怎么能好呢？
    您急什么呢？ 早干什么去了？ 这点小病算什么呢？ 我不是让您戒酒了吗？ 我哪能骗您呢？ 没有检查怎么敢下结论呢？
    您想问的是备孕期能不能拍片，对吧？ 放轻松，行不行？ 先这样，好吧？ 祝您一切顺利，下次见，好吗？ 没事的不用担心
    好的没问题 先吃药看看 去医院看看 一般没什么事 多久能好要看情况 吃几天看看 先观察几天 过几天复查
    检查了没问题就不用管 怎么说呢 谁知道呢 还早呢 没事吧应该 应该不是吧 可能是吧 也行吧 那好吧 就这样吧 好吧
    去检查一下吧 这个不好说 吃什么都可以 什么都能吃 哪个都行 多少都可以 随便哪个医院都可以 多少有点影响
    要多久看恢复情况 拍片看看 去拍个片 拍个片看看 拍个CT看看 做个B超看看 查个血看看 发汗就好 上传不了没关系
    图片看不清 照片不清楚 报告我看了 传染性不强 描述的不详细 你说的对 可以吃的呢 没关系的呢 正在恢复呢
    我觉得不是 你这个不严重 暂时不用查 不吃也可以 吃不吃都行 去不去医院都可以 手术不手术区别不大 看你自己要不要做
    这个要看是哪一型 主要看有没有症状 不知道是什么原因引起的 不清楚你吃的什么药没法判断 哪里都能做 几天就好
    几次就好了 过几天就不疼了 随时可以来做检查 有问题再问我 有事再联系 需要的话可以找我
"""
FALSE_POSITIVES = """
    这个病没有您想的那么可怕，对吧？ 糖尿病人能不能吃水果呢？ 您是要开证明，对吗？ 您问的是药费报销的事，是吗？
    常有病友问，吃中药伤不伤肝？ 您的意思是不想住院，是吧？
"""


@pytest.mark.parametrize("sentence", ASKS)
def test_what_asks(sentence):
    ((start, end, slot),) = find_inquiries([sentence])[0]
    assert (start, end) == (0, len(sentence))
    assert slot == ASKS[sentence]


@pytest.mark.parametrize("sentence", TELLS)
def test_what_only_looks_like_it(sentence):
    assert find_inquiries([sentence]) == [[]]


@pytest.mark.parametrize(
    ("sentence", "slot"), [(sentence, slot) for slot, sentences in TYPED.items() for sentence in sentences.split()]
)
def test_what_doctors_type(sentence, slot):
    assert [inquiry.slot for inquiry in find_inquiries([sentence])[0]] == [slot]


@pytest.mark.parametrize(
    "sentence",
    [
        *COURTESIES.split(),
        *(pytest.param(sentence, marks=pytest.mark.xfail(strict=True)) for sentence in FALSE_POSITIVES.split()),
    ],
)
def test_courtesies_are_left_alone(sentence):
    """Courtesies, offers, agreement, logistics, preambles, rhetoric, and questions that are embedded or conditional."""
    assert find_inquiries([sentence]) == [[]]


def test_a_run_on_is_taken_apart():
    turn = "多久了有发烧吗吃过什么药"
    assert [turn[inquiry.start : inquiry.end] for inquiry in find_inquiries([turn])[0]] == [
        "多久了",
        "有发烧吗",
        "吃过什么药",
    ]


def test_only_the_asking_sentence_is_marked():
    turn = "您好。考虑感冒。发烧吗？多喝水。"
    assert find_inquiries([turn]) == [[Inquiry(8, 12, "symptom")]]


def test_a_decision_names_cue_and_frame():
    decision = explain("还有什么可以帮您的吗？")
    assert (decision.asks, bool(decision.cue), bool(decision.frame)) == (False, True, True)
    assert explain("发烧多久了？").evidence == "多久"


@settings(max_examples=100)
@given(st.lists(st.one_of(contents, st.sampled_from([*ASKS, *TELLS])), max_size=6))
def test_offsets_and_slots_hold_whatever_the_text(turns):
    inquiries_by_turn = find_inquiries(turns)
    assert len(inquiries_by_turn) == len(turns)
    for turn, inquiries in zip(turns, inquiries_by_turn, strict=True):
        last = 0
        for start, end, slot in inquiries:
            assert last <= start < end <= len(turn)
            assert turn[start:end] == turn[start:end].strip()
            assert slot in SLOTS
            last = end


@settings(max_examples=50)
@given(st.lists(contents, max_size=4), st.lists(contents, max_size=4))
def test_turns_do_not_touch_each_other(first, second):
    assert find_inquiries(first + second) == find_inquiries(first) + find_inquiries(second)


def test_nulls_and_bad_calls():
    assert detect(pl.Series([None, "发烧吗？"], dtype=pl.String)).rows() == [(1, 0, 4, "symptom")]
    with pytest.raises(UsageError, match=r"turns\[1\] has type int; pass a list of str"):
        find_inquiries(["发烧吗", 3])


def f1(predicted, gold):
    agreements = sum(asks and should_ask for asks, should_ask in zip(predicted, gold, strict=True))
    return 2 * agreements / (sum(predicted) + sum(gold))


@needs_real_data
def test_real_doctors_are_understood_better_than_by_question_marks():
    """Human acts of real turns; they are noisy, so the bound is far below what a careful reader would count."""
    path = SHARED / "remedi" / "doctor_acts_dev.jsonl"
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    gold = [any(act.startswith("Inquire") for act in row["acts"]) for row in rows]
    turns = [row["doctor"] for row in rows]
    marks = [turn.rstrip().endswith(("?", "？")) for turn in turns]
    predicted = [bool(inquiries) for inquiries in find_inquiries(turns)]
    assert f1(predicted, gold) > 0.88
    assert f1(predicted, gold) > f1(marks, gold) + 0.2


@needs_real_data
@pytest.mark.parametrize(
    ("half", "count", "turn", "sentence", "slot"),
    [("open", 787, 0.975, 0.97, 0.94), ("sealed", 426, 0.955, 0.955, 0.79)],
)
def test_labelled_turns(half, count, turn, sentence, slot, monkeypatch):
    """Nobody who writes rules reads the sealed part, nor any failure of it."""
    monkeypatch.syspath_prepend(ROOT / "benchmarks")
    spec = importlib.util.spec_from_file_location("inquiries", ROOT / "benchmarks" / "inquiries.py")
    benchmark = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(benchmark)
    labelled_turns = [labelled for labelled in benchmark.read_turns() if labelled.half == half]
    assert len(labelled_turns) == count
    predictions = benchmark.find_with_cmtmed([labelled.text for labelled in labelled_turns])
    turn_metrics, sentence_metrics, slot_accuracy = benchmark.score(labelled_turns, predictions)
    assert turn_metrics.f1 >= turn
    assert sentence_metrics.f1 >= sentence
    assert slot_accuracy >= slot
    ignored, ignorable = benchmark.count_ignored(labelled_turns, predictions)["a question mark or word"]
    assert ignored >= 0.93 * ignorable


@pytest.mark.parametrize(
    ("sentence", "cue", "frame"),
    [
        ("还有其他问题吗？", "particle", "offer"),
        ("如果有出血就来医院吗", "particle", "conditional"),
        ("您好，发烧多久了？", "how long", ""),
        ("请提供检查结果", "tell", ""),
        ("要给您开张假条吗？", "particle", "logistics"),
        ("什么是幽门螺杆菌呢？", "what", "general"),
        ("与医生沟通时，请详细描述您的症状。", "tell", "for another doctor"),
    ],
)
def test_explain_names_the_rules_that_decided(sentence, cue, frame):
    decision = explain(sentence)
    assert (decision.cue, decision.frame, decision.asks) == (cue, frame, not frame)
