import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { DnsError, type Resolver } from '../dns/resolver.ts'
import { generateDkimKey, toPublicRecord } from './generate-dkim-key.ts'
import { composeSignature } from './signature-field.ts'
import { type DkimResult, verifyDkim } from './verify-dkim.ts'

const NOW = Date.UTC(2025, 0, 6)
const SECONDS = NOW / 1000

const { privateKey: pem, publicRecord } = await generateDkimKey('ed25519-sha256')
const privateKey = createPrivateKey(pem)
const short = generateKeyPairSync('rsa', { modulusLength: 768 })
const pkcs1 = generateKeyPairSync('rsa', { modulusLength: 1024 })
const p = publicRecord.slice(publicRecord.indexOf('p='))

const HEAD = 'From: a@example.org\r\nSubject: Hello\r\n'
const BODY = 'One\r\nTwo\r\n'
const hash = (text: string) => createHash('sha256').update(text).digest('base64')
const TAGS = {
  v: '1',
  a: 'ed25519-sha256',
  c: 'relaxed/relaxed',
  d: 'example.org',
  s: 'sel',
  h: 'from:subject',
  bh: hash(BODY),
}
const CANONICAL_HEAD = 'from:a@example.org\r\nsubject:Hello\r\n'

type Tags = Record<string, string>
const sign = (tags: Tags, head = CANONICAL_HEAD) =>
  composeSignature('DKIM-Signature', { ...TAGS, ...tags }, head, { algorithm: 'ed25519-sha256', privateKey })

const zoneOf = (records: Record<string, string[]>) => {
  const asked: string[] = []
  const txt = async (name: string) => {
    asked.push(name)
    const texts = records[name]
    if (!texts) throw new DnsError('nxdomain', name)
    return texts.map((text) => [text])
  }
  return { asked, resolver: { txt } as unknown as Resolver }
}

const verify = (message: string, record: string | string[] = publicRecord, name = 'sel._domainkey.example.org') =>
  verifyDkim(Buffer.from(message, 'utf8'), { resolver: zoneOf({ [name]: [record].flat() }).resolver, now: NOW })

const verdict = async (tags: Tags, record?: string | string[]) => {
  const [{ result, reason }] = (await verify(`${sign(tags)}${HEAD}\r\n${BODY}`, record)) as [DkimResult]
  return reason === null ? result : `${result}: ${reason}`
}

test('a good signature is described', async () => {
  expect(await verify(`${sign({ i: 'b=20c@mail.example.org', l: '10' })}${HEAD}\r\n${BODY}`)).toEqual([
    {
      result: 'pass',
      domain: 'example.org',
      selector: 'sel',
      algorithm: 'ed25519-sha256',
      keyBits: 256,
      reason: null,
      identity: 'b c@mail.example.org',
      testing: false,
      bodyLength: 10,
    },
  ])
})

test('a message without a signature has one result, none', async () => {
  const results = await verify(`${HEAD}\r\n${BODY}`)
  expect(results).toMatchObject([{ result: 'none', domain: null }])
})

