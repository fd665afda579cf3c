import type { Model } from '../../../kernel/model/model.ts'
import type { Caller } from '../../setup/test-app.ts'

const computations: Readonly<Record<string, object>> = {
  template: { template: '{name} / {code}' },
  formula: { formula: 'name & " / " & code & " of " & lead.company' },
  lookup: { lookup: { through: 'lead', field: 'company' } },
  rollup: {
    rollup: { from: 'crm.leads:lead', through: 'home', measure: { count: '*' } },
  },
}

/**
 * What an organisation makes of its own: an object with a field of every type there is, fields on leads,
 * a role and a view. All labels carry its token.
 */
export function ownContributions(model: Model, token: string) {
  const types = [...(model.contributions.get('fieldTypes')?.values() ?? [])]
  const fields: Record<string, object> = {
    name: { type: 'text', label: `Name ${token}`, required: true, order: 1 },
    code: { type: 'text', label: `Code ${token}`, order: 2 },
    lead: { type: 'relation', label: `Lead ${token}`, to: 'crm.leads:lead', order: 3 },
  }
  for (const { key, ref, definition } of types) {
    const { kind, storage, computed, params } = definition as {
      kind?: string
      storage: string
      computed?: string
      params?: { required?: string[] }
    }
    const name = `my${key.charAt(0).toUpperCase()}${key.slice(1)}`
    fields[name] = {
      type: ref,
      label: `${key} ${token}`,
      ...(kind === 'option' || (kind === 'options' && !/^(?:emails|phones)$/.test(key))
        ? { options: { one: {}, two: {} } }
        : {}),
      ...(kind === 'relation' || kind === 'relations' ? { to: 'crm.accounts:account' } : {}),
      ...(storage === 'computed' ? computations[computed ?? 'template'] : {}),
      ...(params?.required?.includes('prompt') ? { params: { prompt: 'Say it shorter.' } } : {}),
    }
  }
  return {
    entities: {
      property: {
        label: `Property ${token}`,
        labelPlural: `Properties ${token}`,
        plural: 'properties',
        titleField: 'name',
        fields,
      },
    },
    fields: {
      budget: {
        entity: 'crm.leads:lead',
        field: { type: 'currency', label: `Budget ${token}`, order: 900 },
      },
      home: {
        entity: 'crm.leads:lead',
        field: { type: 'relation', label: `Home ${token}`, to: 't:property', order: 903 },
      },
      nickname: {
        entity: 'crm.leads:lead',
        field: { type: 'text', label: `Nickname ${token}`, order: 901 },
      },
      agent: {
        entity: 'crm.leads:lead',
        field: { type: 'user', label: `Agent ${token}`, order: 902 },
      },
    },
    roles: {
      watcher: {
        label: `Watcher ${token}`,
        rules: { look: { operations: ['read'], entity: '*' } },
      },
    },
    views: {
      mine: {
        entity: 't:property',
        label: `Mine ${token}`,
        kind: 'table',
        columns: ['name', 'code'],
      },
    },
  }
}

type Contributions = Readonly<Record<string, Readonly<Record<string, unknown>>>>

/** Drafts and publishes contributions to the own layer, as an admin does it. @returns the revision. */
export async function publish(admin: Caller, contributions: Contributions): Promise<number> {
  const ops = Object.entries(contributions).flatMap(([point, definitions]) =>
    Object.entries(definitions).map(([key, value]) => ({ op: 'set', path: [point, key], value })),
  )
  await succeed(admin.call('PATCH', '/studio/draft', { ops }))
  const { hash } = await succeed<{ hash: string }>(admin.call('POST', '/studio/plan'))
  const published = await succeed<{ revision: number }>(
    admin.call('POST', '/studio/publish', { hash, message: 'Made by a suite' }),
  )
  return published.revision
}

/** @throws with the whole answer when it is not a success. */
export async function succeed<T>(answer: ReturnType<Caller['call']>): Promise<T> {
  const { statusCode, body } = await answer
  if (statusCode >= 300) throw new Error(`${statusCode}: ${body}`)
  return (body === '' ? undefined : JSON.parse(body)) as T
}
