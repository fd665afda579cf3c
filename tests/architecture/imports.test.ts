import { describe, expect, it } from 'vitest'
import { importsOf, read, sourceFiles, target } from './source-files.ts'

/** The kernel's floors, lowest first. A file may import its own folder and what is below. */
const floors: readonly (readonly string[])[] = [
  ['config-variables.ts'],
  ['access', 'manifest', 'config.ts'],
  ['database', 'logging.ts'],
  ['model'],
  ['context'],
  ['events', 'jobs', 'secrets'],
  ['records'],
  ['search'],
  ['actions'],
  ['plugins', 'accounts', 'transfer', 'studio'],
  ['http'],
  [
    'kernel-jobs.ts',
    'layer-folder.ts',
    'prepare-database.ts',
    'run-seeds.ts',
    'server-address.ts',
    'transfers.ts',
  ],
  ['boot.ts'],
  ['main.ts'],
  ['layer-commands.ts'],
  ['cli.ts', 'bin'],
]
const floorOf = (name: string) => floors.findIndex((floor) => floor.includes(name))
/** The words of the house: the model and the context are types that every floor may name. */
const plainTypes = ['kernel/model/model.ts', 'kernel/context/request-context.ts']
const importsAtRunTime = (text: string) => /^import (?!type)/m.test(text)
const isTest = (file: string) => file.endsWith('.test.ts') || file.includes('/testing/')

const kernel = sourceFiles('kernel/**/*.{ts,mjs}').filter((file) => !isTest(file))
const plugins = sourceFiles('plugins/*/*/**/*.{ts,vue}').filter((file) => !isTest(file))
const sdk = sourceFiles('sdk/**/*.ts').filter((file) => !isTest(file))
const studio = sourceFiles('studio/**/*.{ts,vue}').filter((file) => !isTest(file))
const marketplace = sourceFiles('marketplace/**/*.ts').filter((file) => !isTest(file))

/** Lines `file -> specifier` for the imports that a rule refuses. */
function refused(files: readonly string[], allow: (to: string, file: string) => boolean): string[] {
  return files.flatMap((file) =>
    importsOf(file)
      .filter((specifier) => !allow(target(file, specifier), file))
      .map((specifier) => `${file} -> ${specifier}`),
  )
}

const ours = (to: string) =>
  to.startsWith('@runwaycrm/') || /^(kernel|plugins|studio|sdk|marketplace|tests)\//.test(to)

describe('who may import whom', () => {
  it('sees the code it judges', () => {
    expect(kernel.length).toBeGreaterThan(20)
    expect(plugins.length).toBeGreaterThan(10)
  })

  it('the sdk imports nothing of ours', () => {
    expect(refused(sdk, (to) => !ours(to) || to.startsWith('sdk/'))).toEqual([])
  })

  it('the kernel imports the sdk and itself', () => {
    expect(
      refused(
        kernel,
        (to) =>
          !ours(to) ||
          to.startsWith('kernel/') ||
          to === '@runwaycrm/sdk' ||
          to === 'studio/build.ts',
      ),
    ).toEqual([])
  })

  it('a plugin imports the sdk and its own folder', () => {
    const own = (file: string) => `${file.split('/').slice(0, 3).join('/')}/`
    expect(
      refused(
        plugins,
        (to, file) => !ours(to) || to.startsWith(own(file)) || to === '@runwaycrm/sdk',
      ),
    ).toEqual([])
  })

  it('the marketplace imports the sdk and itself', () => {
    expect(
      refused(
        marketplace,
        (to) => !ours(to) || to.startsWith('marketplace/') || to === '@runwaycrm/sdk',
      ),
    ).toEqual([])
  })

  it('the studio imports types of the sdk and itself', () => {
    expect(
      refused(studio, (to) => !ours(to) || to.startsWith('studio/') || to === '@runwaycrm/sdk'),
    ).toEqual([])
    const values = studio.filter((file) =>
      /import (?!type)[^;\n]*from '@runwaycrm\/sdk'/.test(read(file)),
    )
    expect(values).toEqual([])
  })

  it('inside the kernel imports run downwards only', () => {
    const wrong = refused(kernel, (to, file) => {
      if (!to.startsWith('kernel/')) return true
      const from = file.split('/')[1]!
      const into = to.split('/')[1]!
      return from === into || floorOf(into) < floorOf(from) || plainTypes.includes(to)
    })
    expect(wrong).toEqual([])
  })

  it('what every floor may name are types and no code', () => {
    for (const file of plainTypes) expect(importsAtRunTime(read(file))).toBe(false)
  })

  it('every folder of the kernel has a floor', () => {
    const names = new Set(kernel.map((file) => file.split('/')[1]!))
    expect([...names].filter((name) => floorOf(name) === -1)).toEqual([])
  })

  it('no circle of imports inside the kernel', () => {
    expect(circles(kernel)).toEqual([])
  })
})

/** Circles of value imports; types vanish before the code runs. */
function circles(files: readonly string[]): string[] {
  const edges = new Map(files.map((file) => [file, valueImports(file)]))
  const state = new Map<string, 'open' | 'done'>()
  const found: string[] = []
  const visit = (file: string, trail: readonly string[]) => {
    if (state.get(file) === 'done') return
    if (state.get(file) === 'open') {
      found.push([...trail.slice(trail.indexOf(file)), file].join(' -> '))
      return
    }
    state.set(file, 'open')
    for (const next of edges.get(file) ?? []) visit(next, [...trail, file])
    state.set(file, 'done')
  }
  for (const file of files) visit(file, [])
  return found
}

function valueImports(file: string): string[] {
  const text = read(file).replaceAll(/(?:^|\n)(?:import|export) type [^;]*?from '[^']+'/g, '')
  return [...text.matchAll(/from '(\.[^']+)'/g)].map((match) => target(file, match[1]!))
}
