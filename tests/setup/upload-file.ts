import type { Caller } from './test-app.ts'

/** Sends a file as a browser does. */
export function uploadFile(caller: Caller, name: string, content: string | Uint8Array) {
  const { body, headers } = multipart(name, content)
  return caller.call('POST', '/files', body, headers)
}

export function multipart(name: string, content: string | Uint8Array) {
  const boundary = 'runway-boundary-of-tests'
  const head =
    `--${boundary}\r\ncontent-disposition: form-data; name="file"; filename="${name}"\r\n` +
    'content-type: image/png\r\n\r\n'
  return {
    body: Buffer.concat([
      Buffer.from(head),
      Buffer.from(content),
      Buffer.from(`\r\n--${boundary}--\r\n`),
    ]),
    headers: { 'content-type': `multipart/form-data; boundary=${boundary}` },
  }
}

/** One pixel. */
export const png = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
)
