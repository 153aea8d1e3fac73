import { asBuffer } from './as-buffer.ts'
import { decodeTransfer, type TransferEncoding } from './transfer-encoding.ts'

/** Where a part's encoded body is inside the message, and how it is encoded. */
export interface EncodedRange {
  offset: number
  length: number
  encoding: TransferEncoding
}

/** The exact decoded bytes of a part; of 7bit, 8bit and binary ones a view on `message`, not a copy. */
export function decodePart(message: Uint8Array, part: EncodedRange): Buffer {
  return decodeTransfer(encodedBytes(message, part), part.encoding).bytes
}

/** The part's bytes as they travel. */
export function encodedBytes(message: Uint8Array, part: Pick<EncodedRange, 'offset' | 'length'>): Buffer {
  return asBuffer(message).subarray(part.offset, part.offset + part.length)
}
