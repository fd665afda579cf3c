import { existsSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { read, root, sourceFiles } from './source-files.ts'

const folders = sourceFiles('plugins/*/*/package.json').map((file) => path.posix.dirname(file))

describe('a plugin folder', () => {
  it.each(folders)('%s has a manifest whose id is its path', (folder) => {
    const manifest = JSON.parse(read(`${folder}/plugin.json`)) as {
      id: string
      tier: string
      main?: string
    }
    expect(manifest.id).toBe(folder.split('/').slice(1).join('.'))
    if (manifest.main) expect(existsSync(path.join(root, folder, manifest.main))).toBe(true)
    if (manifest.tier === 'declarative') expect(manifest.main).toBeUndefined()
  })

  it.each(folders)('%s depends on the sdk and names itself', (folder) => {
    const pkg = JSON.parse(read(`${folder}/package.json`)) as {
      name: string
      dependencies: Record<string, string>
    }
    expect(pkg.name).toBe(`@runwaycrm/plugin-${folder.split('/').slice(1).join('-')}`)
    expect(Object.keys(pkg.dependencies)).toContain('@runwaycrm/sdk')
  })
})

describe('the top level', () => {
  it('is the sentence that it always was', () => {
    const allowed = [
      'kernel',
      'plugins',
      'studio',
      'sdk',
      'marketplace',
      'tests',
      '.github',
      'package.json',
      'tsconfig.json',
      'README.md',
    ]
    const demanded = [
      'package-lock.json',
      'biome.json',
      'vitest.config.ts',
      'LICENSE',
      '.gitignore',
      '.ci',
      '.npmrc',
    ]
    const tracked = new Set(
      sourceFiles('{*,.ci/*,.github/*,*/*}').map((file) => file.split('/')[0]!),
    )
    const ignored = ['node_modules', '.runway', '.git']
    expect(
      [...tracked].filter((name) => ![...allowed, ...demanded, ...ignored].includes(name)),
    ).toEqual([])
  })
})