test.each<[Tags, string]>([
  [{}, 'pass'],
  [{ v: '2' }, 'permerror: tag v= is missing or of another version'],
  [{ a: 'rsa-sha1' }, 'permerror: rsa-sha1 is no longer accepted'],
  [{ a: 'rsa-md5' }, 'permerror: unknown signature algorithm'],
  [{ a: 'constructor' }, 'permerror: unknown signature algorithm'],
  [{ a: 'rsa-sha256' }, 'permerror: key is of another type'],
  [{ bh: '' }, 'permerror: tag bh= is missing'],
  [{ bh: hash('Three\r\n') }, 'fail: body hash did not verify'],
  [{ c: 'relaxed/loose' }, 'permerror: unknown canonicalization'],
  [{ c: 'relaxed/relaxed/relaxed' }, 'permerror: unknown canonicalization'],
  [{ d: 'org' }, 'permerror: not a domain name'],
  [{ d: 'example.com' }, 'permerror: no key for signature'],
  [{ s: 'a b' }, 'permerror: not a domain name'],
  [{ h: 'subject' }, 'permerror: the From field is not signed'],
  [{ h: 'subject:from' }, 'fail: signature did not verify'],
  [{ h: 'from:subject:from:to' }, 'pass'],
  [{ i: '@example.org' }, 'pass'],
  [{ i: 'example.org' }, 'permerror: tag i= has no @'],
  [{ i: 'a@badexample.org' }, 'permerror: tag i= is not within d='],
  [{ i: 'a=2@example.org' }, 'permerror: malformed quoted-printable'],
  [{ i: 'a=0D=0AX:1@example.org' }, 'permerror: tag i= has control characters'],
  [{ s: `${'a.'.repeat(120)}a` }, 'permerror: no such name for a key'],
  [{ q: 'dns/txt:x' }, 'pass'],
  [{ q: 'http' }, 'permerror: unknown query method'],
  [{ t: String(SECONDS) }, 'pass'],
  [{ t: String(SECONDS + 299) }, 'pass'],
  [{ t: String(SECONDS + 301) }, 'permerror: signature is from the future'],
  [{ t: 'now' }, 'permerror: tag t= is not a number'],
  [{ x: String(SECONDS - 299) }, 'pass'],
  [{ x: String(SECONDS - 301) }, 'permerror: signature expired'],
  [{ t: String(SECONDS), x: String(SECONDS - 1) }, 'permerror: tag x= lies before t='],
  [{ l: '10' }, 'pass'],
  [{ l: '11' }, 'permerror: tag l= is more than the body has'],
  [{ l: '5', bh: hash('One\r\n') }, 'policy: part of the body is not signed'],
  [{ l: '0', bh: hash('') }, 'policy: part of the body is not signed'],
  [{ l: '5' }, 'fail: body hash did not verify'],
  [{ l: '-1' }, 'permerror: tag l= is not a number'],
  [{ zz: 'unknown' }, 'pass'],
])('a signature with %j is %s', async (tags, expected) => {
  expect(await verdict(tags)).toBe(expected)
})

test.each<[string | string[], string]>([
  [`v=DKIM1; k=ed25519; h=sha256:sha1; s=*; t=; ${p}`, 'pass'],
  [`k=ed25519; s=email; ${p}`, 'pass'],
  [`k=ed25519; s=tlsrpt; ${p}`, 'permerror: key is not for email'],
  [`k=ed25519; h=sha1; ${p}`, 'permerror: key is not for this hash'],
  [`k=ed25519; ${p}; ${p}`, 'permerror: key record: tag p= is given twice'],
  [p, 'permerror: key is of another type'],
  ['k=ed25519; p=', 'permerror: key revoked'],
  ['k=ed25519; p=QUJD', 'permerror: key record: the public key cannot be read'],
  [['v=spf1 -all', 'k=rsa; p=', publicRecord], 'pass'],
  [['k=ed25519; p=', 'k=rsa; p=QUJD'], 'permerror: key revoked'],
])('with the record %j a signature is %s', async (record, expected) => {
  expect(await verdict({}, record)).toBe(expected)
})

test('a key with t=s is for its own domain only, one with t=y says so', async () => {
  expect(await verdict({ i: 'a@example.org' }, `k=ed25519; t=s; ${p}`)).toBe('pass')
  expect(await verdict({ i: 'a@b.example.org' }, `k=ed25519; t=s; ${p}`)).toBe(
    'permerror: the key allows no subdomain in i=',
  )
  expect(await verify(`${sign({})}${HEAD}\r\n${BODY}`, `k=ed25519; t=y; ${p}`)).toMatchObject([{ testing: true }])
})

test('RSA keys are read in both wrappings and refused below 1024 bits', async () => {
  const signRsa = (key: typeof short) =>
    composeSignature('DKIM-Signature', { ...TAGS, a: 'rsa-sha256' }, CANONICAL_HEAD, {
      algorithm: 'rsa-sha256',
      privateKey: key.privateKey,
    })
  const der = pkcs1.publicKey.export({ type: 'pkcs1', format: 'der' }).toString('base64')
  expect(await verify(`${signRsa(pkcs1)}${HEAD}\r\n${BODY}`, `p=${der}`)).toMatchObject([
    { result: 'pass', keyBits: 1024 },
  ])
  expect(await verify(`${signRsa(short)}${HEAD}\r\n${BODY}`, toPublicRecord(short.publicKey))).toMatchObject([
    { result: 'permerror', reason: 'key of 768 bits is too short' },
  ])
})

