/** What mail programs print around a quoted mail, by language. Everything in lower case, composed (NFC). */

const list = (words: string): string[] => words.trim().split(/,\s+/)

/** How an attribution begins: "On Monday … wrote:". */
export const openers = list(`
  on, am, le, el, em, il, op, w dniu, dnia, den, på, vào, ngày, dne, dňa, pada, la, il giorno, no dia, în data de,
  στις, в, у, em data de, el día, kl`)

/** The verb of an attribution, in languages that put blanks between words. */
export const verbs = list(`
  wrote, writes, sent, has written, schrieb, hat geschrieben, a écrit, a ecrit, écrivait, a envoyé, escribió, escribio,
  ha escrito, escreveu, escrevia, ha scritto, scrisse, schreef, geschreven, napisał, napisała, napisał(a), napisal(a),
  napisal, pisze, написал, написала, написал(а), пишет, писал, вы писали, skrev, skreiv, kirjoitti, napsal(a), napsal,
  napsala, napísal, yazdı, şunu yazdı, đã viết, írta, a scris, написав, написала, пише, έγραψε, menulis, va escriure,
  rašė, kirjutas, rakstīja`)

/** The same in scripts that glue words together. */
export const gluedVerbs = list(`
  写道, 寫道, 书写, 來信, 来信, のメール, 書きました, が書きました, 님이 작성, 작성, 썼습니다`)

/** Months by their first letters, enough to tell a date in words. */
export const months = list(`
  jan, feb, mar, apr, may, jun, jul, aug, sep, oct, nov, dec, mär, mai, okt, dez, fév, fev, avr, jui, aoû, déc, ene,
  abr, ago, dic, gen, mag, giu, lug, set, ott, out, maa, mei, mrt, maj, des, sty, lut, kwi, cze, lip, sie, wrz, paź,
  lis, gru, янв, фев, мар, апр, мая, май, июн, июл, авг, сен, окт, ноя, дек, tháng`)

export type HeaderKind = 'from' | 'date' | 'to' | 'cc' | 'subject' | 'other'

const labels: Record<HeaderKind, readonly string[]> = {
  from: list(`
    from, von, de, da, van, od, от, от кого, från, fra, 差出人, 送信者, 发件人, 寄件者, 寄件人, 發件人, 보낸 사람, 보낸사람, 발신, lähettäjä,
    kimden, gönderen, feladó, odesílatel, odosielateľ, від, từ, expéditeur, remitente, mittente, remetente, afzender,
    nadawca, avsändare, afsender, avsender, absender, de la, από, dari`),
  date: list(`
    sent, date, gesendet, gesendet am, datum, envoyé, envoyé le, date d’envoi, date d'envoi, enviado, enviado el,
    enviado em, enviada em, fecha, data, inviato, data invio, verzonden, verstuurd, wysłano, wysłane, отправлено, дата,
    skickat, skickad, dato, sendt, date sent, 送信日時, 日時, 日付, 发送时间, 发送日期, 日期, 傳送時間, 寄件日期, 傳送日期, 보낸 날짜, 보낸날짜, 날짜, 일시,
    lähetetty, päivämäärä, tarih, gönderildi, gönderme tarihi, elküldve, dátum, odesláno, odoslané, надіслано, đã gửi,
    ngày, trimis, trimisă, εστάλη, sent at, tanggal`),
  to: list(`
    to, an, à, pour, para, a, aan, do, кому, till, til, 宛先, 收件人, 받는 사람, 받는사람, 수신, vastaanottaja, kime, alıcı, címzett,
    komu, pro, đến, către, προς, destinataire, destinatario, kepada, destinatário, empfänger, ontvanger`),
  cc: list(`
    cc, kopie, copie, copie à, bcc, kopia, dw, копия, kopi, 抄送, 副本, 참조, c.c., kopio, bilgi`),
  subject: list(`
    subject, betreff, objet, asunto, oggetto, assunto, onderwerp, temat, тема, ämne, emne, 件名, 主题, 主旨, 主題, 제목, aihe,
    konu, tárgy, předmět, predmet, subiect, chủ đề, θέμα, perihal, sujet`),
  other: list(`
    reply-to, antwort an, répondre à, responder a, importance, priority, wichtigkeit, attachments, anlagen, anhänge,
    resent-from, mailed-by, organization, sender, newsgroups, 返信先, 重要度, 附件, 첨부, вложения`),
}

export const headerLabels: ReadonlyMap<string, HeaderKind> = new Map(
  (Object.keys(labels) as HeaderKind[]).flatMap((kind) => labels[kind].map((label) => [label, kind] as const)),
)

