import { randomUUID } from 'node:crypto'

/** One message as every dialect tells of it. */
export interface Told {
  /** The Message-ID field. */
  messageId: string
  from: string
  subject: string
  text: string
  receivedAt: string
  files: { name: string; contentType: string; bytes: string }[]
}

/** A dialect as its own client uses it. Inboxes are named by address, messages by Message-ID; its ids are found by looking around in it. */
export interface Face {
  name: string
  makeInbox(): Promise<string>
  /** Whether it shows this inbox, in its list and by itself. */
  hasInbox(address: string): Promise<boolean>
  /** The received messages of an inbox, whole, with the bytes of their files, oldest first. */
  read(address: string): Promise<Told[]>
  raw(address: string, messageId: string): Promise<string>
  /** The next message that no wait was given before, where the dialect has a wait. */
  wait?(address: string): Promise<Pick<Told, 'messageId'> | null>
  deleteMessage(address: string, messageId: string): Promise<void>
  deleteInbox(address: string): Promise<void>
}

// biome-ignore lint/suspicious/noExplicitAny: answers of every shape
type Json = any
export type Call = (method: string, path: string, body?: unknown) => Promise<Json>

/** Where the server is, by an address that works whatever name it gives itself in its links. */
export interface Reach {
  url: string
  key: string
}

