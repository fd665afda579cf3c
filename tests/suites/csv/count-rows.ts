import { parentPort, workerData } from 'node:worker_threads'
import { detectFormat, readRows } from '../../../plugins/platform/imports/read-csv.ts'

/** A thread whose heap is smaller than the file that it reads. */
const file = String(workerData)
let count = 0
for await (const row of readRows(file, await detectFormat(file)))
  if (row.problem === undefined) count += 1
parentPort?.postMessage(count)
