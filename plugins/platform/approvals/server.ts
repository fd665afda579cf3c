import { defineHandlers } from '@runwaycrm/sdk'
import { endAbsence, setAbsence } from './absences.ts'
import { tellBy } from './channels.ts'
import { guard } from './guard.ts'
import { delegate, renew } from './hand-on.ts'
import { linkDecide, linkPage } from './links.ts'
import { decideRoute, stateRoute, submitRoute, waitingRoute } from './routes.ts'
import { cancel, outcome, request } from './service.ts'
import { beginApproval, beginForm, resumeApproval, resumeForm } from './steps.ts'
import { tell } from './tell.ts'
import { carryOutLater, carryOutNever, due, expire } from './time.ts'

export const handlers = defineHandlers({
  guard,
  request,
  cancel,
  outcome,
  beginApproval,
  resumeApproval,
  beginForm,
  resumeForm,
  decideRoute,
  submitRoute,
  waitingRoute,
  stateRoute,
  linkPage,
  linkDecide,
  delegate,
  renew,
  setAbsence,
  endAbsence,
  tell,
  tellBy,
  due,
  expire,
  carryOutLater,
  carryOutNever,
})
