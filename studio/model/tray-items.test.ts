import { describe, expect, it } from 'vitest'
import type { ImportInfo } from '../api/imports.ts'
import type { JobInfo } from '../api/jobs.ts'
import { trayItems } from './tray-items.ts'

const job = (id: string, more: Partial<JobInfo>): JobInfo => ({
  id,
  job: 'kernel:bulk_by_filter',
  state: 'running',
  createdAt: '2026-03-01T09:30:00.000Z',
  about: null,
  changeSetId: null,
  label: null,
  done: null,
  total: null,
  failed: null,
  ...more,
})
const importInfo = (status: ImportInfo['status']): ImportInfo => ({
  id: 'i1',
  status,
  fileName: 'leads.csv',
  counts: { rows: 40, created: 30, updated: 0, skipped: 0, failed: 10 },
  changeSetId: 'c1',
  errorsUrl: '/errors',
})
const nothing = { imports: [], exports: [] }

describe('the job tray', () => {
  it('shows a change of many records with how far it is, and stops it while it runs', () => {
    const change = { changeSetId: 'c', label: 'Changed Leads', done: 20, total: 80 }
    const [running, done] = trayItems(
      [job('a', change), job('b', { ...change, state: 'done' })],
      nothing,
    )
    expect(running).toMatchObject({
      done: 20,
      total: 80,
      stop: { by: 'job', id: 'a' },
      changeSetId: null,
    })
    expect(done).toMatchObject({ state: 'done', stop: null, changeSetId: 'c' })
  })

  it('makes one line of an import that was looked at and then run, with its way back', () => {
    const jobs = ['2', '1'].map((id) => job(id, { job: 'platform.imports:process', about: 'i1' }))
    expect(trayItems(jobs, { ...nothing, imports: [importInfo('done')] })).toEqual([
      expect.objectContaining({
        name: 'leads.csv',
        failed: 10,
        changeSetId: 'c1',
        download: '/errors',
      }),
    ])
    expect(trayItems(jobs, { ...nothing, imports: [importInfo('waiting')] })).toEqual([])
  })

  it('tells of the platform’s own work while it is done, and of nothing it does not know', () => {
    const fill = { job: 'kernel:slot_fill' }
    expect(trayItems([job('a', fill)], nothing)).toMatchObject([{ kind: 'index', stop: null }])
    expect(trayItems([job('a', { ...fill, state: 'done' })], nothing)).toEqual([])
    expect(trayItems([job('a', { job: 'acme.x:y' })], nothing)).toEqual([])
  })
})
