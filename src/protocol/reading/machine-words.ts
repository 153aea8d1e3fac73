/**
 * Orders to a machine that reads the mail. All tables are for text in lower case. Whoever writes about such orders quotes them too,
 * so a match is a reason to look, not a proof.
 */

/** "Ignore all previous instructions" in many languages: a verb, what it is to forget, and in most some word between that says which. */
const overriding: readonly string[] = [
  String.raw`\b(?:ignore|disregard|forget|override|overrule|bypass|do not follow|don't follow|stop following)\b[^.!?]{0,40}\b(?:previous|prior|above|earlier|preceding|existing|original|initial|system|other|former|all|any|your)\b[^.!?]{0,30}\b(?:instructions?|prompts?|directives?|guidelines|programming|system message)\b`,
  String.raw`\b(?:ignorier\p{L}{0,3}|missacht\p{L}{0,3}|vergiss|vergesse\p{L}?|beachte\p{L}? nicht)\b[^.!?]{0,40}(?:vorherig|bisherig|vorig|vorangegangen|früher|obig|alle|dein|ihre|system)\p{L}{0,4}[^.!?]{0,30}(?:anweisung|instruktion|vorgabe|befehl|prompt)`,
  String.raw`(?:ignore[zr]?|oublie[zr]?|ne (?:tiens|tenez|tenir) (?:pas|aucun) compte)\b[^.!?]{0,40}(?:instructions|consignes|directives)[^.!?]{0,20}(?:précédent|antérieur|ci-dessus|initial|système|reçues)`,
  String.raw`(?:ignore[zr]?|oublie[zr]?)\b[^.!?]{0,15}(?:toutes|tes|vos) [^.!?]{0,20}(?:instructions|consignes)`,
  String.raw`(?:ignor[aeá]\p{L}{0,2}|olvid[aeá]\p{L}{0,2}|descart[ae]\p{L}{0,2}|haz caso omiso|hacer caso omiso)\b[^.!?]{0,40}(?:instrucciones|indicaciones|directrices)[^.!?]{0,25}(?:anterior|previa|recibida|original|sistema)`,
  String.raw`(?:ignor[ae]\p{L}{0,2}|esque[çc]\p{L}{1,3}|desconsider\p{L}{1,3})\b[^.!?]{0,40}(?:instruções|orientações|diretrizes|comandos)[^.!?]{0,25}(?:anterior|prévi|acima|original|sistema)`,
  String.raw`(?:ignor[ai]\p{L}{0,3}|dimentic\p{L}{1,4}|trascur\p{L}{1,4})\b[^.!?]{0,40}(?:istruzioni|direttive|comandi)[^.!?]{0,25}(?:precedent|sopra|ricevut|originali|sistema)`,
  String.raw`(?:negeer|vergeet)\b[^.!?]{0,40}(?:vorige|eerdere|voorgaande|alle|bovenstaande|je)[^.!?]{0,20}(?:instructies|opdrachten|richtlijnen)`,
  String.raw`(?:z?ignoruj|zapomnij|pomiń)\b[^.!?]{0,40}(?:poprzedni|wcześniejsz|wszystkie|powyższ|swoje)\p{L}{0,4}[^.!?]{0,20}(?:instrukcj|polece|wytyczn)`,
  '(?:про)?(?:игнорируй|игнорируйте|ігноруй|ігноруйте)[^.!?]{0,40}(?:инструкц|указани|команд|інструкц|вказів)|(?:забудь|забудьте)[^.!?]{0,30}(?:предыдущ|прошл|все|всі|попередн)[^.!?]{0,20}(?:инструкц|указани|команд|інструкц|вказів)',
  '(?:önceki|tüm|bütün|yukarıdaki)[^.!?]{0,25}(?:talimat|yönerge|komut)[^.!?]{0,25}(?:yok say|görmezden gel|unut|dikkate alma)',
  String.raw`(?:ignorer\p{L}?|bortse från|se bort fra|glöm|glem)\b[^.!?]{0,40}(?:tidigare|föregående|tidligere|forrige|alla|alle)[^.!?]{0,20}(?:instruktion|anvisning|instruks)`,
  '(?:忽略|无视|無視|忘记|忘記|忽視|不要理会|不理會)[^。！？.!?]{0,20}(?:指令|指示|提示词|提示詞|系统提示|系統提示|说明|說明)',
  '(?:これまで|以前|前|上記|すべて|全て)[^。！？.!?]{0,12}(?:指示|命令|プロンプト)[^。！？.!?]{0,8}(?:無視|忘れ)',
  '(?:이전|앞|위|모든)[^.!?]{0,12}(?:지시|명령|지침|프롬프트)[^.!?]{0,8}(?:무시|잊)',
  '(?:تجاهل|انس|إنس)[^.!?]{0,30}(?:التعليمات|تعليمات|الأوامر)',
  '(?:पिछले|सभी|पूर्व)[^.!?]{0,15}(?:निर्देश)[^.!?]{0,20}(?:अनदेखा|नज़रअंदाज़|भूल)',
]

