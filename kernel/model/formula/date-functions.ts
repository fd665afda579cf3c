import type { FormulaFunction } from './functions.ts'

const partOfDay = (part: string) => [
  { signature: 'date -> number', sql: `extract(${part} from ($1))::float8` },
]
const partOfTime = (part: string) => [
  {
    signature: 'dateTime -> number',
    sql: `extract(${part} from (($1) at time zone $zone))::float8`,
  },
]

/** Moments become days, and days moments, in the time zone of the organisation. */
export const dateFunctions: Readonly<Record<string, FormulaFunction>> = {
  today: {
    label: 'The day it is',
    forms: [{ signature: '-> date', sql: '$today' }],
    example: ['today() = date(now())', true],
  },
  now: {
    label: 'The moment it is',
    forms: [{ signature: '-> dateTime', sql: '$now' }],
    example: ['now() > date("2020-01-01")', true],
  },
  date: {
    label: 'As a day; blank when it is none',
    forms: [
      { signature: 'date -> date', sql: '$1' },
      { signature: 'text -> date', sql: 'kernel.calc_date($1)' },
    ],
    example: ['date("2026-02-28")', '2026-02-28'],
  },
  date_of: {
    label: 'The day of a year, month and day',
    forms: [
      {
        signature: 'number, number, number -> date',
        sql: 'kernel.calc_date_of($1, $2, $3)',
      },
    ],
    example: ['date_of(2026, 2, 30)', null],
  },
  year: { label: 'Year', forms: partOfDay('year'), example: ['year(date("2026-03-01"))', 2026] },
  quarter: {
    label: 'Quarter, 1 to 4',
    forms: partOfDay('quarter'),
    example: ['quarter(date("2026-05-01"))', 2],
  },
  month: {
    label: 'Month, 1 to 12',
    forms: partOfDay('month'),
    example: ['month(date("2026-03-01"))', 3],
  },
  week: {
    label: 'Week of the year, ISO 8601',
    forms: partOfDay('week'),
    example: ['week(date("2026-01-08"))', 2],
  },
  day: {
    label: 'Day of the month',
    forms: partOfDay('day'),
    example: ['day(date("2026-03-31"))', 31],
  },
  weekday: {
    label: 'Day of the week, 1 is Monday',
    forms: partOfDay('isodow'),
    example: ['weekday(date("2026-03-01"))', 7],
  },
  hour: {
    label: 'Hour, 0 to 23',
    forms: partOfTime('hour'),
    example: ['hour(date("2026-03-01"))', 0],
  },
  minute: {
    label: 'Minute, 0 to 59',
    forms: partOfTime('minute'),
    example: ['minute(date("2026-03-01"))', 0],
  },
  date_add: {
    label: 'So many days "d", weeks "w", months "m" or years "y" later; hours "h" of a moment',
    forms: [
      { signature: 'date, number, unit -> date', sql: 'kernel.calc_date_add($1, $2, $3)' },
      {
        signature: 'dateTime, number, unit -> dateTime',
        sql: 'kernel.calc_moment_add($1, $2, $3, $zone)',
      },
    ],
    units: 'dwmyh',
    example: ['date_add(date("2026-01-31"), 1, "m")', '2026-02-28'],
  },
  date_diff: {
    label: 'Whole days "d", weeks "w", months "m" or years "y" from one day to another',
    forms: [{ signature: 'date, date, unit -> number', sql: 'kernel.calc_date_diff($1, $2, $3)' }],
    units: 'dwmy',
    example: ['date_diff(date("2025-03-01"), date("2026-02-28"), "m")', 11],
  },
  start_of: {
    label: 'The first day of its week "w", month "m", quarter "q" or year "y"',
    forms: [{ signature: 'date, unit -> date', sql: 'kernel.calc_start_of($1, $2)' }],
    units: 'dwmqy',
    example: ['start_of(date("2026-05-17"), "q")', '2026-04-01'],
  },
  end_of: {
    label: 'The last day of its week "w", month "m", quarter "q" or year "y"',
    forms: [{ signature: 'date, unit -> date', sql: 'kernel.calc_end_of($1, $2)' }],
    units: 'dwmqy',
    example: ['end_of(date("2026-02-03"), "m")', '2026-02-28'],
  },
}
