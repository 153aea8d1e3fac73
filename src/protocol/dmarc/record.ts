export type DmarcPolicy = 'none' | 'quarantine' | 'reject'

/** A DMARC policy record (RFC 9989 §4.7): what evaluation needs of it. */
export interface DmarcRecord {
  /** For the domain itself, for names below it, and for names below it that do not exist. */
  p: DmarcPolicy
  sp: DmarcPolicy
  np: DmarcPolicy
  strictDkim: boolean
  strictSpf: boolean
  /** `y`: of a public suffix. `n`: of an organizational domain. `u`: not told. */
  psd: 'y' | 'n' | 'u'
  /** The owner is testing: the policy to apply is one level below the one told. */
  testing: boolean
  /** False when a policy is misspelled and nobody wants reports: the record is found, but nothing is to be done (§4.10.1). */
  usable: boolean
}

// Longer than any record that means something; what stands behind is not read.
const MAX_LENGTH = 8192

/** RFC 9989 §4.8: `v=DMARC1` comes first and is spelled exactly; all that follows is read as far as it makes sense. */
export function parseDmarcRecord(text: string): DmarcRecord | null {
  if (!/^[vV][ \t]*=[ \t]*DMARC1[ \t]*(?:;|$)/.test(text)) return null
  const tags = readTags(text.slice(0, MAX_LENGTH))
  const [p, sp, np] = ['p', 'sp', 'np'].map((name) => toPolicy(tags.get(name)))
  const broken = p === null || sp === null || np === null
  // A record without `p` counts as `p=none`; a broken one does too, if there is somebody to report to.
  const own = broken ? 'none' : (p ?? 'none')
  const below = broken ? 'none' : (sp ?? own)
  return {
    p: own,
    sp: below,
    np: broken ? 'none' : (np ?? below),
    strictDkim: tags.get('adkim') === 's',
    strictSpf: tags.get('aspf') === 's',
    psd: tags.get('psd') === 'y' ? 'y' : tags.get('psd') === 'n' ? 'n' : 'u',
    testing: tags.get('t') === 'y',
    usable: !broken || hasUri(tags.get('rua')),
  }
}

/** Names and values in lower case; of a tag given twice the first counts. */
function readTags(text: string): Map<string, string> {
  const tags = new Map<string, string>()
  for (const tag of text.split(';').slice(1)) {
    const equals = tag.indexOf('=')
    const name = tag.slice(0, Math.max(equals, 0)).trim().toLowerCase()
    if (name !== '' && !tags.has(name))
      tags.set(
        name,
        tag
          .slice(equals + 1)
          .trim()
          .toLowerCase(),
      )
  }
  return tags
}

/** Null for a policy that does not exist. */
function toPolicy(value: string | undefined): DmarcPolicy | null | undefined {
  return value === undefined || value === 'none' || value === 'quarantine' || value === 'reject' ? value : null
}

function hasUri(list: string | undefined): boolean {
  return (list ?? '').split(',').some((uri) => /^[a-z][a-z0-9+.-]*:[\x21-\x7e]+$/.test(uri.trim()))
}
