import { execFile } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { packPlugin, pushLayer } from '../../kernel/layer-commands.ts'
import { property, viewing } from '../setup/estate.ts'
import { type Caller, startApp, type TestApp } from '../setup/test-app.ts'
import { runway } from './server-process.ts'

/** What one organisation built moves to another as a package, is upgraded there, and travels as files. */
let app: TestApp
let maker: Caller
let user: Caller
let home: string

const budget = {
  entity: 'crm.leads:lead',
  field: { type: 'currency', label: 'Budget', order: 900 },
}
const share = {
  entity: 'crm.leads:lead',
  field: { type: 'formula', label: 'Share', formula: 'budget * 0.03' },
}
const office = {
  label: 'Office',
  rules: {
    properties: { operations: ['read'], entity: 't:property', condition: { city: 'Hamburg' } },
  },
}
const unrelated = { entity: 'crm.accounts:account', field: { type: 'text', label: 'Unrelated' } }

interface Packed {
  id: string
  version: string
  contributes: Record<string, Record<string, Record<string, unknown>>>
  overrides: { path: string[]; to: unknown }[]
  params?: Record<string, object>
}

beforeAll(async () => {
  app = await startApp()
  maker = await app.createOrg({ name: 'Maker', slug: 'maker' })
  user = await app.createOrg({ name: 'User', slug: 'user' })
  home = await mkdtemp(path.join(tmpdir(), 'runway-packages-'))
  await edit(maker, [
    { op: 'set', path: ['entities', 'property'], value: property },
    { op: 'set', path: ['entities', 'viewing'], value: viewing },
    { op: 'set', path: ['fields', 'budget'], value: budget },
    { op: 'set', path: ['fields', 'share'], value: share },
    { op: 'set', path: ['fields', 'unrelated'], value: unrelated },
    { op: 'set', path: ['roles', 'office'], value: office },
    { op: 'set', target: 'crm.leads:lead', path: ['label'], from: 'Lead', value: 'Enquiry' },
  ])
  await publish(maker)
})
afterAll(async () => {
  await app.stop()
  await rm(home, { recursive: true, force: true })
})

async function edit(who: Caller, ops: object[]): Promise<void> {
  const answer = await who.call('PATCH', '/studio/draft', { ops })
  expect(answer.statusCode, answer.body).toBe(200)
}

async function publish(who: Caller): Promise<void> {
  const { hash } = (await who.call('POST', '/studio/plan')).json()
  const answer = await who.call('POST', '/studio/publish', { hash, message: 'Next' })
  expect(answer.statusCode, answer.body).toBe(201)
}

async function exported(parts: object): Promise<Packed> {
  const answer = await maker.call('POST', '/studio/export', {
    id: 'maker.estates',
    version: '1.0.0',
    title: 'Estates',
    ...parts,
  })
  expect(answer.statusCode, answer.body).toBe(200)
  return answer.json()
}

const labelOf = async (who: Caller, ref: string, field: string) => {
  const { entities } = (await who.call('GET', '/model')).json<{
    entities: { ref: string; fields: { key: string; label: string }[] }[]
  }>()
  return entities.find((one) => one.ref === ref)?.fields.find(({ key }) => key === field)?.label
}

describe('an export', () => {
  it('takes what was picked and what that needs, and nothing else', async () => {
    const packed = await exported({ pick: ['entities/t:property', 'fields/share'] })
    expect(Object.keys(packed.contributes['entities']!).sort()).toEqual(['property', 'viewing'])
    expect(Object.keys(packed.contributes['fields']!).sort()).toEqual(['budget', 'share'])
    expect(packed.contributes).not.toHaveProperty('roles')
    expect(packed.overrides).toEqual([])
    const words = await exported({ pick: ['overrides/entities/crm.leads:lead'] })
    expect(words.overrides).toMatchObject([{ path: ['label'], to: 'Enquiry' }])
  })

  it('names every pick that is not there, and every place of a parameter at which nothing stands', async () => {
    const body = { id: 'maker.estates', pick: ['entities/house', 'overrides/entities/x:y'] }
    const answer = await maker.call('POST', '/studio/export', body)
    expect(answer.statusCode).toBe(422)
    expect(answer.json().errors.map(({ path: at }: { path: string }) => at)).toEqual([
      'pick/0',
      'pick/1',
    ])
    const params = { office: 'roles/office/rules/none', 'no-name': 'roles/office/label' }
    const wrong = await maker.call('POST', '/studio/export', { id: 'maker.estates', params })
    expect(wrong.json().errors).toMatchObject([
      { path: 'params/office', code: 'UNKNOWN_RECORD' },
      { path: 'params/no-name', code: 'BAD_FORMAT' },
    ])
  })

  it('leaves to each organisation what it says for itself', async () => {
    const place = 'roles/office/rules/properties/condition/city'
    const packed = await exported({ params: { city: place } })
    expect(packed.params).toEqual({ city: { title: 'city of roles/office', type: 'string' } })
    expect(JSON.stringify(packed)).not.toContain('Hamburg')
    const without = await user.call('POST', '/studio/packages', { manifest: packed })
    expect(without.json().errors).toMatchObject([
      { path: 'maker.estates/params/city', code: 'REQUIRED' },
    ])
    const wrong = { manifest: packed, params: { city: 5, town: 'x' } }
    expect((await user.call('POST', '/studio/packages', wrong)).json().errors).toMatchObject([
      { path: 'maker.estates/params/town', code: 'UNKNOWN_FIELD' },
      { path: 'maker.estates/params/city', code: 'WRONG_TYPE' },
    ])
  })
})

