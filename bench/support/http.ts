import { Agent, request } from 'node:http'

const MAX_MS = 8_000

/** A client that keeps its connection, so that what is measured is the server. */
export class HttpClient implements Disposable {
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 })
  readonly #url: string
  readonly #headers: Record<string, string>

  constructor(url: string, apiKey: string) {
    this.#url = url
    this.#headers = { authorization: `Bearer ${apiKey}` }
  }

  text(path: string): Promise<string> {
    return this.#ask('GET', path)
  }

  // biome-ignore lint/suspicious/noExplicitAny: answers of every shape
  async post(path: string, body: unknown): Promise<any> {
    return JSON.parse(await this.#ask('POST', path, JSON.stringify(body)))
  }

  #ask(method: string, path: string, body?: string): Promise<string> {
    const headers = { ...this.#headers, ...(body !== undefined && { 'content-type': 'application/json' }) }
    return new Promise((resolve, reject) => {
      const asked = request(`${this.#url}${path}`, { method, agent: this.#agent, headers }, (response) => {
        let text = ''
        response.setEncoding('utf8')
        response.on('data', (chunk) => (text += chunk))
        response.on('end', () => {
          if (response.statusCode === 200) resolve(text)
          else reject(new Error(`${path}: ${response.statusCode} ${text}`))
        })
      })
      asked.on('error', reject)
      asked.end(body)
    })
  }

  // biome-ignore lint/suspicious/noExplicitAny: answers of every shape
  async json(path: string): Promise<any> {
    return JSON.parse(await this.text(path))
  }

  /** How long each of so many requests took, in milliseconds, one after the other; fewer where they are slow. */
  async times(count: number, path: (i: number) => string): Promise<number[]> {
    const times: number[] = []
    const end = performance.now() + MAX_MS
    for (let i = 0; i < count && performance.now() < end; i++) {
      const start = performance.now()
      await this.text(path(i))
      times.push(performance.now() - start)
    }
    return times
  }

  [Symbol.dispose](): void {
    this.#agent.destroy()
  }
}
