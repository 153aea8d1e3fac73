import manifest from '../package.json' with { type: 'json' }

/** How this program names itself to others (RFC 9110 §10.1.5). */
export const product = `Posthouse/${manifest.version}`