/** The words between dashes: "-----Original Message-----". */
export const originalMessage = list(`
  original message, original email, original mail, reply message, ursprüngliche nachricht, ursprungliche nachricht,
  original-nachricht, originalnachricht, antwort nachricht, originalmeldung, message d’origine, message d'origine,
  message original, message initial, mensaje original, correo original, messaggio originale, messaggio di origine,
  mensagem original, oorspronkelijk bericht, oorspronkelijke bericht, wiadomość oryginalna, oryginalna wiadomość,
  исходное сообщение, оригинальное сообщение, исходное письмо, ursprungligt meddelande, originalmeddelande,
  oprindelig meddelelse, original meddelelse, opprinnelig melding, original melding, opprinnelig e-post, 元のメッセージ,
  元のメール, オリジナルメッセージ, 原始邮件, 原始郵件, 原邮件, 原始信件, 邮件原件, 回复的原邮件, 원본 메일, 원본 메시지, 원본메일, 원래 메시지, alkuperäinen viesti,
  původní zpráva, pôvodná správa, eredeti üzenet, orijinal mesaj, özgün ileti, mesaj original, mesajul original,
  вихідне повідомлення, thư gốc, αρχικό μήνυμα, reply above this line`)

/** What follows such a line was sent on by the writer: it belongs to the mail. */
export const forwardedMessage = list(`
  forwarded message, forwarded by, fwd message, begin forwarded message, weitergeleitete nachricht, message transféré,
  anfang der weitergeleiteten nachricht, début du message réexpédié, début du message transféré, mensaje reenviado,
  inicio del mensaje reenviado, messaggio inoltrato, inizio messaggio inoltrato, mensagem encaminhada,
  mensagem reencaminhada, início da mensagem reencaminhada, doorgestuurd bericht, begin doorgestuurd bericht,
  wiadomość przekazana, przekazana wiadomość, пересылаемое сообщение, начало переадресованного сообщения,
  пересланное сообщение, vidarebefordrat meddelande, vidarebefordrat brev, videresendt meddelelse, videresendt melding,
  転送メッセージ, 転送されたメッセージ, 转发邮件, 转发的邮件, 轉寄郵件, 전달된 메시지, 전달된 메일, edelleenlähetetty viesti, iletilen mesaj`)

/** A line a telephone or a program adds below every mail. Each pattern is anchored on both sides and bounded. */
export const deviceSignatures: readonly RegExp[] = [
  /^sent from my (?!desk$|office$|bed$|heart$|car$|home$)[\p{L}\p{N}'’®™.-]{1,30}(?: [\p{L}\p{N}'’®™.-]{1,30}){0,3}(?:[,.;] ?(?:please |kindly )?(?:excuse|forgive|pardon|ignore) .{1,80})?$/u,
  /^sent (?:from|via|by|using) (?:a|an|the) (?:mobile|phone|smartphone|tablet|iphone|ipad|android|samsung|blackberry|cell ?phone|yahoo)(?: .{1,60})?$/,
  /^(?:please |kindly )?(?:excuse|forgive|pardon) (?:the |any |my |all )?(?:brevity|typos?|typographical|spelling|autocorrect|errors|thumbs|terseness|shortness) ?.{0,60}$/,
  /^sent (?:from|with|via|by|using) (?:outlook|yahoo|gmail|mail|aol|samsung|proton ?mail|iphone|ipad|android|blackberry|huawei|xiaomi|windows|sparrow|mailbird|airmail|spark|superhuman|polymail|acompli|hey|zoho|tutanota|mobile|front|missive|thunderbird|k-9|fairemail|nine|newton|workspace|hotmail|mimestream|fastmail|canary|typeapp|bluemail)\b[^\n]{0,100}$/,
  /^get (?:outlook|bluemail|mailbird|aquamail|typeapp) for .{1,40}$/,
  /^(?:diese nachricht wurde )?von (?:meinem|mein|einem) .{1,40} gesendet$/,
  /^gesendet (?:von|mit|aus|über) .{1,60}$/,
  /^envoyé (?:de|depuis|à partir de|avec|via) .{1,60}$/,
  /^enviad[oa] (?:desde|de|do|a partir d[oe]|con|com|via|através d[oe]|usando) .{1,60}$/,
  /^(?:obtener|obter) outlook (?:para|p\/) .{1,40}$/,
  /^(?:télécharger|obtenir) outlook pour .{1,40}$/,
  /^(?:outlook für|holen sie sich outlook für|laden sie outlook für) .{1,40}$/,
  /^inviat[oa] (?:da|dal|con|tramite) .{1,60}$/,
  /^(?:verstuurd|verzonden) (?:vanaf|vanuit|met|via|van) .{1,60}$/,
  /^wysłan[oea] (?:z|ze|za pomocą|przy użyciu) .{1,60}$/,
  /^(?:отправлено|послано) (?:с|со|из|через|от) .{1,60}$/,
  /^skickat (?:från|med|via) .{1,60}$/,
  /^sendt (?:fra|med|via) .{1,60}$/,
  /^lähetetty .{1,50}(?:sta|stä|lta|ltä|lla)$/,
  /^.{1,40}(?:から送信|より送信)$/,
  /^(?:发自|發自|来自|從|从|傳自|传自)我?的?.{1,40}$/,
  /^.{1,40}에서 (?:보냄|전송됨|보냈습니다)$/,
  /^odesláno z .{1,50}$/,
  /^.{1,40}(?:'dan|'den|’dan|’den|dan|den) gönderildi$/,
  /^(?:đã gửi từ|gửi từ) .{1,50}$/,
]