test('RSA keys that would cost too much or prove nothing are refused', async () => {
  const n = Buffer.alloc(256, 0xff).toString('base64url')
  for (const e of [Buffer.from([1]), Buffer.alloc(256, 0xfd)]) {
    const key = createPublicKey({ key: { kty: 'RSA', n, e: e.toString('base64url') }, format: 'jwk' })
    expect(await verdict({ a: 'rsa-sha256' }, toPublicRecord(key))).toBe(
      'permerror: key record: the public key cannot be read',
    )
  }
})

test('what a broken signature says is passed on only if it could stand in a header field', async () => {
  const results = await verify(`DKIM-Signature: v=1; d=a.b\r\n c; s=\tx\r\n y; a=rsa (1)\r\n${HEAD}\r\n${BODY}`)
  expect(results).toMatchObject([{ result: 'permerror', domain: null, selector: null, algorithm: null }])
})

test('a From or Subject put on top of the signed ones is noticed', async () => {
  expect(await verify(`${sign({})}From: b@example.com\r\n${HEAD}\r\n${BODY}`)).toMatchObject([{ result: 'policy' }])
  const oversigned = sign({ h: 'from:from:subject:subject' })
  expect(await verify(`${oversigned}${HEAD}\r\n${BODY}`)).toMatchObject([{ result: 'pass' }])
  expect(await verify(`${oversigned}From: b@example.com\r\n${HEAD}\r\n${BODY}`)).toMatchObject([{ result: 'fail' }])
  expect(await verify(`${oversigned}Subject: x\r\n${HEAD}\r\n${BODY}`)).toMatchObject([{ result: 'fail' }])
})

test.each([
  'Subject: Pay now',
  'To: c@example.net',
  'Cc: c@example.net',
  'Date: Mon, 06 Jan 2025 00:00:00 +0000',
  'Reply-To: c@example.net',
  'Sender: c@example.net',
  'Message-ID: <2@example.net>',
  'In-Reply-To: <2@example.net>',
  'References: <2@example.net>',
  'MIME-Version: 1.0',
  'Content-Type: text/html',
  'Content-Transfer-Encoding: base64',
])('a second field that should stand once is noticed when it is not signed: %s', async (field) => {
  const [name = ''] = field.toLowerCase().split(':')
  const own = `${name}:Mine\r\n`
  const results = (added: string, tags: Tags, signed: string) =>
    verify(`${sign(tags, signed)}${added}From: a@example.org\r\n${own}\r\n${BODY}`)
  const h = { h: `from:${name}` }
  expect(await results('', h, `from:a@example.org\r\n${own}`)).toMatchObject([{ result: 'pass' }])
  expect(await results(`${field}\r\n`, h, `from:a@example.org\r\n${own}`)).toMatchObject([{ result: 'policy' }])
  // Unsigned but alone it may be: a signer is free to leave it out.
  expect(await results('', { h: 'from' }, 'from:a@example.org\r\n')).toMatchObject([{ result: 'pass' }])
  expect(await results(`${field}\r\n`, { h: 'from' }, 'from:a@example.org\r\n')).toMatchObject([{ result: 'policy' }])
})

test('fields that may stand often are no reason to refuse', async () => {
  const added = 'Received: x\r\nReceived: y\r\nList-Id: a\r\nList-Id: b\r\n'
  expect(await verify(`${sign({})}${added}${HEAD}\r\n${BODY}`)).toMatchObject([{ result: 'pass' }])
})

test('a field behind more than are looked at does not go unnoticed', async () => {
  const message = `${sign({})}${HEAD}${'X-A: b\r\n'.repeat(10_000)}From: b@example.com\r\n\r\n${BODY}`
  expect(await verify(message)).toMatchObject([{ result: 'permerror', reason: 'too many header fields' }])
})

test('tags given twice or not at all make a permerror that still names what can be read', async () => {
  const twice = sign({}).replace('c=relaxed', 'd=example.org; c=relaxed')
  expect(await verify(`${twice}${HEAD}\r\n${BODY}`)).toMatchObject([{ result: 'permerror', domain: null }])
  const without = sign({}).replace('v=1;', '')
  expect(await verify(`${without}${HEAD}\r\n${BODY}`)).toMatchObject([{ result: 'permerror', domain: 'example.org' }])
})

