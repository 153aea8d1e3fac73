import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { extractReply } from './reply.ts'
import { plainText } from './test-mail.ts'

const corpus = join(import.meta.dirname, '../../../../shared/corpora/replies')
const read = (name: string) => readFileSync(join(corpus, name), 'utf8')

interface Case {
  file: string
  expected: string | null
}
const cases = (JSON.parse(read('cases.json')) as Case[]).filter((c) => !c.file.startsWith('talon-html/'))

const mailText = (file: string) => (file.endsWith('.eml') ? plainText(readFileSync(join(corpus, file))) : read(file))
const normal = (text: string) => text.replaceAll('\r\n', '\n').trim()

describe('the public corpora of replies', () => {
  it('are read as their authors expect', () => {
    const wanted = cases.filter((c) => c.expected !== null)
    const failed = wanted.filter((c) => normal(extractReply(mailText(c.file))) !== normal(read(c.expected!)))
    console.log(
      `replies (text): ${wanted.length - failed.length} of ${wanted.length}; differ: ${failed.map((c) => c.file).join(', ')}`,
    )
    expect(wanted.length - failed.length).toBeGreaterThanOrEqual(78)
  })

  it('are read in under a second where only time counts', () => {
    for (const { file } of cases.filter((c) => c.expected === null)) {
      const before = performance.now()
      extractReply(mailText(file))
      expect(performance.now() - before).toBeLessThan(1000)
    }
  })
})

