import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { checkContributions, checkEnvelope } from '../../kernel/manifest/check-plugin.ts'
import { composeModel } from '../../kernel/model/compose-model.ts'
import { exportLayer } from '../../kernel/model/export-layer.ts'
import { createLayer } from '../../kernel/model/layer.ts'
import { layerOf } from '../../kernel/model/layer-document.ts'
import { leafAt, sameValue } from '../../kernel/model/leaf.ts'
import { mergeOverrides } from '../../kernel/model/merge-overrides.ts'
import { baseOf, imageOf, plain, shuffledKeys, upgraded, workspace } from './random-workspaces.ts'

/** `RUNWAY_SEED` repeats a run. */
const seed = Number(process.env['RUNWAY_SEED'] ?? 20_261_125)
const runs = { numRuns: 2_000, seed } as const

beforeAll(() => console.info(`random workspaces: RUNWAY_SEED=${seed}`))

/** Compared as text, since that is fast; told as objects, since that can be read. */
function expectSame(a: string, b: string): void {
  if (a !== b) expect(JSON.parse(a)).toEqual(JSON.parse(b))
}

describe('2,000 random workspaces', () => {
  it('compose the same whatever order layers and keys come in', () => {
    fc.assert(
      fc.property(workspace, fc.nat(), ({ upstream, document }, seed) => {
        const base = baseOf(upstream)
        const once = composeModel([layerOf(document)], base)
        const shuffled = [...base.stack, layerOf(document)].map((layer) =>
          createLayer(
            shuffledKeys(layer.manifest, seed) as typeof layer.manifest,
            layer.origin,
            layer.storageIds,
          ),
        )
        const again = composeModel(seed % 3 ? shuffled.toReversed() : shuffled)
        expect(again.hash).toBe(once.hash)
        expectSame(imageOf(again), imageOf(once))
      }),
      runs,
    )
  })

  it('are the same after an export and an installation in an empty organisation', () => {
    const request = { id: 'acme.pack', version: '1.0.0', title: 'Pack' }
    let clean = 0
    const rename = (text: string) => text.replaceAll(/\bt(?=[:/"])/g, 'acme.pack')
    fc.assert(
      fc.property(workspace, ({ upstream, document }) => {
        const base = baseOf(upstream)
        const mine = composeModel([layerOf(document)], base)
        const manifest = plain(exportLayer(document, request, base))
        expect(checkEnvelope(manifest, 'acme.pack').problems).toEqual([])
        expect(checkContributions(manifest, base.points)).toEqual([])
        const theirs = composeModel([createLayer(manifest, 'package')], base)
        expect(theirs.problems.map(({ message }) => message)).toEqual(
          mine.problems.map(({ message }) => rename(message)),
        )
        if (mine.problems.length === 0) clean += 1
        // Labels hold "t:x", which is no reference and stays.
        const keepLabels = (text: string) => text.replaceAll(/Note (t|acme.pack):x/g, 'Note')
        expectSame(keepLabels(imageOf(theirs)), keepLabels(imageOf(mine, rename)))
      }),
      runs,
    )
    expect(clean).toBeGreaterThan(500)
  })

  it('never lose an override in silence when a plugin is upgraded', () => {
    const counts = { kept: 0, same: 0, review: 0, parked: 0 }
    const steps = fc.array(fc.tuple(fc.nat(), fc.nat()), { minLength: 1, maxLength: 12 })
    fc.assert(
      fc.property(workspace, steps, ({ upstream, document }, changes) => {
        const base = baseOf(upgraded(upstream, changes))
        const model = composeModel([layerOf(document)], base)
        const merged = mergeOverrides(document.overrides, base)
        expect(merged.map(({ override }) => override)).toEqual(document.overrides)
        for (const { override, fate } of merged) {
          counts[fate] += 1
          const { point, target, path, to } = override
          const definition = model.contributions.get(point)?.get(target)?.definition
          const holds = sameValue(leafAt(definition, path), to)
          const told = model.problems.some(
            ({ at }) => at === ['t/overrides', point, target, ...path].join('/'),
          )
          expect(holds || told).toBe(true)
          expect(fate === 'parked' && to !== undefined && holds).toBe(false)
        }
      }),
      runs,
    )
    expect(Math.min(...Object.values(counts))).toBeGreaterThan(0)
  })
})
