import { defineHandlers } from '@runwaycrm/sdk'
import { process } from './process.ts'
import {
  cancelImport,
  createImport,
  getErrors,
  getImport,
  listImports,
  startImport,
} from './routes.ts'

export const handlers = defineHandlers({
  process,
  createImport,
  listImports,
  getImport,
  getErrors,
  startImport,
  cancelImport,
})
