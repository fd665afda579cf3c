import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Manifest } from '@runwaycrm/sdk'
import fc from 'fast-check'
import { beforeAll, expect, it, vi } from 'vitest'
import { checkEnvelope } from '../../kernel/manifest/check-plugin.ts'
import type { Problem } from '../../kernel/manifest/problem.ts'
import { checkDocument } from '../../kernel/model/check-document.ts'
import { composeModel } from '../../kernel/model/compose-model.ts'
import { applyOperations } from '../../kernel/model/draft-operations.ts'
import { createLayer } from '../../kernel/model/layer.ts'
import { emptyDocument } from '../../kernel/model/layer-document.ts'
import type { Model } from '../../kernel/model/model.ts'
import { discoverPlugins } from '../../kernel/plugins/discover.ts'
import { loadPlugins } from '../../kernel/plugins/load-plugins.ts'

/**
 * Manifests that somebody got wrong, by accident or on purpose: whatever they hold, checking and
 * composing tells problems, throws nothing, runs nothing and leaves every prototype as it was.
 */
const seed = Number(process.env['RUNWAY_SEED'] ?? 20_261_125)
const numRuns = Number(process.env['RUNWAY_RUNS'] ?? 2_000)
vi.setConfig({ testTimeout: 300_000 + numRuns * 30 })
beforeAll(() => console.info(`manifests: RUNWAY_SEED=${seed} RUNWAY_RUNS=${numRuns}`))

const roots = [fileURLToPath(new URL('../../plugins/', import.meta.url))]
const kernel = JSON.parse(
  readFileSync(new URL('../../kernel/kernel.json', import.meta.url), 'utf8'),
) as Manifest
const found = await discoverPlugins(roots)
const { model } = await loadPlugins(roots)
const originals = [kernel, ...found.flatMap(({ manifest }) => manifest ?? [])]

const code = 'globalThis.evaluated = true'
const attack = `x" + (${code}) + "`

const nasty = fc.oneof(
  fc.constantFrom<unknown>(
    null,
    '',
    0,
    -1,
    1e308,
    true,
    [],
    {},
    '__proto__',
    'constructor',
    attack,
    `\${${code}}`,
    '(a+)+$',
    '\u0000',
    '\ud800',
    '../../../etc/passwd',
    `data:text/javascript,${code}`,
    'x'.repeat(10_000),
    { $ref: '#' },
    { $ref: 'http://127.0.0.1/schema' },
    { $id: 'x', pattern: '(a+)+$' },
    { type: 'object', properties: { [attack]: { type: 'string' } } },
    { enum: [attack], const: attack, default: attack },
    { required: [attack], additionalProperties: { not: {} } },
    { patternProperties: { [`${attack}(`]: {} } },
    { if: { const: 1 }, else: { $dynamicRef: '#' } },
    { type: [attack], format: attack },
  ),
  fc.jsonValue({ maxDepth: 4 }),
)
const nastyKey = fc.constantFrom(
  ...['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', '', ' ', '$ref', '*'],
  ...[attack, 'a/b', 'ключ', 'fields', 'entities', 'x'.repeat(200)],
)

type Mutation =
  | {
      readonly kind: 'set' | 'add'
      readonly at: number
      readonly key: string
      readonly value: unknown
    }
  | { readonly kind: 'delete' | 'rename' | 'nest'; readonly at: number; readonly key: string }
  | { readonly kind: 'copy'; readonly at: number; readonly key: string; readonly from: number }

const mutation: fc.Arbitrary<Mutation> = fc.oneof(
  fc.record({
    kind: fc.constantFrom('set' as const, 'add' as const),
    at: fc.nat(),
    key: nastyKey,
    value: nasty,
  }),
  fc.record({
    kind: fc.constantFrom('delete' as const, 'rename' as const, 'nest' as const),
    at: fc.nat(),
    key: nastyKey,
  }),
  fc.record({ kind: fc.constant('copy' as const), at: fc.nat(), key: nastyKey, from: fc.nat() }),
)

/** Places in a document: an object and a key of it. */
function placesIn(value: unknown): { holder: Record<string, unknown>; key: string }[] {
  if (typeof value !== 'object' || value === null) return []
  const holder = value as Record<string, unknown>
  return Object.keys(holder).flatMap((key) => [{ holder, key }, ...placesIn(holder[key])])
}

function define(holder: object, key: string, value: unknown): void {
  Object.defineProperty(holder, key, {
    value,
    enumerable: true,
    configurable: true,
    writable: true,
  })
}

