import { Agent, get } from 'node:http'

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
    return new Promise((resolve, reject) => {
      const request = get(`${this.#url}${path}`, { agent: this.#agent, headers: this.#headers }, (response) => {
        let body = ''
        response.setEncoding('utf8')
        response.on('data', (chunk) => (body += chunk))
        response.on('end', () => {
          if (response.statusCode === 200) resolve(body)
          else reject(new Error(`${path}: ${response.statusCode} ${body}`))
        })
      })
      request.on('error', reject)
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