test('U-labels in d=, s= and i= find the key under their A-labels', async () => {
  const latin1 = (text: string) => Buffer.from(text).toString('latin1')
  const field = sign({ d: latin1('bücher.example'), s: latin1('ö'), i: latin1('jürgen@bücher.example') })
  const message = `${Buffer.from(field, 'latin1').toString('utf8')}${HEAD}\r\n${BODY}`
  expect(await verify(message, publicRecord, 'xn--nda._domainkey.xn--bcher-kva.example')).toMatchObject([
    { result: 'pass', domain: 'xn--bcher-kva.example', identity: 'jürgen@bücher.example' },
  ])
})

test('signatures are judged one by one, each key is asked for once, and only so many are looked at', async () => {
  const message = `${sign({ v: '2' })}${sign({})}${sign({ bh: hash('') })}${sign({})}${HEAD}\r\n${BODY}`
  const { asked, resolver } = zoneOf({ 'sel._domainkey.example.org': [publicRecord] })
  const results = await verifyDkim(Buffer.from(message), { resolver, now: NOW, maxSignatures: 3 })
  expect(results.map(({ result }) => result)).toEqual(['permerror', 'pass', 'fail'])
  expect(asked).toEqual(['sel._domainkey.example.org'])
})

test('a signature does not count itself among the DKIM-Signature fields it names', async () => {
  const inner = sign({})
  const canonical = inner
    .replace('DKIM-Signature:', 'dkim-signature:')
    .replace(/\s+/g, ' ')
    .replace(': ', ':')
    .trimEnd()
  const outer = sign({ h: 'from:subject:dkim-signature:dkim-signature' }, `${CANONICAL_HEAD}${canonical}\r\n`)
  const results = await verify(`${outer}${inner}${HEAD}\r\n${BODY}`)
  expect(results.map(({ result }) => result)).toEqual(['pass', 'pass'])
})

test('a message kept with bare LFs is checked in the form it was sent', async () => {
  const message = `${sign({})}${HEAD}\r\n${BODY}`
  expect(await verify(message.replaceAll('\r\n', '\n'))).toMatchObject([{ result: 'pass' }])
  expect(await verify(message.replace('One\r\n', 'One\n'))).toMatchObject([{ result: 'fail' }])
})

test('a head too large to be hashed for every signature is refused', async () => {
  const head = `${HEAD}X: ${'x'.repeat(600_000)}\r\n`
  const fields = sign({ h: 'from:subject:x' }, `${CANONICAL_HEAD}x:${'x'.repeat(600_000)}\r\n`)
  const results = await verify(`${fields}${fields}${head}\r\n${BODY}`)
  expect(results.map(({ result }) => result)).toEqual(['pass', 'permerror'])
})

test('a bug in the resolver is not taken for a verdict', async () => {
  const resolver = { txt: () => Promise.reject(new TypeError('broken')) } as unknown as Resolver
  const message = Buffer.from(`${sign({})}${HEAD}\r\n${BODY}`)
  await expect(verifyDkim(message, { resolver, now: NOW })).rejects.toThrow(TypeError)
})

test('any bytes get a verdict, and no changed octet of what is signed passes', async () => {
  const message = Buffer.from(`${sign({ h: 'from:from:subject:subject' })}${HEAD}\r\n${BODY}`)
  const { resolver } = zoneOf({ 'sel._domainkey.example.org': [publicRecord] })
  const subject = message.indexOf('Subject: Hello')
  await fc.assert(
    fc.asyncProperty(fc.nat(message.length - 1), fc.integer({ min: 0, max: 255 }), async (at, byte) => {
      const changed = Buffer.from(message)
      changed[at] = byte
      const [first] = await verifyDkim(changed, { resolver, now: NOW })
      const same = changed.equals(message)
      if (same) expect(first?.result).toBe('pass')
      else if (at > subject + 8 && byte > 32 && message[at]! > 32) expect(first?.result).not.toBe('pass')
    }),
    { numRuns: 200 },
  )
  await fc.assert(
    fc.asyncProperty(fc.string({ unit: 'binary' }), async (text) => {
      const changed = Buffer.from(`DKIM-Signature: ${text}\r\n${message.toString('latin1')}`, 'latin1')
      const results = await verifyDkim(changed, { resolver, now: NOW })
      expect(results.length).toBeGreaterThan(0)
    }),
  )
})
