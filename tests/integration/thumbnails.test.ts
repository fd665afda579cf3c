import { crc32, deflateSync } from 'node:zlib'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Caller, startApp, type TestApp } from '../setup/test-app.ts'
import { png, uploadFile } from '../setup/upload-file.ts'

/** Pictures in small: who gets them, and what is not made small. */
let app: TestApp
let acme: Caller
beforeAll(async () => {
  app = await startApp()
  acme = await app.createOrg()
})
afterAll(() => app.stop())

const photo = () =>
  sharp({ create: { width: 1600, height: 800, channels: 3, background: '#3366ff' } })
    .jpeg()
    .toBuffer()
const upload = async (name: string, content: Buffer | string): Promise<string> =>
  (await uploadFile(acme, name, content)).json().id
const small = (id: string, size: number, caller = acme) =>
  caller.call('GET', `/files/${id}/thumbnail?size=${size}`)

describe('a picture in small', () => {
  it('keeps its shape, is WebP, and is the same the second time', async () => {
    const id = await upload('boat.jpg', await photo())
    const first = await small(id, 96)
    expect([first.statusCode, first.headers['content-type']]).toEqual([200, 'image/webp'])
    expect(first.headers['content-disposition']).toMatch(/^inline/)
    const { width, height } = await sharp(first.rawPayload).metadata()
    expect([width, height]).toEqual([96, 48])
    expect((await small(id, 96)).rawPayload.equals(first.rawPayload)).toBe(true)
    const larger = await sharp((await small(id, 480)).rawPayload).metadata()
    expect(larger.width).toBe(480)
  })

  it('is no larger than the picture', async () => {
    const { width } = await sharp(
      (await small(await upload('dot.png', png), 480)).rawPayload,
    ).metadata()
    expect(width).toBe(1)
  })

  it('is nobody else’s, and there is none of what is no picture', async () => {
    const id = await upload('boat.jpg', await photo())
    const other = await app.createOrg()
    expect((await small(id, 96, other)).statusCode).toBe(404)
    const answers = await Promise.all(
      [
        await upload('page.svg', '<svg xmlns="http://www.w3.org/2000/svg"/>'),
        await upload('notes.txt', 'only words'),
        await upload('torn.png', png.subarray(0, 40)),
      ].map((one) => small(one, 96)),
    )
    expect(answers.map((one) => [one.statusCode, one.json().code])).toEqual(
      Array.from({ length: 3 }, () => [404, 'NOT_FOUND']),
    )
    expect((await small(id, 97)).statusCode).toBe(422)
  })

  it('is not begun for one that unpacks to more than is drawn', async () => {
    const bomb = blackPng(12_000, 5_000)
    expect(bomb.length).toBeLessThan(200_000)
    expect((await small(await upload('bomb.png', bomb), 96)).statusCode).toBe(404)
  })
})

/** One bit a pixel, all of them black: megapixels in a few kilobytes. */
function blackPng(width: number, height: number): Buffer {
  const header = Buffer.alloc(13)
  header.writeUInt32BE(width, 0)
  header.writeUInt32BE(height, 4)
  header[8] = 1
  const rows = deflateSync(Buffer.alloc((1 + Math.ceil(width / 8)) * height))
  const chunk = (type: string, data: Buffer) => {
    const body = Buffer.concat([Buffer.from(type), data])
    const around = Buffer.alloc(8)
    around.writeUInt32BE(data.length, 0)
    around.writeUInt32BE(crc32(body), 4)
    return Buffer.concat([around.subarray(0, 4), body, around.subarray(4)])
  }
  return Buffer.concat([
    Buffer.from('89504e470d0a1a0a', 'hex'),
    chunk('IHDR', header),
    chunk('IDAT', rows),
    chunk('IEND', Buffer.alloc(0)),
  ])
}
