import { defineHandlers } from '@runwaycrm/sdk'
import { boolean } from './boolean.ts'
import { multiSelect, select, tags } from './choice.ts'
import { currency } from './currency.ts'
import { date, dateTime } from './date.ts'
import { email } from './email.ts'
import { json } from './json.ts'
import { reference, relation, user } from './link.ts'
import { integer, number, rating } from './number.ts'
import { phone } from './phone.ts'
import { template } from './template.ts'
import { longText, text } from './text.ts'
import { url } from './url.ts'

export const handlers = defineHandlers({
  boolean,
  currency,
  date,
  dateTime,
  email,
  integer,
  json,
  longText,
  multiSelect,
  number,
  phone,
  rating,
  reference,
  relation,
  select,
  tags,
  template,
  text,
  url,
  user,
})