describe('a package in another organisation', () => {
  let packed: Packed
  let made: { id: string }

  it('is shown before it is installed, and then works at once', async () => {
    const place = 'roles/office/rules/properties/condition/city'
    packed = await exported({ params: { city: place } })
    const body = { manifest: packed, params: { city: 'Bremen' } }
    const looked = await user.call('POST', '/studio/packages', { ...body, dryRun: true })
    expect(looked.statusCode, looked.body).toBe(200)
    expect(looked.json()).toMatchObject({ id: 'maker.estates', version: '1.0.0', from: null })
    expect(looked.json().items.map(({ text }: { text: string }) => text)).toContain(
      'Adds the object "Property" with 13 fields.',
    )
    expect((await user.call('GET', '/properties')).statusCode).toBe(404)

    expect((await user.call('POST', '/studio/packages', body)).statusCode).toBe(200)
    const lead = await user.call('POST', '/leads', { name: 'Ada', budget: '100' })
    expect(lead.json()).toMatchObject({ budget: { amount: '100.00' }, share: 3 })
    made = (await user.call('POST', '/properties', { street: 'Kai 1', city: 'Bremen' })).json()
    await user.call('POST', '/properties', { street: 'Kai 2', city: 'Hamburg' })
    const clerk = await app.createKey(user.orgId, { role: 'maker.estates:office' })
    const seen = (await clerk.call('GET', '/properties')).json().data
    expect(seen).toMatchObject([{ street: 'Kai 1' }])
    expect((await user.call('GET', '/studio/packages')).json().data).toMatchObject([
      {
        id: 'maker.estates',
        title: 'Estates',
        params: { city: 'Bremen' },
        contributes: { entities: 2 },
      },
    ])
  })

  it('is upgraded leaf by leaf: what changed on both sides waits for a decision', async () => {
    const target = 'entities/maker.estates:property'
    await edit(user, [
      { op: 'set', target, path: ['fields', 'city', 'label'], value: 'Town' },
      { op: 'set', target, path: ['fields', 'area', 'label'], value: 'Square metres' },
      { op: 'set', target, path: ['fields', 'rooms', 'label'], value: 'Number of rooms' },
    ])
    await publish(user)
    const next = structuredClone(packed) as Packed
    next.version = '1.1.0'
    const fields = next.contributes['entities']!['property']!['fields'] as Record<
      string,
      Record<string, unknown>
    >
    fields['city']!['label'] = 'Place'
    fields['street']!['label'] = 'Street and number'
    delete fields['rooms']
    const answer = await user.call('POST', '/studio/packages', { manifest: next })
    expect(answer.statusCode, answer.body).toBe(200)
    expect(answer.json()).toMatchObject({ version: '1.1.0', from: '1.0.0' })
    const { data } = (await user.call('GET', '/studio/review')).json()
    expect(data).toMatchObject(answer.json().review)
    expect(data[0]).toMatchObject({ label: 'Property' })
    expect(data).toMatchObject([
      {
        path: ['fields', 'city', 'label'],
        fate: 'review',
        was: null,
        mine: 'Town',
        theirs: 'Place',
      },
      { path: ['fields', 'rooms', 'label'], fate: 'parked', mine: 'Number of rooms', theirs: null },
    ])
    const ref = 'maker.estates:property'
    expect(await labelOf(user, ref, 'city')).toBe('Town')
    expect(await labelOf(user, ref, 'area')).toBe('Square metres')
    expect(await labelOf(user, ref, 'street')).toBe('Street and number')
    expect((await user.call('GET', `/properties/${made.id}`)).json()).toMatchObject({
      city: 'Bremen',
    })
  })

  it('takes a decision for each leaf, and asks again only when upstream changes again', async () => {
    const at = { point: 'entities', target: 'maker.estates:property' }
    const city = { ...at, path: ['fields', 'city', 'label'] }
    const rooms = { ...at, path: ['fields', 'rooms', 'label'] }
    const kept = await user.call('POST', '/studio/review', { ...rooms, take: 'mine' })
    expect(kept.statusCode).toBe(422)
    await user.call('POST', '/studio/review', { ...rooms, take: 'theirs' })
    const left = await user.call('POST', '/studio/review', { ...city, take: 'mine' })
    expect(left.json()).toEqual({ data: [] })
    expect((await user.call('POST', '/studio/review', { ...city, take: 'mine' })).statusCode).toBe(
      404,
    )
    await publish(user)
    expect(await labelOf(user, 'maker.estates:property', 'city')).toBe('Town')
    expect((await user.call('GET', '/studio/review')).json().data).toEqual([])
  })

  it('goes and comes back with its records', async () => {
    const gone = await user.call('DELETE', '/studio/packages/maker.estates?dryRun=true')
    expect(gone.json().items).toContainEqual(
      expect.objectContaining({
        severity: 'destructive',
        text: 'Removes the object "Property". 2 properties can no longer be reached.',
      }),
    )
    expect((await user.call('GET', '/properties')).statusCode).toBe(200)
    expect((await user.call('DELETE', '/studio/packages/maker.estates')).statusCode).toBe(200)
    expect((await user.call('GET', '/properties')).statusCode).toBe(404)
    expect((await user.call('DELETE', '/studio/packages/maker.estates')).statusCode).toBe(404)
    const body = { manifest: packed, params: { city: 'Bremen' } }
    expect((await user.call('POST', '/studio/packages', body)).statusCode).toBe(200)
    expect((await user.call('GET', `/properties/${made.id}`)).json()).toMatchObject({
      street: 'Kai 1',
    })
  })

  it('is refused when it would take an address, has code, or gives rights that the installer lacks', async () => {
    const own = await maker.call('POST', '/studio/packages', {
      manifest: packed,
      params: { city: 'x' },
    })
    expect(own.statusCode).toBe(422)
    expect(own.json().errors.map(({ message }: { message: string }) => message)).toContainEqual(
      expect.stringContaining('"properties" belongs to an object of your own'),
    )
    const trusted = { ...packed, id: 'maker.code', tier: 'trusted' }
    expect(
      (await user.call('POST', '/studio/packages', { manifest: trusted })).json(),
    ).toMatchObject({
      errors: [{ path: 'tier' }],
    })
    const builder = await app.createKey(user.orgId, {
      role: 'admin',
      scopes: ['studio:write', 'studio:read'],
    })
    const greedy = {
      ...packed,
      id: 'maker.greedy',
      params: {},
      overrides: [],
      contributes: { roles: { all: { label: 'All', admin: true, rules: {} } } },
    }
    const refused = await builder.call('POST', '/studio/packages', { manifest: greedy })
    expect(refused.statusCode).toBe(403)
    const evil = await user.call('POST', '/studio/packages', {
      manifest: JSON.parse('{"id":"a.b","__proto__":{"x":1}}'),
    })
    expect([400, 422]).toContain(evil.statusCode)
  })
})

