import { defineHandlers } from '@runwaycrm/sdk'
import { boolean } from './boolean.ts'
import { month, time, year } from './calendar.ts'
import { barcode, iban, sku } from './checked-code.ts'
import { multiSelect, select, tags } from './choice.ts'
import { color } from './color.ts'
import { address, geo, period, personName } from './composite.ts'
import { computed } from './computed.ts'
import { currency } from './currency.ts'
import { date, dateTime } from './date.ts'
import { duration } from './duration.ts'
import { email } from './email.ts'
import { json } from './json.ts'
import { reference, relation, user } from './link.ts'
import { relations } from './links.ts'
import { domain, ipAddress } from './network.ts'
import { integer, number, rating, slider } from './number.ts'
import { phone } from './phone.ts'
import { richText } from './rich-text.ts'
import { emails, phones } from './several.ts'
import { country, currencyCode, language, timeZone } from './standards.ts'
import { checklist, keyValue } from './structured.ts'
import { template } from './template.ts'
import { code, longText, text } from './text.ts'
import { url } from './url.ts'

export const handlers = defineHandlers({
  address,
  barcode,
  boolean,
  checklist,
  code,
  color,
  country,
  computed,
  currency,
  currencyCode,
  date,
  dateTime,
  domain,
  duration,
  email,
  emails,
  geo,
  iban,
  integer,
  ipAddress,
  json,
  keyValue,
  language,
  longText,
  month,
  multiSelect,
  number,
  period,
  personName,
  phone,
  phones,
  rating,
  reference,
  relation,
  relations,
  richText,
  select,
  sku,
  slider,
  tags,
  template,
  text,
  time,
  timeZone,
  url,
  user,
  year,
})
