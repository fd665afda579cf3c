import { mkdtemp, readdir, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readLines, writeLines } from './files.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'runway-lines-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

async function makeFile(name: string, count: number): Promise<string> {
  const file = path.join(folder, name)
  await writeLines(file, async (write) => {
    for (let at = 0; at < count; at++) await write(`${at} ${Math.sin(at)}`)
  })
  return file
}
async function readAll(file: string): Promise<string[]> {
  const lines: string[] = []
  for await (const line of readLines(file)) lines.push(line)
  return lines
}

describe('lines of a file', () => {
  it('come back as they were written', async () => {
    const lines = await readAll(await makeFile('whole', 5_000))
    expect(lines).toHaveLength(5_000)
    expect(lines[4_999]).toBe(`4999 ${Math.sin(4_999)}`)
  })

  it('leave nothing under the name when writing fails', async () => {
    const failing = writeLines(path.join(folder, 'failed'), async (write) => {
      await write('one')
      throw new Error('no more')
    })
    await expect(failing).rejects.toThrow('no more')
    expect(await readdir(folder)).not.toContainEqual(expect.stringContaining('failed'))
  })

  it('say when the file is missing, is no archive or was cut short', async () => {
    await expect(readAll(path.join(folder, 'missing'))).rejects.toThrow('ENOENT')
    const plain = path.join(folder, 'plain')
    await writeFile(plain, 'hello\n')
    await expect(readAll(plain)).rejects.toThrow('incorrect header check')
    const short = await makeFile('short', 50_000)
    await truncate(short, 100_000)
    await expect(readAll(short)).rejects.toThrow('unexpected end of file')
  })

  // The reader may go away at the first line that is none of ours; what happens to the file then is nobody's error.
  it('let go of the file when reading stops early', async () => {
    const file = await makeFile('left', 200_000)
    for await (const line of readLines(file)) {
      expect(line).toBe('0 0')
      break
    }
    await truncate(file, 70_000)
    await new Promise((resolve) => setTimeout(resolve, 200))
  })
})
