import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { loadPlugins } from './load-plugins.ts'

let root: string

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'plugins-'))
  await plugin('platform/fields', fields, 'export const handlers = { codec: () => ({}) }')
})
afterEach(() => rm(root, { recursive: true }))

async function plugin(path: string, manifest: object, code?: string): Promise<void> {
  const folder = join(root, path)
  await mkdir(folder, { recursive: true })
  const id = path.replaceAll('/', '.')
  const whole = { id, version: '1.0.0', contract: 1, title: id, tier: 'trusted', ...manifest }
  await writeFile(join(folder, 'plugin.json'), JSON.stringify(whole))
  if (code !== undefined) await writeFile(join(folder, 'index.mjs'), code)
}

const type = (key: string) => ({
  label: key,
  storage: 'text',
  value: {},
  operators: [],
  editor: 'text',
  display: 'text',
  handler: 'codec',
})
const types = ['text', 'email', 'phone', 'tags', 'boolean', 'integer', 'relation']
const fields = {
  main: './index.mjs',
  handlers: { codec: {} },
  contributes: { fieldTypes: Object.fromEntries(types.map((key) => [key, type(key)])) },
}
const job = { main: 'index.mjs', contributes: { jobs: { sweep: { handler: 'sweep' } } } }

const load = () => loadPlugins([root])
const reasonOf = async (id: string) => (await load()).plugins.get(id)?.reason

describe('loadPlugins', () => {
  it('finds plugins by their folders, loads them and binds their handlers', async () => {
    const code = 'export const handlers = { sweep: () => 42 }'
    await plugin('crm/leads', { ...job, handlers: { sweep: {} } }, code)
    await mkdir(join(root, 'crm/empty'))
    const deployment = await load()
    expect([...deployment.plugins.keys()]).toEqual(['crm.leads', 'platform.fields'])
    expect(deployment.plugins.get('crm.leads')).toMatchObject({ state: 'ready', reason: null })
    expect(deployment.model.layers).toEqual(['kernel', 'crm.leads', 'platform.fields'])
    expect(deployment.handler('crm.leads', 'sweep')).toBeTypeOf('function')
    expect(deployment.handler('crm.leads', 'other')).toBeUndefined()
    expect(deployment.fieldTypeHandler('platform.fields:text')).toBeTypeOf('function')
    expect(() => deployment.fieldTypeHandler('platform.fields:video')).toThrow(RangeError)
    expect(deployment.problems).toEqual([])
  })

  it.each([
    ['not declared', {}, 'export const handlers = { sweep() {} }', 'not declared under "handlers"'],
    ['not exported', { handlers: { sweep: {} } }, 'export const handlers = {}', 'not exported'],
    [
      'not used',
      { handlers: { sweep: {}, more: {} } },
      'export const handlers = { sweep() {}, more() {} }',
      '"more" is not used by a contribution',
    ],
    [
      'no function',
      { handlers: { sweep: {} } },
      'export const handlers = { sweep: 1 }',
      'not a function',
    ],
    ['without an export', { handlers: { sweep: {} } }, 'export default {}', 'does not export'],
    ['in a broken module', { handlers: { sweep: {} } }, 'throw new Error("boom")', 'boom'],
  ])('fails a plugin alone whose handler is %s', async (_name, parts, code, reason) => {
    await plugin('crm/leads', { ...job, ...parts }, code)
    const deployment = await load()
    const failed = deployment.plugins.get('crm.leads')
    expect(failed).toMatchObject({ state: 'failed', failedAfter: 'resolved' })
    expect(failed?.reason).toContain(reason)
    expect(deployment.plugins.get('platform.fields')?.state).toBe('ready')
    expect(deployment.model.layers).toEqual(['kernel', 'platform.fields'])
    expect(deployment.handler('crm.leads', 'sweep')).toBeUndefined()
  })

  it('fails what requires a failed plugin, and lets what only enhances it go on', async () => {
    await plugin('crm/leads', { contributes: { nonsense: {} } })
    await plugin('crm/deals', { requires: { 'crm.leads': '*' } })
    await plugin('crm/more', {
      enhances: { 'crm.leads': '*' },
      contributes: { pages: { leads: { label: 'Leads', path: '/l', entity: 'crm.leads:lead' } } },
    })
    const { plugins, model } = await load()
    expect([...plugins.values()].map(({ id, state }) => `${id} ${state}`)).toEqual([
      'crm.deals failed',
      'crm.leads failed',
      'crm.more ready',
      'platform.fields ready',
    ])
    expect(model.pages.has('crm.more:leads')).toBe(false)
  })

  it('fails a plugin with every problem of its manifest', async () => {
    await plugin('crm/leads', {
      contributes: { pages: { a: { label: '', path: 'a' } }, jobs: { b: {} } },
    })
    const { plugins } = await load()
    expect(plugins.get('crm.leads')?.problems.map(({ at }) => at)).toEqual([
      'crm.leads/pages/a/label',
      'crm.leads/pages/a/path',
      'crm.leads/jobs/b/handler',
    ])
  })

  it('does not run the code of a plugin whose manifest is wrong', async () => {
    const code = 'globalThis.ranTooEarly = true; export const handlers = {}'
    await plugin('crm/leads', { main: 'index.mjs', contributes: { nonsense: {} } }, code)
    expect(await reasonOf('crm.leads')).toContain('nonsense')
    expect(globalThis).not.toHaveProperty('ranTooEarly')
  })

  it('says what is wrong with a file instead of throwing', async () => {
    await mkdir(join(root, 'crm/leads'), { recursive: true })
    await writeFile(join(root, 'crm/leads/plugin.json'), '{')
    expect(await reasonOf('crm.leads')).toContain('plugin.json is not JSON')
    await plugin('crm/leads', { id: 'crm.deals' })
    expect(await reasonOf('crm.leads')).toContain('stands for "crm.leads"')
  })

  it('has no plugins where there is no folder', async () => {
    expect((await loadPlugins([join(root, 'nowhere')])).plugins.size).toBe(0)
  })

  it('loads every plugin of the checkout without a problem', async () => {
    const folder = join(dirname(fileURLToPath(import.meta.url)), '../../plugins')
    const { plugins, problems } = await loadPlugins([folder])
    expect(problems).toEqual([])
    expect([...plugins.values()].every(({ state }) => state === 'ready')).toBe(true)
  })
})
