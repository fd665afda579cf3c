import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { checkJson } from './check-json.ts'
import { addNode, placeAfter, placeOn, removeNode, withReference } from './edit-graph.ts'
import { expandSchema, type FindSchema } from './expand-schema.ts'
import { lookOf } from './form-control.ts'
import type { JsonObject } from './leaf.ts'
import { graphMember, readGraph } from './read-graph.ts'
import { changeOperators, plainOperators, ruleFacts } from './rule-tree.ts'
import { type Schema, schemaAt } from './schema.ts'

const { contributes } = JSON.parse(
  readFileSync('tests/fixtures/graphs/test/recipes/plugin.json', 'utf8'),
) as { contributes: Record<string, Record<string, { schema: Schema }>> }
const point = contributes['points']!['recipes'] as unknown as {
  schema: Schema
  references: Record<string, string>
}
const greet = contributes['recipes']!['greet'] as unknown as JsonObject
const action: Schema = {
  type: 'object',
  properties: { days: { type: 'integer', title: 'Days' }, on: { type: 'boolean' } },
}
const find: FindSchema = (name, ref, at) =>
  name === 'actions'
    ? action
    : at === 'schema'
      ? (contributes[name]?.[ref.split(':')[1]!]?.schema ?? null)
      : null
const expanded = (definition: JsonObject) =>
  expandSchema(point.schema, definition, point.references, find)
const read = (definition: JsonObject) => readGraph(definition, expanded(definition), 'steps')
const edges = (definition: JsonObject) =>
  read(definition)
    .edges.map(({ from, to, label }) => [from, to, label].join('>'))
    .sort()

describe('the schema of one definition', () => {
  it('has what its kinds of nodes and their actions bring', () => {
    const schema = expanded(greet)
    expect(schemaAt(schema, ['steps', 'wait', 'settings', 'minutes'])).toMatchObject({
      title: 'Minutes',
      'x-templates': true,
    })
    expect(schemaAt(schema, ['steps', 'convert', 'settings', 'input', 'days'])).toMatchObject({
      title: 'Days',
      'x-templates': true,
    })
    expect(schemaAt(schema, ['steps', 'look', 'settings', 'ways', 'hot'])).toMatchObject({
      'x-node-of': 'steps',
    })
    expect(schemaAt(schema, ['start'])).toMatchObject({ 'x-node-of': 'steps' })
    expect(graphMember(schema)).toBe('steps')
  })

  it('stays the very same where nothing in it is linked', () => {
    const plain: Schema = { type: 'object', properties: { a: { type: 'string' } } }
    expect(expandSchema(plain, {}, {}, find)).toBe(plain)
  })

  it('says which facts and operators a rule has, which are those that the builder offers', () => {
    const engine = JSON.parse(readFileSync('plugins/platform/workflows/plugin.json', 'utf8'))
    const workflows: Schema = engine.contributes.points.workflows.schema
    const when = { all: [{ any: [{ fact: 'record', operator: '$near' }] }] }
    const definition = { triggers: { created: { type: 'x:y', when } } }
    const schema = expandSchema(workflows, definition, {}, () => null)
    const at = ['triggers', 'created', 'when', 'all', '0', 'any', '0']
    expect(schemaAt(schema, [...at, 'fact'])).toEqual({ enum: ruleFacts })
    expect(schemaAt(schema, [...at, 'operator'])!.enum).toEqual([
      ...plainOperators,
      ...['$not', ...changeOperators],
    ])
    expect(lookOf(schemaAt(schema, ['triggers', 'created', 'when'])!, ['when'], {})).toBe('rule')
    expect(checkJson(definition.triggers, schemaAt(schema, ['triggers'])!)).toMatchObject([
      { path: ['created', ...at.slice(2), 'operator'], code: 'choice' },
    ])
  })

  it('tells how parts of it are edited, and takes templates for any value', () => {
    const schema = expanded(greet)
    const look = (...path: string[]) => lookOf(schemaAt(schema, path)!, path, point.references)
    expect(look('start')).toBe('node')
    expect(look('steps', 'wait', 'next')).toBe('node')
    expect(look('steps', 'convert', 'settings', 'action')).toBe('reference')
    expect(look('steps', 'convert', 'type')).toBe('reference')
    const minutes = schemaAt(schema, ['steps', 'wait', 'settings', 'minutes'])!
    expect(checkJson('{{ a }}', minutes)).toEqual([])
    expect(checkJson('soon', minutes)).toHaveLength(1)
  })
})

