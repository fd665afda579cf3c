import { describe, expect, it } from 'vitest'
import { read, sourceFiles } from './source-files.ts'

const isTest = (file: string) => file.endsWith('.test.ts') || file.includes('/testing/')
const kernel = sourceFiles('kernel/**/*.ts').filter((file) => !isTest(file))
const server = [
  ...kernel,
  ...sourceFiles('plugins/*/*/**/*.ts'),
  ...sourceFiles('sdk/**/*.ts'),
].filter((file) => !isTest(file))
const lines = (file: string) => read(file).split('\n').length

describe('the kernel', () => {
  it('names no plugin', () => {
    const groups = [
      ...new Set(
        sourceFiles('plugins/*/*/plugin.json').map((file) => file.split('/').slice(1, 3).join('.')),
      ),
    ]
    expect(groups.length).toBeGreaterThan(5)
    const named = kernel.flatMap((file) =>
      groups
        .filter((id) => codeOf(file).includes(`${id}:`) || codeOf(file).includes(`'${id}'`))
        .map((id) => `${file} names ${id}`),
    )
    expect(named).toEqual([])
  })

  // Over the 13,000 of the design: see the decision on the size of the kernel. It may shrink, not grow.
  it('stays under 51,500 lines', () => {
    expect(kernel.reduce((sum, file) => sum + lines(file), 0)).toBeLessThan(51_500)
  })

  it('has no file over 500 lines', () => {
    expect(
      kernel.filter((file) => lines(file) > 500).map((file) => `${file}: ${lines(file)}`),
    ).toEqual([])
  })

  it('evaluates no string as code', () => {
    const evaluators = /\beval\(|\bnew Function\(|node:vm|from 'vm'|rulesToFields|jsonpath/
    expect(server.filter((file) => evaluators.test(codeOf(file)))).toEqual([])
  })

  it('names the organisation in every statement on its tables, so that RLS is the second fence', () => {
    // Parts of a larger statement name it where they are put together.
    const named = /\borg_id\s*=|\(org_id\b|\$\{own\}/
    const statements = kernel.flatMap((file) =>
      [...codeOf(file).matchAll(/`(?:[^`\\]|\\.)*`|'(?:[^'\\\n]|\\.)*'/g)]
        .map(([text]) => ({ file, text }))
        .filter(({ text }) => /\b(from|into|update|join)\s+tenant\.\w/i.test(text)),
    )
    expect(statements.length).toBeGreaterThan(30)
    expect(statements.filter(({ text }) => !named.test(text))).toEqual([])
  })

  it('makes proofs of authority over accounts in one place', () => {
    const makers = kernel.filter((file) => /\baccountsKey\(/.test(codeOf(file)))
    expect(makers).toEqual([
      'kernel/accounts/proof.ts',
      'kernel/database/migrate.ts',
      'kernel/database/org-context.ts',
    ])
    const holders = kernel.filter((file) => /\bcreateProofs\(/.test(codeOf(file)))
    expect(holders).toEqual(['kernel/accounts/accounts.ts', 'kernel/accounts/proof.ts'])
  })

  it('reads the environment in one place', () => {
    // The commands hand it to the configuration; PostgreSQL's own variables go to PostgreSQL.
    const allowed = ['kernel/main.ts', 'kernel/cli.ts', 'kernel/database/embedded-cluster.ts']
    const readers = server.filter((file) => /process\.env\b/.test(codeOf(file)))
    expect(readers.filter((file) => !allowed.includes(file))).toEqual([])
  })
})

/** The code without comments: an example may name what it likes. */
function codeOf(file: string): string {
  return read(file)
    .replaceAll(/\/\*[\s\S]*?\*\//g, '')
    .replaceAll(/(^|\s)\/\/[^\n]*/g, '')
}