/** Calls that must succeed; what is no JSON is answered as text. */
export function caller({ url, key }: Reach): Call {
  return async (method, path, body) => {
    const response = await fetch(url + path, {
      method,
      headers: { authorization: `Bearer ${key}`, ...(body ? { 'content-type': 'application/json' } : {}) },
      ...(body ? { body: JSON.stringify(body) } : {}),
    })
    const text = Buffer.from(await response.arrayBuffer()).toString('latin1')
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`)
    return /json/.test(response.headers.get('content-type') ?? '')
      ? JSON.parse(Buffer.from(text, 'latin1').toString())
      : text
  }
}

export function facesOf(reach: Reach): [agents: Face, official: Face, automation: Face, disposable: Face] {
  const call = caller(reach)
  const download = (link: string) => call('GET', link.replace(/^https?:\/\/[^/]+/, ''))
  return [agents(call, download), official(call, download), automation(call, download), disposable(call, download)]
}

type Download = (link: string) => Promise<string>

function agents(call: Call, download: Download): Face {
  const at = (address: string) => `/api/v0/inboxes/${address}`
  const list = async (address: string) => (await call('GET', `${at(address)}/messages?direction=inbound`)).data
  const pathOf = async (address: string, messageId: string) => {
    for (const { message_id } of await list(address)) {
      const path = `${at(address)}/messages/${message_id}`
      if ((await call('GET', path)).rfc_message_id === messageId) return path
    }
    throw new Error(`No ${messageId}`)
  }
  return {
    name: 'agents',
    makeInbox: async () => (await call('POST', '/api/v0/inboxes', { username: `desk-${randomUUID()}` })).email_address,
    async hasInbox(address) {
      const listed = (await call('GET', '/api/v0/inboxes?page_size=100')).data
      return same(
        listed.some((inbox: Json) => inbox.email_address === address),
        await there(call('GET', at(address))),
      )
    },
    async read(address) {
      const told = (await list(address)).map(async ({ message_id }: Json): Promise<Told> => {
        const path = `${at(address)}/messages/${message_id}`
        const { rfc_message_id, from, subject, text, timestamp, attachments } = await call('GET', path)
        const files = attachments.map(async ({ attachment_id, filename, content_type }: Json) => {
          const { download_url } = await call('GET', `${path}/attachments/${attachment_id}`)
          return { name: filename, contentType: content_type, bytes: await download(download_url) }
        })
        return {
          ...{ messageId: rfc_message_id, from, subject, text, receivedAt: timestamp },
          files: await Promise.all(files),
        }
      })
      return oldestFirst(await Promise.all(told))
    },
    raw: async (address, messageId) => call('GET', `${await pathOf(address, messageId)}/eml`),
    async wait(address) {
      const { message } = await call('GET', `${at(address)}/wait?timeout=0`)
      return message && { messageId: message.rfc_message_id }
    },
    deleteMessage: async (address, messageId) => void (await call('DELETE', await pathOf(address, messageId))),
    deleteInbox: async (address) => void (await call('DELETE', at(address))),
  }
}

function official(call: Call, download: Download): Face {
  const at = (address: string) => `/v0/inboxes/${address}`
  const list = async (address: string) => (await call('GET', `${at(address)}/messages?labels=received`)).messages
  const pathOf = (address: string, messageId: string) => `${at(address)}/messages/${encodeURIComponent(messageId)}`
  return {
    name: 'official',
    makeInbox: async () => (await call('POST', '/v0/inboxes', {})).email,
    async hasInbox(address) {
      const { inboxes } = await call('GET', '/v0/inboxes?limit=100')
      return same(
        inboxes.some(({ email }: Json) => email === address),
        await there(call('GET', at(address))),
      )
    },
    async read(address) {
      const told = (await list(address)).map(async ({ message_id }: Json): Promise<Told> => {
        const path = pathOf(address, message_id)
        const { from, subject, text, timestamp, attachments = [] } = await call('GET', path)
        const files = attachments.map(async ({ attachment_id, filename, content_type }: Json) => {
          const { download_url } = await call('GET', `${path}/attachments/${attachment_id}`)
          return { name: filename, contentType: content_type, bytes: await download(download_url) }
        })
        return { messageId: message_id, from, subject, text, receivedAt: timestamp, files: await Promise.all(files) }
      })
      return oldestFirst(await Promise.all(told))
    },
    raw: async (address, messageId) => download((await call('GET', `${pathOf(address, messageId)}/raw`)).download_url),
    deleteMessage: async (address, messageId) => void (await call('DELETE', pathOf(address, messageId))),
    deleteInbox: async (address) => void (await call('DELETE', at(address))),
  }
}

function automation(call: Call, download: Download): Face {
  const list = () => call('GET', '/api/v1/inbox?limit=5000')
  const at = async (address: string) => `/api/v1/inbox/${idAt(await list(), 'hookAddress', address)}`
  const whole = async (address: string) => {
    const path = await at(address)
    const items: Json[] = await call('GET', `${path}/messages`)
    return Promise.all(items.map(({ id }) => call('GET', `${path}/messages/${id}`)))
  }
  const pathOf = async (address: string, messageId: string) => {
    const found = (await whole(address)).find(({ messageIdHeader }) => messageIdHeader === messageId)
    return `${await at(address)}/messages/${found?.id}`
  }
  return {
    name: 'automation',
    makeInbox: async () => (await call('POST', '/api/v1/inbox', { name: 'One of many' })).hookAddress,
    async hasInbox(address) {
      const listed = (await list()).find(({ hookAddress }: Json) => hookAddress === address)
      return listed !== undefined && there(call('GET', `/api/v1/inbox/${listed.id}`))
    },
    async read(address) {
      const told = (await whole(address)).map(async (message): Promise<Told> => {
        const { messageIdHeader: messageId, fromAddress, fromName, subject, bodyText: text, receivedAt } = message
        const from = fromName === null ? fromAddress : `${fromName} <${fromAddress}>`
        const files = message.attachments.map(async ({ fileName, contentType, downloadUrl }: Json) => {
          return { name: fileName, contentType, bytes: await download(downloadUrl) }
        })
        return { messageId, from, subject, text, receivedAt, files: await Promise.all(files) }
      })
      return oldestFirst(await Promise.all(told))
    },
    raw: async (address, messageId) => call('GET', `${await pathOf(address, messageId)}/raw`),
    async wait(address) {
      const { message } = await call('GET', `${await at(address)}/messages/wait?timeout=0`)
      return message && { messageId: message.messageIdHeader }
    },
    deleteMessage: async (address, messageId) => void (await call('DELETE', await pathOf(address, messageId))),
    deleteInbox: async (address) => void (await call('DELETE', `${await at(address)}?force=true`)),
  }
}

function disposable(call: Call, download: Download): Face {
  const list = async () => (await call('GET', '/v1/inboxes')).items
  const idOf = async (address: string) => idAt(await list(), 'address', address)
  const whole = async (address: string): Promise<Json[]> => {
    const { items } = await call('GET', `/v1/messages?inbox=${await idOf(address)}`)
    return Promise.all(items.map(({ uid, domain }: Json) => call('GET', `/v1/messages/${uid}?domain=${domain}`)))
  }
  const pathOf = async (address: string, messageId: string, below = '') => {
    const found = (await whole(address)).find((message) => message.messageId === messageId)
    return `/v1/messages/${found?.uid}${below}?domain=${found?.domain}`
  }
  return {
    name: 'disposable',
    makeInbox: async () => (await call('POST', '/v1/inboxes')).address,
    async hasInbox(address) {
      const listed = (await list()).find((inbox: Json) => inbox.address === address)
      return listed !== undefined && there(call('GET', `/v1/inboxes/${listed.id}`))
    },
    async read(address) {
      const told = (await whole(address)).map(async (message): Promise<Told> => {
        const { messageId, from, subject, textBody: text, receivedAt } = message
        const files = message.attachments.map(async ({ filename, contentType, downloadUrl }: Json) => {
          return { name: filename, contentType, bytes: await download(downloadUrl) }
        })
        return { messageId, from, subject, text, receivedAt, files: await Promise.all(files) }
      })
      return oldestFirst(await Promise.all(told))
    },
    raw: async (address, messageId) => call('GET', await pathOf(address, messageId, '/raw')),
    async wait(address) {
      return (await call('GET', `/v1/inboxes/${await idOf(address)}/wait?timeout=0`)).message
    },
    deleteMessage: async (address, messageId) => void (await call('DELETE', await pathOf(address, messageId))),
    deleteInbox: async (address) => void (await call('DELETE', `/v1/inboxes/${await idOf(address)}`)),
  }
}

function idAt(list: Json[], field: string, address: string): string {
  const found = list.find((item) => item[field] === address)
  if (!found) throw new Error(`No inbox ${address}`)
  return found.id
}

function oldestFirst(told: Told[]): Told[] {
  return told.toSorted((a, b) => a.receivedAt.localeCompare(b.receivedAt))
}

async function there(answer: Promise<unknown>): Promise<boolean> {
  return answer.then(
    () => true,
    (error: Error) => {
      if (/: 404 /.test(error.message)) return false
      throw error
    },
  )
}

function same(listed: boolean, found: boolean): boolean {
  if (listed !== found) throw new Error(`Listed: ${listed}, found: ${found}`)
  return listed
}
