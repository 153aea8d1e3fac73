import { expect, test } from 'vitest'
import { fakeResolver } from '../../../test/fakes/dns-zone.ts'
import { organizationalDomain, startTreeWalk, walkNames } from './tree-walk.ts'

async function organizationOf(domain: string, records: Record<string, string>): Promise<string> {
  const zone = Object.fromEntries(
    Object.entries(records).map(([name, tags]) => [`_dmarc.${name}`, { txt: [`v=DMARC1; ${tags}`] }]),
  )
  return organizationalDomain(domain, await startTreeWalk(fakeResolver(zone)).walk(domain))
}

test('a long name is asked for once and then from its seventh label on', () => {
  expect(walkNames('a.b.c.d.e.f.g.h.i.j.mail.example.com')).toEqual([
    'a.b.c.d.e.f.g.h.i.j.mail.example.com',
    'g.h.i.j.mail.example.com',
    'h.i.j.mail.example.com',
    'i.j.mail.example.com',
    'j.mail.example.com',
    'mail.example.com',
    'example.com',
    'com',
  ])
  expect(walkNames('a.b.c.d.e.f.example.com')).toHaveLength(8)
  expect(walkNames('a.example.com')).toEqual(['a.example.com', 'example.com', 'com'])
  expect(walkNames('com')).toEqual(['com'])
})

test('the organization is the highest name with a record', async () => {
  expect(await organizationOf('a.mail.example.com', { 'mail.example.com': '', 'example.com': '' })).toBe('example.com')
})

test('psd=n names the organization and psd=y the suffix above it', async () => {
  expect(await organizationOf('a.mail.example.com', { 'mail.example.com': 'psd=n', 'example.com': '' })).toBe(
    'mail.example.com',
  )
  expect(await organizationOf('a.mail.example.com', { com: 'psd=y' })).toBe('example.com')
  expect(await organizationOf('mail.example.com', { 'example.com': 'psd=y', com: '' })).toBe('mail.example.com')
  expect(await organizationOf('example.com', { 'example.com': 'psd=y' })).toBe('example.com')
})

test('a registry that forgot psd=y does not unite its customers', async () => {
  expect(await organizationOf('mail.example.co.uk', { 'co.uk': 'p=none' })).toBe('example.co.uk')
  expect(await organizationOf('mail.example.co.uk', { 'co.uk': 'psd=n' })).toBe('co.uk')
})

test('without any record the public suffix list decides', async () => {
  expect(await organizationOf('a.mail.example.co.uk', {})).toBe('example.co.uk')
  expect(await organizationOf('co.uk', {})).toBe('co.uk')
})

test('of several policy records at one name none counts, and other texts are passed over', async () => {
  const resolver = fakeResolver({
    '_dmarc.mail.example.com': { txt: ['v=DMARC1; p=none', 'v=DMARC1; p=reject'] },
    '_dmarc.example.com': { txt: ['hello', ['v=DMARC1;', ' p=reject']] },
  })
  expect(await startTreeWalk(resolver).walk('mail.example.com')).toMatchObject([
    { domain: 'example.com', record: { p: 'reject' } },
  ])
})