const AI = String.raw`(?:ai|a\.i\.|artificial intelligence|llm|large language model|language model|gpt|chatbot)`
/** What may follow when a machine is meant; "if you are an AI developer" means a person. */
const MEANT = String.raw`(?=\s?(?:[,.:;!)\]-]|reading|processing|parsing|handling|summari[sz]ing|please|you|and|or|then|must|assistants?|agents?|models?|systems?|bots?|that|which|with access|tool))(?!\s?(?:assistant|agent|model|system|bot|tool)s? (?:developer|builder|engineer|user|enthusiast|company|vendor|expert|team))`

/** Speaks to the machine as what it is. */
const addressing: readonly string[] = [
  String.raw`\b(?:if|when|since|because) you(?:'re| are) an? ${AI}\b${MEANT}`,
  String.raw`\b(?:attention|dear|note (?:to|for)|message (?:to|for)|instructions? (?:to|for)|instruct)(?: any| all| the| every)? (?:${AI}|(?:virtual|digital|e-?mail|automated) assistants?)\b${MEANT}[^.!?]{0,40}(?:[,:]|must|should|please|reading|processing|ignore)`,
  String.raw`\b(?:ai|llm|e-?mail|automated) (?:assistant|agent|model|system)s?,? (?:you )?(?:must|shall|are (?:instructed|required|ordered)|have to) (?!be\b|have\b|become\b)`,
  String.raw`\byou are (?:now )?(?:an? )?(?:unrestricted|jailbroken|dan\b|in developer mode|no longer (?:bound|restricted))`,
  String.raw`\b(?:reveal|print|repeat|output|show|leak|send|disclose)(?: me| us)? (?:your|the) (?:full |entire |complete )?(?:system|initial|hidden) (?:prompt|instructions)\b`,
  String.raw`\b(?:new|updated|begin|start|end of)(?: of)? system (?:prompt|instructions?|message|override)\b|\bsystem override\b`,
  String.raw`\byour (?:next |final |only )?(?:response|reply|output|summary|answer) (?:must|has to) (?:include|contain|say|begin|start|end)\b`,
  String.raw`\b(?:include|append|insert|add|put) [^.!?]{0,60}(?:in|to|into|at the end of) (?:your|the) (?:response|summary|output)\b[^.!?]{0,60}\b(?:user|human|reader|verbatim|exactly)\b`,
  String.raw`\b(?:do not|don't|never) (?:tell|inform|mention|reveal|alert|notify)(?: (?:this|it|any of this|anything))?(?: to)? (?:the|your) (?:user|human|operator)\b`,
  String.raw`<\|(?:im_start|im_end|system|user|assistant|endoftext|begin_of_text|start_header_id)\|?>|\[/?inst\]|<</?sys>>|</?(?:system|system_prompt|assistant_instructions|admin)>`,
  String.raw`\bwenn (?:du|sie) eine? (?:ki|künstliche intelligenz|sprachmodell)\b|\b(?:hinweis|anweisung(?:en)?) (?:an|für) (?:die |den |das |alle )?(?:ki|sprachmodelle?|ki-assistenten)\b`,
  String.raw`\bsi (?:tu es|vous êtes) une? (?:ia|intelligence artificielle|modèle de langage|assistant ia)\b|\bsi (?:eres|usted es) una? (?:ia|inteligencia artificial|modelo de lenguaje|asistente de ia)\b`,
  String.raw`\bse (?:você é|és|tu és) uma? (?:ia|inteligência artificial|modelo de linguagem)\b|\bse sei un(?:a|'|’)? ?(?:ia|intelligenza artificiale|modello linguistico)\b`,
  String.raw`\bals (?:je|u) een (?:ai|taalmodel)\b[^.!?]{0,10}\b(?:bent|leest)|\bjeśli jesteś (?:ai|sztuczną inteligencją|modelem językowym)`,
  'если (?:ты|вы) [^.!?]{0,12}(?:ии|искусственный интеллект|языковая модель|нейросеть)(?!\\p{L})',
  '如果你是[^。.!?]{0,6}(?:ai|人工智能|语言模型|語言模型|大模型|助手)|(?:あなたが|もし)[^。.!?]{0,6}(?:ai|人工知能|言語モデル)(?:なら|である|の場合|であれば)|(?:당신이|네가)[^.!?]{0,5}(?:ai|인공지능|언어 모델)',
]

