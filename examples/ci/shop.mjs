// The application under test: whoever signs up gets a code by mail, and must show it.
import { randomInt } from 'node:crypto'
import { createServer } from 'node:http'
import { createTransport } from 'nodemailer'

/** Starts the shop on a free port. `smtp` is its mail server, as nodemailer wants it. */
export async function startShop(smtp) {
  const mailer = createTransport(smtp)
  const codes = new Map()

  const pages = {
    async '/sign-up'({ email }) {
      const code = String(randomInt(100_000, 1_000_000))
      codes.set(email, code)
      await mailer.sendMail({
        from: 'Shop <hello@shop.example>',
        to: email,
        subject: 'Welcome to the shop',
        text: `Your verification code is ${code}. It is good for ten minutes.`,
      })
      return 202
    },
    async '/confirm'({ email, code }) {
      return codes.get(email) === code ? 200 : 403
    },
  }

  const server = createServer(async (request, response) => {
    const chunks = await request.toArray()
    const status = await pages[request.url]?.(JSON.parse(Buffer.concat(chunks))).catch(() => 500)
    response.writeHead(status ?? 404).end()
  })
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    [Symbol.asyncDispose]: () => new Promise((resolve) => server.close(resolve)),
  }
}
