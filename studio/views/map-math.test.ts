import { describe, expect, it } from 'vitest'
import {
  cluster,
  fit,
  graticule,
  pan,
  project,
  tilesOf,
  toScreen,
  unproject,
  zoomAt,
} from './map-math.ts'

const oslo = { lat: 59.9139, lng: 10.7522 }
const bergen = { lat: 60.3913, lng: 5.3221 }
const sydney = { lat: -33.8688, lng: 151.2093 }
const size = { width: 800, height: 600 }
const world = { center: { x: 0.5, y: 0.5 }, zoom: 1 }

describe('the map', () => {
  it('projects and back', () => {
    expect(project({ lat: 0, lng: 0 })).toEqual({ x: 0.5, y: 0.5 })
    // Tile 543/297 of zoom 10 is the centre of Oslo.
    expect(project(oslo).x * 1024).toBeCloseTo(542.58, 1)
    expect(project(oslo).y * 1024).toBeCloseTo(297.83, 1)
    for (const place of [oslo, bergen, sydney]) {
      const back = unproject(project(place))
      expect(back.lat).toBeCloseTo(place.lat, 6)
      expect(back.lng).toBeCloseTo(place.lng, 6)
    }
    expect(project({ lat: 90, lng: 0 }).y).toBeCloseTo(0, 6)
  })

  it('keeps what is under the pointer there while zooming', () => {
    const at = toScreen(project(oslo), world, size)
    const closer = zoomAt(world, 3, at, size)
    const after = toScreen(project(oslo), closer, size)
    expect(after.x).toBeCloseTo(at.x, 6)
    expect(after.y).toBeCloseTo(at.y, 6)
    expect(zoomAt(closer, 99, at, size).zoom).toBe(18)
  })

  it('is pulled no further than the edge of the world', () => {
    expect(pan(world, -51.2, 0).center.x).toBeCloseTo(0.6, 6)
    expect(pan(world, -9_999, 0).center.x).toBe(1)
  })

  it('fits all places, and shows a single one with its surroundings', () => {
    const sight = fit([oslo, bergen, sydney].map(project), size)
    for (const place of [oslo, bergen, sydney]) {
      const on = toScreen(project(place), sight, size)
      expect(on.x).toBeGreaterThanOrEqual(47.9)
      expect(on.x).toBeLessThanOrEqual(752.1)
      expect(on.y).toBeGreaterThanOrEqual(47.9)
      expect(on.y).toBeLessThanOrEqual(552.1)
    }
    expect(fit([project(oslo)], size).zoom).toBe(11)
  })

  it('gathers what lies together, and parts it when it is zoomed in', () => {
    const placed = [oslo, bergen, sydney].map((place, item) => ({ item, at: project(place) }))
    const far = cluster(placed, world, size)
    expect(far.map(({ items }) => items)).toEqual([[0, 1], [2]])
    const near = cluster(placed, { center: project(oslo), zoom: 6 }, size)
    expect(near.map(({ items }) => items)).toEqual([[0], [1]])
  })

  it('loses nobody among many', () => {
    const placed = Array.from({ length: 500 }, (_, item) => ({
      item,
      at: { x: 0.3 + (item % 25) / 100, y: 0.3 + Math.floor(item / 25) / 100 },
    }))
    const all = cluster(placed, world, size).flatMap(({ items }) => items)
    expect(all.toSorted((a, b) => a - b)).toEqual(placed.map(({ item }) => item))
  })

  it('has a few lines in every sight', () => {
    for (const zoom of [1, 3, 7, 12]) {
      const { lat, lng } = graticule({ center: project(oslo), zoom }, size)
      expect(lat.length).toBeGreaterThan(0)
      expect(lng.length).toBeGreaterThan(1)
      expect(Math.max(lat.length, lng.length)).toBeLessThanOrEqual(13)
    }
  })

  it('is covered by tiles, round the world', () => {
    const address = 'https://tiles.example/{z}/{x}/{y}.png'
    const near = tilesOf(address, { center: project(oslo), zoom: 10 }, size)
    expect(near.map(({ url }) => url)).toContain('https://tiles.example/10/542/297.png')
    for (const { x, y, size: side } of near) {
      expect(side).toBe(256)
      expect(x < size.width && y < size.height && x + side > 0 && y + side > 0).toBe(true)
    }
    // Nothing is left bare: they cover more than the map and do not overlap.
    expect(near.length * 256 * 256).toBeGreaterThan(size.width * size.height)
    expect(new Set(near.map(({ url }) => url)).size).toBe(near.length)
    const far = tilesOf(address, { center: { x: 0, y: 0.5 }, zoom: 1.4 }, size)
    expect(new Set(far.map(({ url }) => url))).toEqual(
      new Set(['1/0/0', '1/1/0', '1/0/1', '1/1/1'].map((at) => `https://tiles.example/${at}.png`)),
    )
    expect(far.every(({ size: side }) => side > 256 && side < 363)).toBe(true)
  })
})
