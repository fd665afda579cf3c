import { defineHandlers } from '@runwaycrm/sdk'
import { expire } from './expire.ts'
import { cancelExport, createExport, getContent, getExport, listExports } from './routes.ts'
import { write } from './write.ts'

export const handlers = defineHandlers({
  write,
  expire,
  createExport,
  listExports,
  getExport,
  getContent,
  cancelExport,
})
