import { domainToUnicode } from 'node:url'
import { parse } from 'tldts'
import type { Anchor } from './html-reading.ts'
import { isLookalike } from './lookalike.ts'
import type { RiskFinding } from './risk.ts'

const MAX_TOLD = 5

/** Links that lead elsewhere than they say, and hosts that are spelt to be taken for others. */
export function findLinkTricks(
  anchors: readonly Anchor[],
  { senderDomain, isBulk }: { senderDomain: string | null; isBulk: boolean },
): RiskFinding[] {
  const findings = new Map<string, RiskFinding>()
  const own = senderDomain === null ? null : registrable(senderDomain)
  if (senderDomain !== null && isLookalike(domainToUnicode(senderDomain)))
    findings.set('sender', lookalike('lookalike-sender', 'The domain of the sender', senderDomain))
  for (const { href, shown } of anchors) {
    if (findings.size > MAX_TOLD) break
    const url = readUrl(href)
    if (!url) continue
    const finding = judge(url, shown, isBulk ? own : null)
    if (finding) findings.set(finding.explanation, finding)
  }
  return [...findings.values()]
}

function judge(url: URL, shown: string, ownDomain: string | null): RiskFinding | undefined {
  const host = url.hostname
  if (host.includes('xn--') && isLookalike(domainToUnicode(host)))
    return lookalike('lookalike-link', 'The host of a link', host)
  if (url.username.includes('.') && parse(url.username).isIcann)
    return {
      code: 'misleading-link',
      level: 'medium',
      explanation: `An address looks like one of another host and leads to ${host}`,
    }
  const named = hostNamed(shown)
  if (named === undefined || leadsThere(url, named, ownDomain)) return undefined
  return { code: 'mismatched-link', level: 'medium', explanation: `A link shows ${named} and leads to ${host}` }
}

function lookalike(code: RiskFinding['code'], what: string, host: string): RiskFinding {
  return { code, level: 'high', explanation: `${what} is spelt with letters that look like others: ${host}` }
}

function readUrl(href: string): URL | null {
  return /^\s{0,20}https?:/i.test(href) && href.length <= 8192 ? URL.parse(href) : null
}

// Names of files that read like hosts: these are top-level domains too.
const FILE = /\.(?:md|py|sh|zip|mov|rs|pl|cc|ps|so|ai|app|do|id|ml|pm|st)$/

/** The host that the words of a link name, when they are an address and nothing else. */
function hostNamed(shown: string): string | undefined {
  const words = /^(https?:\/\/|www\.)?([a-z0-9.-]{4,253})(?:[/:?#]\S{0,2000})?$/i.exec(shown)
  if (!words?.[2]) return undefined
  const host = words[2].toLowerCase()
  const { domain, isIcann } = parse(host)
  if (!domain || !isIcann || (words[1] === undefined && FILE.test(host))) return undefined
  return host
}

function leadsThere(url: URL, named: string, ownDomain: string | null): boolean {
  const [shown, real] = [registrable(named), registrable(url.hostname)]
  if (shown === real || (real !== null && redirectors.has(real))) return true
  // Senders of many mails count clicks on links to themselves; and what counts them mostly says where it goes.
  return shown === ownDomain || (shown !== null && decoded(url.pathname + url.search).includes(shown))
}

function registrable(host: string): string | null {
  return parse(host).domain
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text).toLowerCase()
  } catch {
    return text.toLowerCase()
  }
}

/** Services that rewrite links: scanners at the receiver, counters at the sender. Where they lead cannot be told from the address. */
const redirectors: ReadonlySet<string> = new Set(
  `outlook.com urldefense.com proofpoint.com mimecast.com mimecastprotect.com barracudanetworks.com cudasvc.com trendmicro.com
  list-manage.com sendgrid.net sendgrid.com mailgun.org mandrillapp.com mailchimp.com hubspotlinks.com hubspotemail.net hs-sites.com
  awstrack.me amazonses.com rs6.net cmail19.com cmail20.com createsend.com exct.net exacttarget.com mktoweb.com marketo.com
  klclick.com klclick1.com klclick2.com klclick3.com klaviyomail.com sparkpostmail.com mailjet.com mjt.lu sendinblue.com brevo.com
  sib.li customeriomail.com intercom-mail.com intercom-clicks.com substack.com beehiiv.com convertkit-mail.com convertkit-mail2.com
  getresponse.com aweber.com activehosted.com acemlna.com acemlnb.com acemlnc.com mlsend.com pstmrk.it postmarkapp.com iterable.com
  braze.com onesignal.com salesforce.com pardot.com eloqua.com en25.com responsys.net bit.ly t.co lnkd.in goo.gl aka.ms`
    .trim()
    .split(/\s+/),
)
