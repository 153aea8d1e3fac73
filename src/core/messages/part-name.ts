import { endingOf } from './content-types.ts'
import type { Part } from './model.ts'

/** What a part is called in lists and when it is saved: its own name, or one made of its place among the attachments and of its type. */
export function partName({ filename, contentType }: Pick<Part, 'filename' | 'contentType'>, at: number): string {
  return filename || `attachment-${at + 1}.${endingOf(contentType)}`
}
