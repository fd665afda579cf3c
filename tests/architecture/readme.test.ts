import { describe, expect, it } from 'vitest'
import { configTable } from '../../kernel/config.ts'
import { read, sourceFiles } from './source-files.ts'

const documents = ['README.md', ...sourceFiles('.github/**/*.md')]

describe('the documents', () => {
  it('README lists the settings as the code reads them', () => {
    const listed = /<!-- settings -->\n([\s\S]*?)\n<!-- \/settings -->/.exec(read('README.md'))?.[1]
    expect(listed?.trim()).toBe(configTable().trim())
  })

  it('name files that exist', () => {
    const everything = new Set(
      sourceFiles('{*,.github/**/*,{kernel,plugins,sdk,studio,tests,marketplace}/**/*}'),
    )
    const folders = [
      '',
      'kernel/',
      'kernel/records/',
      'kernel/model/',
      'kernel/access/',
      'kernel/database/',
      'kernel/http/',
      'kernel/jobs/',
      'kernel/events/',
      'kernel/accounts/',
    ]
    const missing = documents.flatMap((document) =>
      [...read(document).matchAll(/`([\w./-]+\.(?:ts|json|sql|mjs))`/g)]
        .map((match) => match[1]!)
        .filter((file) => !folders.some((folder) => everything.has(folder + file)))
        .map((file) => `${document}: ${file}`),
    )
    expect(
      missing.filter((line) => !/plugin\.json|package\.json|bin\/runway\.mjs/.test(line)),
    ).toEqual([])
  })
})