describe('a graph that is read', () => {
  it('has its edges with the names of their ways, and none for the way that all nodes have', () => {
    expect(edges(greet)).toEqual([
      'convert>end>',
      'look>convert>hot',
      'look>end>Otherwise',
      'look>wait>warm',
      'wait>convert>',
    ])
    expect(read(greet)).toMatchObject({ start: 'look', kindOf: 'type', settings: 'settings' })
  })

  it('has open ends where a kind has ways that lead nowhere, and none after the last', () => {
    const steps = { a: { type: 'test.recipes:choose' }, b: { type: 'test.recipes:stop' } }
    const open = { label: 'R', steps: { ...steps, c: { type: 'test.recipes:pause' } } }
    expect(read(open).ends.map(({ id, label }) => [id, label])).toEqual([
      ['steps/a/settings/otherwise', 'Otherwise'],
      ['steps/c/next', ''],
    ])
  })
})

describe('an edit of a graph', () => {
  const pause = { ref: 'test.recipes:pause', label: 'Wait a while', schema: null }

  it('puts a node on a way', () => {
    const graph = read(greet)
    const between = graph.edges.filter(({ from, to }) => from === 'look' && to === 'end')
    const { definition, key } = addNode(greet, graph, pause, placeOn(between))
    expect(key).toBe('wait_a_while')
    expect(edges(definition)).toContain('look>wait_a_while>Otherwise')
    expect(edges(definition)).toContain('wait_a_while>end>')
  })

  it('puts a kind with ways of its own on a way, leads its first way on, and never takes a key twice', () => {
    const graph = read(greet)
    const kind = {
      ref: 'test.recipes:choose',
      label: 'Look',
      schema: contributes['recipeSteps']!['choose']!.schema,
    }
    const { definition, key } = addNode(greet, graph, kind, placeAfter(graph, 'wait')!)
    expect(key).toBe('look_2')
    expect(edges(definition)).toContain('look_2>convert>Otherwise')
  })

  it('begins with the first node of all', () => {
    const empty = { label: 'R' }
    const { definition } = addNode(empty, read(empty), pause, { leaves: [], next: null })
    expect(definition).toEqual({
      label: 'R',
      start: 'wait_a_while',
      steps: { wait_a_while: { type: 'test.recipes:pause', settings: {} } },
    })
  })

  it('leads on past a node that is removed, from the start too', () => {
    expect(edges(removeNode(greet, read(greet), 'wait'))).toEqual([
      'convert>end>',
      'look>convert>hot',
      'look>convert>warm',
      'look>end>Otherwise',
    ])
    const last = removeNode(greet, read(greet), 'end')
    expect(edges(last)).toEqual(['look>convert>hot', 'look>wait>warm', 'wait>convert>'])
    expect(removeNode(greet, read(greet), 'look')['start']).toBe('convert')
    const only = { start: 'a', steps: { a: { type: 'test.recipes:stop' } } }
    expect(removeNode(only, read(only), 'a')).toEqual({ steps: {} })
  })

  it('begins anew with what another kind asks for', () => {
    const path = ['steps', 'wait', 'type']
    const around = schemaAt(expanded(greet), ['steps', 'wait'])!
    const next = withReference(greet, path, 'test.recipes:stop', around) as {
      steps: Record<string, object>
    }
    expect(next.steps['wait']).toMatchObject({ type: 'test.recipes:stop', settings: {} })
  })
})
