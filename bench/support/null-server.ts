// Takes every mail and forgets it: the ceiling of an SMTP server on node, in a process of its own.
import { SMTPServer } from 'smtp-server'

const server = new SMTPServer({
  authOptional: true,
  hideSTARTTLS: true,
  disableReverseLookup: true,
  onData(stream, _session, callback) {
    stream.on('data', () => {})
    stream.on('end', () => callback(null))
  },
})
const listener = server.listen(0, '127.0.0.1', () => {
  process.send?.((listener.address() as { port: number }).port)
})
