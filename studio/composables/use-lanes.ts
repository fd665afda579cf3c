import type { FieldValues, RecordData } from '@runwaycrm/sdk'

/** Writes to one record go to the server one after the other, each on the version that the one before made. */
export interface Lanes {
  /** @param write gets the version that the record has once everything before it is written. */
  run(
    record: RecordData,
    values: FieldValues,
    write: (version: number) => Promise<RecordData>,
  ): Promise<RecordData>
  /** What has been written and not answered, over what an answer says. */
  over(record: RecordData): RecordData
}

interface Lane {
  end: Promise<unknown>
  /** The version that the last write was begun on, and the one it made. */
  base: number
  saved: number | null
  readonly values: Set<FieldValues>
}

export function createLanes(): Lanes {
  const lanes = new Map<string, Lane>()
  return {
    run(record, values, write) {
      const lane = lanes.get(record.id) ?? {
        end: Promise.resolve(),
        base: record.version,
        saved: null,
        values: new Set(),
      }
      lanes.set(record.id, lane)
      // Only what began on the same version is known to have seen all but the writes before it.
      const isOnSame = lane.base === record.version
      lane.base = record.version
      lane.values.add(values)
      const sent = lane.end.then(async () => {
        try {
          const saved = await write(isOnSame ? (lane.saved ?? record.version) : record.version)
          lane.saved = saved.version
          return saved
        } finally {
          lane.values.delete(values)
          if (lane.values.size === 0) lanes.delete(record.id)
        }
      })
      lane.end = sent.catch(() => {})
      return sent
    },
    over: (record) =>
      Object.assign({}, record, ...(lanes.get(record.id)?.values ?? [])) as RecordData,
  }
}
