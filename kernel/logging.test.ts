import { describe, expect, it } from 'vitest'
import { createLogger } from './logging.ts'

function logged(write: (log: ReturnType<typeof createLogger>) => void): string {
  const lines: string[] = []
  write(createLogger('trace', { write: (line) => void lines.push(line) }))
  return lines.join('')
}

describe('the log', () => {
  it('is one line of JSON per event with a readable level and time', () => {
    const line = JSON.parse(logged((log) => log.info({ org: 'acme', ms: 3 }, 'saved')))
    expect(line).toEqual({
      level: 'info',
      time: expect.stringMatching(/Z$/),
      org: 'acme',
      ms: 3,
      msg: 'saved',
    })
  })

  it('hides passwords, tokens, keys and cookies wherever they stand', () => {
    const canary = 'canary-0123456789abcdef'
    const key = `rk_local_${'a'.repeat(12)}_${'b'.repeat(43)}`
    const text = logged((log) => {
      log.info({ body: { password: canary, nested: [{ accessToken: canary }] } })
      log.info({ headers: { authorization: canary, cookie: canary } }, 'request')
      log.error({
        err: new Error(`connect postgresql://user:${canary}@db/x`, { cause: new Error(key) }),
      })
      log.error(new Error(`sent Bearer ${canary}`))
      log.warn(`key ${key} of postgresql://u:${canary}@h/d`)
      log.child({ sessionId: 'x' }).debug({ clientSecret: canary, apiKey: key, code: canary })
    })
    expect(text).not.toContain(canary)
    expect(text).not.toContain(key)
    expect(text.match(/\[hidden\]/g)?.length).toBeGreaterThan(10)
  })

  it('keeps what helps: codes of errors, causes and numbers', () => {
    const error = Object.assign(new Error('no', { cause: new Error('why') }), {
      code: 'UNIQUE_TAKEN',
    })
    const line = JSON.parse(logged((log) => log.error({ err: error, tokens: 12, code: 'EPIPE' })))
    expect(line).toMatchObject({
      err: { type: 'Error', message: 'no', code: 'UNIQUE_TAKEN', cause: { message: 'why' } },
      tokens: 12,
      code: 'EPIPE',
    })
  })

  it('hides a JWT wherever it begins, and nothing that only has dots', () => {
    const jwt = `eyJhbGciOiJIUzI1NiJ9.${'a'.repeat(40)}.${'b'.repeat(43)}`
    const text = logged((log) => {
      log.info(`got ${jwt}, "${jwt}" and token-${jwt}`)
      log.info('kernel-accounts.directory-rows.something-else')
    })
    expect(text).not.toContain('b'.repeat(43))
    expect(text).toContain('kernel-accounts.directory-rows.something-else')
  })

  it('reads a long text once, whatever it is made of', () => {
    // The square of this would take hours.
    for (const piece of ['-eyJ', 'eyJaaaaaaaa.', 'Bearer ', 'sk-', '//a:', 'rk_a_'])
      expect(logged((log) => log.info(piece.repeat(250_000)))).toContain('"msg"')
  })

  it('keeps the SQLSTATE of a database and hides a code that somebody was sent', () => {
    const line = JSON.parse(
      logged((log) =>
        log.warn({ error: { code: '23505' }, body: { code: '123456' }, code: '42P01' }),
      ),
    )
    expect(line).toMatchObject({
      error: { code: '23505' },
      body: { code: '[hidden]' },
      code: '42P01',
    })
  })
})