const orders = new RegExp([...overriding, ...addressing].join('|'), 'u')

/** Words that stand in every order above; most mails have none, and only around these the orders are looked for. */
const ANCHOR =
  /instru|istruz|anweis|vorgabe|befehl|consigne|directi|guideline|programming|prompt|indicacion|directric|orienta|diretriz|comando|direttiv|comandi|opdracht|richtlijn|polece|wytyczn|инструк|указани|команд|інструк|вказів|talimat|yönerge|komut|anvisning|指令|指示|提示|说明|說明|命令|プロンプト|지시|명령|지침|프롬프트|تعليمات|الأوامر|निर्देश|(?<![a-z])ai(?![a-z])|a\.i\.|artificial|llm|language\s+model|gpt|chatbot|assistant|agents?,?\s+(?:you|must|shall|are|have)|jailbroken|unrestricted|developer\s+mode|no\s+longer|system|your\s+(?:next |final |only )?(?:response|reply|output|summary|answer)|the\s+(?:user|human|operator|response|summary|output)|your\s+(?:user|human|operator)|<\||\[\/?inst|<<|<\/?(?:system|assist|admin)|(?<![a-zäöü])ki(?![a-zäöü])|sprachmodell|künstliche|(?<!\p{L})ia(?!\p{L})|intelligen|modèle|modelo|modello|taalmodel|modelem|(?<!\p{L})ии(?!\p{L})|искусствен|языков|нейросет|人工|语言|語言|模型|助手|言語|인공|언어/gu

const BEFORE = 160
const BEHIND = 160
const MAX_PLACES = 2_000

/** Whether a text (in lower case) gives orders to a machine. */
export function addressesMachine(text: string): boolean {
  let places = 0
  let next = 0
  for (const { index } of text.matchAll(ANCHOR)) {
    if (index < next) continue
    const window = text.slice(Math.max(0, index - BEFORE), index + BEFORE + BEHIND)
    if (orders.test(window.replace(/\s+/g, ' '))) return true
    // What begins behind this place is read with the next one; the windows overlap by more than an order is long.
    next = index + BEHIND
    if (++places >= MAX_PLACES) return false
  }
  return false
}

const MACHINE = /(?<!\p{L})(?:ai|llm|gpt|chatgpt|gemini|copilot|claude|assistant|language model|agent)(?!\p{L})/u
const ORDER =
  /(?<!\p{L})(?:you (?:must|have to|should|shall|are to)|ignore|reply with|respond with|do not|don't|summari[sz]e|output|include|forward|send|execute|call the)(?!\p{L})/u

/** Whether words that nobody sees speak to a machine at all: there, less is enough. */
export function mentionsMachine(text: string): boolean {
  const start = text.slice(0, 20_000)
  return MACHINE.test(start) && ORDER.test(start)
}
