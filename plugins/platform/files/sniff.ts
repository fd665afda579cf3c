import { open } from 'node:fs/promises'
import { fileTypeFromBuffer } from 'file-type'
import { imageSize, type Size } from './image-size.ts'

export interface Sniffed {
  /** By the content alone: neither the name nor what the sender says counts. */
  readonly type: string
  /** Of pictures whose header tells it. */
  readonly size: Size | null
}

/** As much as is ever looked at. Nothing is unpacked or decoded, so a bomb stays a small file. */
const headBytes = 65_536

/** Pictures that browsers draw and that cannot run anything. */
export const pictureTypes: ReadonlySet<string> = new Set([
  'image/png',
  'image/jpeg',
  'image/gif',
  'image/webp',
  'image/avif',
  'image/bmp',
])

export async function sniff(path: string): Promise<Sniffed> {
  const file = await open(path, 'r')
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(headBytes), 0, headBytes, 0)
    return await sniffHead(buffer.subarray(0, bytesRead))
  } finally {
    await file.close()
  }
}

async function sniffHead(head: Buffer): Promise<Sniffed> {
  // The first kilobytes decide about every kind; the rest is for sizes of pictures.
  const known = await fileTypeFromBuffer(head.subarray(0, 4_100)).catch(() => undefined)
  if (known && known.mime !== 'application/xml') {
    const type = known.mime === 'image/apng' ? 'image/png' : known.mime
    return { type, size: pictureTypes.has(type) ? imageSize(head, type) : null }
  }
  return { type: textType(head), size: null }
}

function textType(head: Buffer): string {
  if (head.length === 0) return 'application/x-empty'
  if (head.includes(0)) return 'application/octet-stream'
  const text = head.toString('utf8')
  // A character may be cut off at the end of the head.
  if (text.slice(0, -4).includes('\ufffd')) return 'application/octet-stream'
  const start = text.trimStart().toLowerCase()
  if (/<svg[\s>]/.test(start)) return 'image/svg+xml'
  if (/<(?:!doctype html|html|head|body|script|iframe)[\s>]/.test(start)) return 'text/html'
  return start.startsWith('<?xml') ? 'application/xml' : 'text/plain'
}