function mutate(document: unknown, mutations: readonly Mutation[]): void {
  for (const change of mutations) {
    const places = placesIn(document)
    const place = places[change.at % places.length]
    if (!place) return
    const { holder, key } = place
    if (change.kind === 'set') define(holder, key, structuredClone(change.value))
    if (change.kind === 'add') define(holder, change.key, structuredClone(change.value))
    if (change.kind === 'delete') delete holder[key]
    if (change.kind === 'rename') {
      define(holder, change.key, holder[key])
      delete holder[key]
    }
    if (change.kind === 'nest') {
      let value: unknown = holder[key]
      for (let i = 0; i < 40; i++) value = { [change.key || 'a']: value }
      define(holder, key, value)
    }
    if (change.kind === 'copy') {
      const other = places[change.from % places.length]
      define(holder, change.key, structuredClone(other?.holder[other.key]))
    }
  }
}

/** As it comes from a file or a request: a list from which an entry was deleted has no hole. */
function plain<T>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T
}

const below = new Map<string, Model | null>()

/** The model of the layers that come before a plugin; null for the kernel. */
function belowOf(id: string): Model | null {
  if (!below.has(id)) {
    const before = model.stack.slice(0, model.layers.indexOf(id))
    below.set(id, before.length > 0 ? composeModel(before) : null)
  }
  return below.get(id) ?? null
}

const prototypes = [Object, Array, String, Number, Boolean, Map, Function].map(
  (built) => [built, Reflect.ownKeys(built.prototype).length] as const,
)

function expectUntouched(): void {
  expect(globalThis).not.toHaveProperty('evaluated')
  expect(Reflect.ownKeys({})).toEqual([])
  for (const [built, keys] of prototypes) {
    expect(Reflect.ownKeys(built.prototype)).toHaveLength(keys)
  }
}

function expectTold(problems: readonly Problem[]): void {
  for (const { at, code, message } of problems) {
    expect(typeof at === 'string' && code.length > 0 && message.length > 0).toBe(true)
  }
}

const mutated = fc.tuple(fc.nat(), fc.array(mutation, { minLength: 1, maxLength: 4 }))

it('tells what is wrong with mutated manifests, and composes whatever passes', () => {
  let passed = 0
  fc.assert(
    fc.property(mutated, ([which, mutations]) => {
      const original = originals[which % originals.length] as Manifest
      const document = JSON.parse(JSON.stringify(original)) as Record<string, unknown>
      mutate(document, mutations)
      const { manifest, problems } = checkEnvelope(plain(document), original.id)
      expectTold(problems)
      if (manifest) {
        passed += 1
        const below = belowOf(original.id)
        const composed = below
          ? composeModel([createLayer(manifest, 'plugin')], below)
          : composeModel([createLayer(manifest, 'kernel')])
        expectTold(composed.problems)
      }
      expectUntouched()
    }),
    { numRuns, seed },
  )
  expect(passed).toBeGreaterThan(numRuns / 20)
})

it('takes the same as a layer of an organisation without trusting it', () => {
  fc.assert(
    fc.property(mutated, ([which, mutations]) => {
      const original = originals[which % originals.length] as Manifest
      const contributes = JSON.parse(JSON.stringify(original.contributes ?? {}))
      mutate(contributes, mutations)
      const document = { ...emptyDocument, contributes: plain(contributes) }
      const problems = checkDocument(document, emptyDocument, emptyDocument, model)
      expectTold(problems)
      expectUntouched()
    }),
    { numRuns: numRuns / 4, seed },
  )
})

it('takes any operation on a draft', () => {
  const key = fc.oneof(
    nastyKey,
    fc.constantFrom('label', 'fields', 'lead', 'name', 'options', 'rules'),
  )
  const operation = fc.record(
    {
      op: fc.constantFrom('set' as const, 'unset' as const),
      target: fc.constantFrom(
        'crm.leads:lead',
        't:lead',
        'entities/crm.leads:lead',
        '__proto__',
        'x/y:z',
      ),
      path: fc.array(key, { minLength: 1, maxLength: 5 }),
      from: nasty,
      value: nasty,
    },
    { requiredKeys: ['op', 'path'] },
  )
  fc.assert(
    fc.property(fc.array(operation, { minLength: 1, maxLength: 4 }), (operations) => {
      const applied = applyOperations(emptyDocument, operations, model)
      expectTold(applied.problems)
      expectTold(checkDocument(applied.document, emptyDocument, emptyDocument, model))
      expectUntouched()
    }),
    { numRuns, seed },
  )
})
