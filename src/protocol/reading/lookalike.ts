/** Letters of other scripts that are drawn like Latin ones. */
const TWINS = /^[аеорсухіјѕԁԛԝһӏαικνορυχϲϳոսօհ0-9-]+$/u

const LATIN = /\p{Script=Latin}/u
const OTHER = /[\p{Script=Cyrillic}\p{Script=Greek}\p{Script=Armenian}\p{Script=Cherokee}]/u
const ASCII = /^[\u0000-\u007f]*$/

/** Whether a host (in Unicode) is spelt so that it is taken for another: scripts mixed in one label, or a label of twins only. */
export function isLookalike(host: string): boolean {
  if (ASCII.test(host)) return false
  const labels = host.toLowerCase().split('.')
  // A name under a top-level domain of its own script is what it seems.
  const isForeign = !ASCII.test(labels.at(-1) ?? '')
  return labels.some((label) => OTHER.test(label) && (LATIN.test(label) || (!isForeign && TWINS.test(label))))
}
