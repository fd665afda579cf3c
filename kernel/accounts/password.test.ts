import { describe, expect, it } from 'vitest'
import { createPasswords } from './password.ts'

const stored = (hash: string | null) => async () => hash

describe('passwords', () => {
  it('knows the right password and refuses the wrong one', async () => {
    const passwords = createPasswords()
    const hash = await passwords.hash('correct horse battery')
    expect(hash).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$[\w+/]{22}\$[\w+/]{43}$/)
    expect(await passwords.verify('correct horse battery', stored(hash))).toBe(true)
    expect(await passwords.verify('correct horse batterY', stored(hash))).toBe(false)
  })

  it('salts: the same password never has the same hash twice', async () => {
    const passwords = createPasswords()
    expect(await passwords.hash('correct horse battery')).not.toBe(
      await passwords.hash('correct horse battery'),
    )
  })

  it('takes as long for somebody unknown as for somebody known', async () => {
    const passwords = createPasswords({ atOnce: 1 })
    const hash = await passwords.hash('correct horse battery')
    const time = async (phc: string | null) => {
      const start = performance.now()
      await passwords.verify('something else', stored(phc))
      return performance.now() - start
    }
    await time(null)
    // In turn, so that whatever else the machine does meets both; the quickest of each says how long it takes.
    let [known, unknown] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY]
    for (let round = 0; round < 12; round++) {
      known = Math.min(known, await time(hash))
      unknown = Math.min(unknown, await time(null))
    }
    expect(unknown / known).toBeGreaterThan(0.5)
    expect(unknown / known).toBeLessThan(2)
  })

  it('never says yes when there is no password, not even to an empty one', async () => {
    const passwords = createPasswords()
    expect(await passwords.verify('', stored(null))).toBe(false)
  })

  it('sends the next one away with 429 when too many wait', async () => {
    const passwords = createPasswords({ atOnce: 1, waiting: 1 })
    const results = await Promise.allSettled([1, 2, 3].map(() => passwords.hash('long enough')))
    expect(results.map((result) => result.status)).toEqual(['fulfilled', 'fulfilled', 'rejected'])
    expect(results[2]).toMatchObject({ reason: { code: 'RATE_LIMITED', retryAfter: 1 } })
  })
})
