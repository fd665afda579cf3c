import { expect, it } from 'vitest'
import { type LandTopology, landPath } from './land-path.ts'

/** Degrees, one unit each, counted from where the equator meets the prime meridian. */
const topology = (arcs: LandTopology['arcs'], rings: readonly number[][]): LandTopology => ({
  transform: { scale: [1, 1], translate: [0, 0] },
  arcs,
  objects: { land: { geometries: [{ arcs: [rings] }] } },
})

it('draws a ring of steps on the square of the world, from its middle', () => {
  const island = [
    [0, 0],
    [36, 0],
    [-36, -36],
  ]
  expect(landPath(topology([island], [[0]]))).toBe('M5000 5000L6000 5000L5000 6073Z')
})

it('joins the arcs of a ring, and takes one below zero backwards', () => {
  const [there, back] = [
    [
      [0, 0],
      [36, 0],
    ],
    [
      [0, 0],
      [72, 0],
      [-36, 0],
    ],
  ]
  expect(landPath(topology([there, back], [[0, ~1]]))).toBe(
    'M5000 5000L6000 5000L6000 5000L7000 5000L5000 5000Z',
  )
})

it('draws what lies on both sides of the date line on both, and nothing across the world', () => {
  const cape = [
    [162, 0],
    [-324, 0],
    [0, -36],
  ]
  expect(landPath(topology([cape], [[0]]))).toBe(
    'M9500 5000L10500 5000L10500 6073ZM-500 5000L500 5000L500 6073Z',
  )
})

it('fills a ring round the pole down to the edge', () => {
  const south = [
    [-180, -36],
    [120, 0],
    [120, 0],
    [120, 0],
  ]
  expect(landPath(topology([south], [[0]]))).toBe(
    'M0 6073L3333 6073L6667 6073L10000 6073L10000 10000L0 10000Z',
  )
})
