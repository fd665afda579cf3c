import { expect, it } from 'vitest'
import { gather } from './gather.ts'

it('asks once for what is asked in one turn, and again for what comes meanwhile', async () => {
  const asked: number[][] = []
  let go = () => {}
  const first = new Promise<void>((resolve) => {
    go = resolve
  })
  const double = gather(async (numbers: readonly number[]) => {
    asked.push([...numbers])
    if (asked.length === 1) await first
    return numbers.map((n) => 2 * n)
  })
  const early = [1, 2, 3].map((n) => double('a', n))
  const other = double('b', 9)
  await expect.poll(() => asked.length).toBe(2)
  const late = [4, 5].map((n) => double('a', n))
  go()
  expect(await Promise.all([...early, other, ...late])).toEqual([2, 4, 6, 18, 8, 10])
  expect(asked).toEqual([[1, 2, 3], [9], [4, 5]])
})

it('lets none fail for another', async () => {
  const half = gather(async (numbers: readonly number[]) => {
    if (numbers.some((n) => n % 2 === 1)) throw new Error('odd')
    return numbers.map((n) => n / 2)
  })
  const answers = await Promise.allSettled([2, 3, 4].map((n) => half('a', n)))
  expect(answers.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
})
