import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { readPlugin } from './read-plugin.ts'

let folder: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'plugin-'))
})
afterEach(() => rm(folder, { recursive: true }))

async function write(files: Record<string, string | Uint8Array>): Promise<void> {
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true })
    await writeFile(join(folder, name), content)
  }
}

const read = () => readPlugin(folder, 'crm.leads')
const nested = (levels: number): string => `${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`

describe('readPlugin', () => {
  it('folds files of single contributions into plugin.json', async () => {
    await write({
      'plugin.json': '{"id":"crm.leads","contributes":{"pages":{"a":{"label":"A"}}}}',
      'contributes/pages/b.json': '{"label":"B"}',
      'contributes/events/lead.scored.json': '{"label":"Scored"}',
      'contributes/events/README.md': 'ignored',
    })
    const { document, problems } = await read()
    expect(problems).toEqual([])
    expect(document).toEqual({
      id: 'crm.leads',
      contributes: {
        pages: { a: { label: 'A' }, b: { label: 'B' } },
        events: { 'lead.scored': { label: 'Scored' } },
      },
    })
  })

  it('writes down the order in which fields and options stand in a file', async () => {
    await write({
      'plugin.json': '{"id":"crm.leads"}',
      'contributes/entities/lead.json': JSON.stringify({
        fields: {
          name: { type: 'text' },
          stage: { type: 'select', order: 50, options: { won: {}, lost: {} } },
          email: { type: 'email' },
        },
      }),
    })
    const { document } = await read()
    expect(document).toMatchObject({
      contributes: {
        entities: {
          lead: {
            fields: {
              name: { order: 10 },
              stage: { order: 50, options: { won: { order: 10 }, lost: { order: 20 } } },
              email: { order: 60 },
            },
          },
        },
      },
    })
  })

  it.each([
    ['a missing plugin.json', {}, 'cannot be read'],
    ['a byte order mark', { 'plugin.json': '\uFEFF{}' }, 'byte order mark'],
    ['text that is not JSON', { 'plugin.json': '{"id":}' }, 'is not JSON'],
    [
      'bytes that are not UTF-8',
      { 'plugin.json': new Uint8Array([0x7b, 0xff, 0x7d]) },
      'is not JSON',
    ],
    ['a list', { 'plugin.json': '[]' }, 'does not hold an object'],
    ['more than a megabyte', { 'plugin.json': `{"a":"${'x'.repeat(1_000_001)}"}` }, 'bytes'],
    ['too many levels', { 'plugin.json': nested(13) }, 'nested deeper'],
    ['a prototype', { 'plugin.json': '{"__proto__":{"tier":"trusted"}}' }, '"__proto__"'],
    [
      'a prototype in a contribution',
      { 'plugin.json': '{}', 'contributes/pages/a.json': '{"constructor":{"prototype":1}}' },
      '"constructor"',
    ],
  ] as [string, Record<string, string | Uint8Array>, string][])(
    'reports %s and does not throw',
    async (_name, files, message) => {
      await write(files)
      const { document, problems } = await read()
      expect(document).toBeNull()
      expect(problems.map((problem) => problem.message).join('\n')).toContain(message)
      expect(problems[0]?.at.startsWith('crm.leads')).toBe(true)
    },
  )

  it('counts the nesting of a contribution from the contribution', async () => {
    await write({ 'plugin.json': '{}', 'contributes/pages/a.json': nested(12) })
    expect((await read()).problems).toEqual([])
    await write({ 'contributes/pages/a.json': nested(13) })
    expect((await read()).problems).toHaveLength(1)
  })

  it('reports every broken file at once, and a contribution that stands twice', async () => {
    await write({
      'plugin.json': '{"contributes":{"pages":{"a":{}}}}',
      'contributes/pages/a.json': '{}',
      'contributes/pages/b.json': 'nope',
      'contributes/pages/c.json': '"text"',
    })
    const places = (await read()).problems.map((problem) => problem.at)
    expect(places).toEqual(['crm.leads/pages/a', 'crm.leads/pages/b', 'crm.leads/pages/c'])
  })
})