describe('the list of plugins', () => {
  it('says what each contributes and may do, and names one that this installation lost', async () => {
    await app.house.db.query(user.orgId, {
      text: `insert into tenant.plugin_state (org_id, plugin, state, changed_by) values ($1, 'acme.gone', 'enabled', '{}')`,
      values: [user.orgId],
    })
    const { data } = (await user.call('GET', '/plugins')).json()
    const leads = data.find(({ id }: { id: string }) => id === 'crm.leads')
    expect(leads).toMatchObject({ tier: 'trusted', contributes: { entities: 1 } })
    const gone = data.find(({ id }: { id: string }) => id === 'acme.gone')
    expect(gone).toMatchObject({ state: 'missing', version: null })
    const answer = await user.call('PATCH', '/plugins/acme.gone', { state: 'disabled' })
    expect(answer.statusCode).toBe(409)
    expect(answer.json().detail).toContain('not part of this installation any more')
  })
})

describe('a layer as files', () => {
  const command = (...args: string[]) =>
    runway(args, {
      DATABASE_URL: app.database.serverUrl,
      DATABASE_ADMIN_URL: app.database.adminUrl,
      RUNWAY_SECRET_KEY: app.database.secretKey,
      RUNWAY_DATA_DIR: path.join(home, 'data'),
    })
  const folder = () => path.join(home, 'layer')
  /** What a command does, without the process around it: that costs seconds. */
  async function push(options: Partial<Parameters<typeof pushLayer>[4]> = {}) {
    const out: string[] = []
    const err: string[] = []
    const voice = {
      out: (line: string) => void out.push(line),
      say: (line: string) => void err.push(line),
    }
    const how = { dryRun: false, publish: false, message: 'From files', ...options }
    const code = await pushLayer(voice, app, { orgId: maker.orgId, slug: 'maker' }, folder(), how)
    return { code, out: out.join('\n'), err: err.join('\n') }
  }
  const file = () => path.join(folder(), 'contributes/entities/property.json')

  it('is pulled with one file per definition', async () => {
    const { code, out, err } = await command('studio', 'pull', '--org', 'maker', folder())
    expect(code, err).toBe(0)
    expect(JSON.parse(out)).toMatchObject({ org: 'maker', revision: 1 })
    expect(await readdir(path.join(folder(), 'contributes/fields'))).toEqual([
      'budget.json',
      'share.json',
      'unrelated.json',
    ])
  })

  it('is pushed as a plan, then as a revision, beside what others changed meanwhile', async () => {
    await edit(maker, [
      { op: 'set', path: ['entities', 'viewing', 'label'], from: 'Viewing', value: 'Visit' },
    ])
    await publish(maker)
    const changed = JSON.parse(await readFile(file(), 'utf8'))
    changed.fields.garden = { type: 'boolean', label: 'Garden' }
    await writeFile(file(), JSON.stringify(changed))
    await rm(path.join(folder(), 'contributes/fields/unrelated.json'))
    const looked = await push({ dryRun: true })
    expect(looked.code, looked.err).toBe(0)
    expect(looked.err).toContain('breaking     Removes the field "Unrelated" from accounts.')
    expect((await maker.call('GET', '/studio/draft')).json()).toMatchObject({ changed: false })
    const done = await command('studio', 'push', '--org', 'maker', folder(), '--publish')
    expect(done.code, done.err).toBe(0)
    expect(JSON.parse(done.out)).toMatchObject({ edits: 2, revision: 3 })
    expect(await labelOf(maker, 't:property', 'garden')).toBe('Garden')
    const { contributes } = (await maker.call('GET', '/studio/draft')).json().document
    expect(contributes.entities.viewing.label).toBe('Visit')
    expect(contributes.fields).not.toHaveProperty('unrelated')
  })

  it('is not pushed over the same leaf of somebody else: both values are told', async () => {
    await edit(maker, [
      { op: 'set', path: ['entities', 'property', 'label'], from: 'Property', value: 'Home' },
    ])
    const changed = JSON.parse(await readFile(file(), 'utf8'))
    await writeFile(file(), JSON.stringify({ ...changed, label: 'Estate' }))
    const { code, err } = await push()
    expect(code).toBe(1)
    expect(err).toContain('entities/property/label: there "Home", here "Estate"')
    await maker.call('DELETE', '/studio/draft')
  })

  it('packs a plugin folder into one file, which installs into an organisation', async () => {
    const plugin = path.join(home, 'plugin')
    const packed = path.join(home, 'boats.json')
    await promisify(execFile)('mkdir', ['-p', path.join(plugin, 'contributes/entities')])
    const envelope = {
      id: 'acme.boats',
      version: '1.0.0',
      contract: 1,
      title: 'Boats',
      tier: 'declarative',
      requires: { 'platform.fields': '^1.0.0' },
    }
    await writeFile(path.join(plugin, 'plugin.json'), JSON.stringify(envelope))
    await writeFile(
      path.join(plugin, 'contributes/entities/boat.json'),
      JSON.stringify({
        label: 'Boat',
        labelPlural: 'Boats',
        plural: 'boats',
        titleField: 'name',
        fields: { name: { type: 'text', label: 'Name' } },
      }),
    )
    const made = await command('plugin', 'pack', plugin, '--out', packed)
    expect(made.code, made.err).toBe(0)
    const installed = await command('plugin', 'install', packed, '--org', 'user')
    expect(installed.code, installed.err).toBe(0)
    expect(JSON.parse(installed.out)).toMatchObject({ id: 'acme.boats', from: null })
    expect((await user.call('POST', '/boats', { name: 'Ada' })).statusCode).toBe(201)
    const voice = { out: () => {}, say: () => {} }
    const trusted = packPlugin(voice, app.house.deployment.model, 'plugins/crm/leads', packed)
    await expect(trusted).rejects.toThrow('has code')
  })
})
