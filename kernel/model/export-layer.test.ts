import { InvalidError } from '@runwaycrm/sdk'
import { describe, expect, it } from 'vitest'
import { baseLayers } from '../../tests/setup/test-layers.ts'
import { composeModel } from './compose-model.ts'
import { exportLayer, toFolder } from './export-layer.ts'
import { emptyDocument } from './layer-document.ts'

const base = composeModel(baseLayers)
const request = { id: 'acme.estate', version: '1.0.0', title: 'Real estate' }

const document = {
  ...emptyDocument,
  contributes: {
    entities: {
      home: {
        label: 'Home (t:home)',
        labelPlural: 'Homes',
        plural: 'homes',
        titleField: 'name',
        fields: {
          name: { type: 'text' },
          next: { type: 'relation', to: 't:home' },
          lead: { type: 'relation', to: 'crm.leads:lead' },
        },
      },
    },
    roles: {
      agent: {
        label: 'Agent',
        rules: { homes: { operations: ['manage'], entity: 't:home' } },
        permissions: ['actions:t:sell', 'actions:crm.accounts:merge', 'import'],
      },
    },
  },
  overrides: [
    { point: 'entities', target: 'kernel:user', path: ['label'], from: 'User', to: 'Mate' },
  ],
  storageIds: { 'entities/home/fields/name': 'f_secret' },
}

describe('exportLayer', () => {
  const manifest = exportLayer(document, request, base)

  it('renames references and nothing else, and leaves storage ids behind', () => {
    expect(manifest.contributes?.['entities']?.['home']).toMatchObject({
      label: 'Home (t:home)',
      fields: { next: { to: 'acme.estate:home' }, lead: { to: 'crm.leads:lead' } },
    })
    expect(manifest.contributes?.['roles']?.['agent']).toMatchObject({
      rules: { homes: { entity: 'acme.estate:home' } },
      permissions: ['actions:acme.estate:sell', 'actions:crm.accounts:merge', 'import'],
    })
    expect(JSON.stringify(manifest)).not.toContain('f_secret')
  })

  it('requires what it uses', () => {
    expect(manifest).toMatchObject({
      tier: 'declarative',
      requires: { 'crm.accounts': '^1.0.0', 'crm.leads': '^1.0.0' },
    })
    expect(Object.keys(manifest.requires ?? {})).toHaveLength(2)
  })

  it('comes as files with one contribution each', () => {
    const files = toFolder(manifest)
    expect([...files.keys()]).toEqual([
      'plugin.json',
      'contributes/entities/home.json',
      'contributes/roles/agent.json',
    ])
    expect(JSON.parse(files.get('plugin.json') ?? '')).not.toHaveProperty('contributes')
  })

  it.each([
    ['the id of a record', '0197c3b4-5f6a-7c8d-9e0f-a1b2c3d4e5f6'],
    ['an email address', 'Ask ada@example.com'],
    ['a secret', 'sk_live_0123456789abcdef'],
    ['a secret', 'xoxb-1234-abcd'],
    ['a secret', 'AKIAIOSFODNN7EXAMPLE'],
    ['a secret', '-----BEGIN RSA PRIVATE KEY-----'],
    ['a secret', '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'],
  ])('refuses %s with its place (%s)', (form, text) => {
    const roles = { agent: { label: 'Agent', description: text, rules: {} } }
    const spoilt = { ...emptyDocument, contributes: { roles } }
    expect(() => exportLayer(spoilt, request, base)).toThrow(InvalidError)
    try {
      exportLayer(spoilt, request, base)
    } catch (error) {
      const [issue] = (error as InstanceType<typeof InvalidError>).errors ?? []
      expect(issue?.path).toBe('roles/agent/description')
      expect(issue?.message).toContain(form)
    }
  })

  it('refuses an id that no plugin can have', () => {
    expect(() => exportLayer(document, { ...request, id: '3com.own' }, base)).toThrow(InvalidError)
  })

  it('lets ordinary words pass', () => {
    const description =
      'Everything that an agent needs to know about 32 houses, in one-and-the-same place'
    const roles = { agent: { label: 'Agent', description, rules: {} } }
    expect(() =>
      exportLayer({ ...emptyDocument, contributes: { roles } }, request, base),
    ).not.toThrow()
  })
})
