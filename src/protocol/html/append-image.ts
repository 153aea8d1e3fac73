/** Puts an image that nobody sees at the end of the body. The address needs no escaping: letters, digits and `:/.-_`. */
export function appendImage(html: string, url: string): string {
  const end = [...html.matchAll(/<\/body\s*>/gi)].at(-1)?.index ?? html.length
  return html.slice(0, end) + imageTag(url) + html.slice(end)
}

/** The same without the image. */
export function removeImage(html: string, url: string): string {
  return html.replaceAll(imageTag(url), '')
}

function imageTag(url: string): string {
  return `<img src="${url}" width="1" height="1" alt="" style="display:block;border:0">`
}
