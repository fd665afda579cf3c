import { defineHandlers } from '@runwaycrm/sdk'
import { accept } from './accept.ts'
import { address, listForms, saveForm } from './manage.ts'
import { formPage } from './page.ts'
import { receive } from './receive.ts'
import { sweep } from './sweep.ts'

export const handlers = defineHandlers({
  saveForm,
  address,
  accept,
  listForms,
  formPage,
  receive,
  sweep,
})