describe('extractReply', () => {
  it('never throws and never leaves a mail with words empty', () => {
    const piece = fc.constantFrom(
      '> ',
      '\n',
      '\r\n',
      'On 1 May 2020 at 10:00, A <a@b.c> wrote:',
      '-- ',
      'From: a@b.c',
      'Sent: 1',
      'To: x',
      ' ',
      'hi',
      '____',
      'Sent from my iPhone',
      ':',
      '----- Original Message -----',
      'é',
    )
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.array(piece, { maxLength: 40 }).map((pieces) => pieces.join('')),
    )
    fc.assert(
      fc.property(text, (mail) => {
        const reply = extractReply(mail)
        expect(typeof reply).toBe('string')
        if (mail.trim() !== '') expect(reply.trim()).not.toBe('')
      }),
      { numRuns: 500 },
    )
  })

  it('reads a blank mail as it is', () => {
    expect(extractReply('')).toBe('')
    expect(extractReply(' \n')).toBe(' \n')
  })

  it.each([
    ['English, Gmail', 'On Mon, Oct 5, 2020 at 10:00 AM Ann Smith <ann@example.com> wrote:'],
    [
      'English, wrapped',
      'On Mon, Oct 5, 2020 at 10:00 AM Ann Smith via Some Long List Name <\nann@example.com>\nwrote:',
    ],
    ['English, Thunderbird', 'On 10/5/20 10:00 AM, Ann Smith wrote:'],
    ['English, address only', 'On 2020-10-05 10:00, ann@example.com wrote:'],
    ['German, Gmail', 'Am Mo., 5. Okt. 2020 um 10:00 Uhr schrieb Ann Smith <\nann@example.com>:'],
    ['German, Apple', 'Am 05.10.2020 um 10:00 schrieb Ann Smith <ann@example.com>:'],
    ['French, Gmail', 'Le lun. 5 oct. 2020 à 10:00, Ann Smith <ann@example.com> a écrit :'],
    ['French, Thunderbird', 'Le 05/10/2020 à 10:00, Ann Smith a écrit\u00a0:'],
    ['Spanish, Gmail', 'El lun, 5 oct 2020 a las 10:00, Ann Smith (<ann@example.com>)\nescribió:'],
    ['Italian, Gmail', 'Il giorno lun 5 ott 2020 alle ore 10:00 Ann Smith <ann@example.com>\nha scritto:'],
    ['Italian, Apple', 'Il giorno 5 ott 2020, alle ore 10:00, Ann Smith <ann@example.com> ha scritto:'],
    ['Portuguese, Gmail', 'Em seg., 5 de out. de 2020 às 10:00, Ann Smith <ann@example.com>\nescreveu:'],
    ['Dutch, Gmail', 'Op ma 5 okt. 2020 om 10:00 schreef Ann Smith <ann@example.com>:'],
    ['Dutch, Apple', 'Op 5 okt. 2020, om 10:00 heeft Ann Smith <ann@example.com> het volgende geschreven:'],
    ['Polish, Gmail', 'pon., 5 paź 2020 o 10:00 Ann Smith <ann@example.com> napisał(a):'],
    ['Polish, Thunderbird', 'W dniu 05.10.2020 o 10:00, Ann Smith pisze:'],
    ['Russian, Gmail', 'пн, 5 окт. 2020 г. в 10:00, Ann Smith <ann@example.com>:'],
    ['Russian, Thunderbird', '05.10.2020 10:00, Ann Smith пишет:'],
    ['Russian, Apple', '5 окт. 2020 г., в 10:00, Ann Smith <ann@example.com> написал(а):'],
    ['Swedish, Gmail', 'Den mån 5 okt. 2020 kl 10:00 skrev Ann Smith <ann@example.com>:'],
    ['Swedish, Apple', '5 okt. 2020 kl. 10:00 skrev Ann Smith <ann@example.com>:'],
    ['Danish, Gmail', 'Den man. 5. okt. 2020 kl. 10.00 skrev Ann Smith <ann@example.com>:'],
    ['Norwegian, Gmail', 'man. 5. okt. 2020 kl. 10:00 skrev Ann Smith <ann@example.com>:'],
    ['Japanese, Gmail', '2020年10月5日(月) 10:00 Ann Smith <ann@example.com>:'],
    ['Japanese, Apple', '2020/10/05 10:00、Ann Smith <ann@example.com>のメール:'],
    ['Chinese, Gmail', 'Ann Smith <ann@example.com> 于2020年10月5日周一 上午10:00写道：'],
    ['Chinese, Apple', '在 2020年10月5日，上午10:00，Ann Smith <ann@example.com> 写道：'],
    ['Taiwan, Gmail', 'Ann Smith <ann@example.com> 於 2020年10月5日 週一 上午10:00寫道：'],
    ['Korean, Gmail', '2020년 10월 5일 (월) 오전 10:00, Ann Smith <ann@example.com>님이 작성:'],
    ['Korean, Apple', '2020. 10. 5. 오전 10:00, Ann Smith <ann@example.com> 작성:'],
    ['Turkish, Gmail', 'Ann Smith <ann@example.com>, 5 Eki 2020 Pzt, 10:00 tarihinde şunu yazdı:'],
    ['Finnish, Gmail', 'ma 5. lokak. 2020 klo 10.00 Ann Smith (ann@example.com) kirjoitti:'],
    ['Czech, Gmail', 'po 5. 10. 2020 v 10:00 odesílatel Ann Smith <ann@example.com> napsal:'],
    ['Vietnamese, Gmail', 'Vào Th 2, 5 thg 10, 2020 vào lúc 10:00 Ann Smith <ann@example.com> đã viết:'],
  ])('cuts an attribution and the quote below it, marked or not: %s', (_, attribution) => {
    expect(extractReply(`New words\n\n${attribution}\n\n> Old words\n> more\n`)).toBe('New words')
    expect(extractReply(`New words\n\n${attribution}\n\nOld words\nmore\n`)).toBe('New words')
  })

  it.each([
    ['English', 'From: Ann <ann@example.com>', 'Sent: Monday, October 5, 2020 10:00 AM', 'To: Bob', 'Subject: Hi'],
    ['German', 'Von: Ann <ann@example.com>', 'Gesendet: Montag, 5. Oktober 2020 10:00', 'An: Bob', 'Betreff: Hi'],
    ['French', 'De : Ann <ann@example.com>', 'Envoyé : lundi 5 octobre 2020 10:00', 'À : Bob', 'Objet : Hi'],
    ['Spanish', 'De: Ann <ann@example.com>', 'Enviado: lunes, 5 de octubre de 2020 10:00', 'Para: Bob', 'Asunto: Hi'],
    ['Italian', 'Da: Ann <ann@example.com>', 'Inviato: lunedì 5 ottobre 2020 10:00', 'A: Bob', 'Oggetto: Hi'],
    [
      'Portuguese',
      'De: Ann <ann@example.com>',
      'Enviada em: segunda-feira, 5 de outubro de 2020 10:00',
      'Para: Bob',
      'Assunto: Hi',
    ],
    ['Dutch', 'Van: Ann <ann@example.com>', 'Verzonden: maandag 5 oktober 2020 10:00', 'Aan: Bob', 'Onderwerp: Hi'],
    ['Polish', 'Od: Ann <ann@example.com>', 'Wysłano: poniedziałek, 5 października 2020 10:00', 'Do: Bob', 'Temat: Hi'],
    ['Russian', 'От: Ann <ann@example.com>', 'Отправлено: 5 октября 2020 г. 10:00', 'Кому: Bob', 'Тема: Hi'],
    ['Swedish', 'Från: Ann <ann@example.com>', 'Skickat: den 5 oktober 2020 10:00', 'Till: Bob', 'Ämne: Hi'],
    ['Danish', 'Fra: Ann <ann@example.com>', 'Sendt: 5. oktober 2020 10:00', 'Til: Bob', 'Emne: Hi'],
    ['Norwegian', 'Fra: Ann <ann@example.com>', 'Dato: mandag 5. oktober 2020', 'Til: Bob', 'Emne: Hi'],
    ['Japanese', '差出人: Ann <ann@example.com>', '送信日時: 2020年10月5日 10:00', '宛先: Bob', '件名: Hi'],
    ['Chinese', '发件人：Ann <ann@example.com>', '发送时间：2020年10月5日 10:00', '收件人：Bob', '主题：Hi'],
    [
      'Korean',
      '보낸 사람: Ann <ann@example.com>',
      '보낸 날짜: 2020년 10월 5일 월요일 오전 10:00',
      '받는 사람: Bob',
      '제목: Hi',
    ],
  ])('cuts at a block of header lines: %s', (_, ...block) => {
    expect(
      extractReply(`New words\r\n\r\n________________________________\r\n${block.join('\r\n')}\r\n\r\nOld words\r\n`),
    ).toBe('New words')
    expect(
      extractReply(
        `New words\n\n${block.map((line) => line.replace(/^([^:：]+)([:：])/, '*$1$2*')).join('\n')}\n\nOld`,
      ),
    ).toBe('New words')
  })

  it.each([
    ...[
      'Sent from my iPhone',
      'Von meinem iPhone gesendet',
      'Envoyé de mon iPhone',
      'Enviado desde mi iPhone',
      'Enviado do meu iPhone',
    ],
    ...[
      'Inviato da iPhone',
      'Verstuurd vanaf mijn iPhone',
      'Wysłane z iPhone’a',
      'Отправлено с iPhone',
      'Skickat från min iPhone',
    ],
    ...[
      'Sendt fra min iPhone',
      'iPhoneから送信',
      '发自我的iPhone',
      '傳自我的 iPhone',
      '나의 iPhone에서 보냄',
      'Get Outlook for iOS',
      'Sent from my phone, please excuse typos',
      'Sent from a mobile device',
      'Sent from my iPad\nPlease excuse any typos.',
    ],
    ...[
      'Sent from Yahoo Mail on Android',
      'Sent from Outlook for Android<https://aka.ms/x>',
      '-- \nAnn\n+1 555 1234',
      '--\nAnn',
    ],
    ...[
      '_______________________________________________\nusers mailing list\nhttps://lists.example.com/listinfo/users',
    ],
  ])('cuts the signature %j', (signature) => {
    expect(extractReply(`New words\n\n${signature}\n`)).toBe('New words')
    expect(
      extractReply(`New words\n\n${signature}\n\nOn 5 Oct 2020, at 10:00, Ann <ann@example.com> wrote:\n\n> Old`),
    ).toBe('New words')
  })

  it.each([
    ...[
      'From Paris to London: 3 hours',
      'Regards,\nAnn',
      'We wrote:\n\n- a list\n- of things',
      'On 5 May we meet at 10:00 in Berlin.',
    ],
    ...[
      'Date: 5 May 2020\nSubject: Meeting',
      'On Monday the parcel was sent',
      'a -- b',
      'Sent from my desk',
      'x > y\ny < z',
    ],
    ...['-----\nchapter\n-----', 'To: Ann\nSubject: the title'],
  ])('leaves %j alone', (text) => {
    expect(extractReply(text)).toBe(text)
    expect(extractReply(`Hello,\n\n${text}`)).toBe(`Hello,\n\n${text}`)
  })

  it('reads a form as words, not as the header of a quote', () => {
    const form = 'A new message:\n\nName: Ann\nFrom: ann@example.com\nDate: 5 Oct 2020\nSubject: Hello\n\nHow are you?'
    expect(extractReply(form)).toBe(form)
  })

  it('cuts an attribution that is known only by the marks below it', () => {
    for (const line of [
      'Ann Smith/Sales wrote on 05.10.2020 10:00:00:',
      'Ann Smith wrote:',
      '"Ann" <ann@example.com> wrote on 5.10.2020:',
    ]) {
      expect(extractReply(`New words\n\n${line}\n\n> Old words`)).toBe('New words')
      expect(extractReply(`New words\n\n${line.replace('ann@example.com', 'Ann')}\n\nNew as well`)).toContain(
        'New as well',
      )
    }
  })

  it('keeps answers that stand between quotes, and the quotes they answer', () => {
    const mail = 'Hi,\n\n> First?\n\nYes.\n\n> Second?\n\nNo.\n\n> Third\n'
    expect(extractReply(mail)).toBe('Hi,\n\n> First?\n\nYes.\n\n> Second?\n\nNo.')
  })

  it('keeps what the writer sent on', () => {
    const mail = 'FYI\n\nBegin forwarded message:\n\nFrom: Ann <ann@example.com>\nDate: 5 Oct 2020\nTo: Bob\n\nHello'
    expect(extractReply(mail)).toBe(mail)
  })

  it('returns the whole text when all of it is quoted or signature', () => {
    for (const text of [
      '> all\n> of it',
      'On 5 Oct 2020, at 10:00, Ann wrote:\n> hi',
      '-- \nAnn',
      'Sent from my iPhone',
    ]) {
      expect(extractReply(text)).toBe(text)
    }
  })

  it('keeps what lies behind the first 64 KiB unless a quote reaches there', () => {
    const long = 'word\n'.repeat(20_000)
    expect(extractReply(`${long}the end`)).toBe(`${long}the end`)
    expect(extractReply(`New\n\n-----Original Message-----\n${long}`)).toBe('New')
  })

  it.each([
    ['marks', '>'],
    ['openers', 'On 1 '],
    ['openers on lines', 'On 1 May 2020\n'],
    ['dates on lines', '1.1.2020 10:00\n'],
    ['labels on lines', 'From: a@b.c\n'],
    ['blanks', ' '],
    ['dashes', '-'],
    ['rules on lines', '- - -\n'],
    ['at signs', 'a@'],
    ['line ends', '\n'],
    ['marks on lines', '>\na\n'],
    ['delimiters on lines', '-- \n'],
    ['letters with stops', 'a.'],
    ['dots', '.'],
    ['colons', 'a:\n'],
  ])('takes bounded time on a megabyte of %s', (_, unit) => {
    const before = performance.now()
    extractReply(unit.repeat(Math.ceil(1_000_000 / unit.length)))
    expect(performance.now() - before).toBeLessThan(2000)
  })
})
