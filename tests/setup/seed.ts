import fc from 'fast-check'

/** The same cases in every run, so that a red run is the doing of a change; `RUNWAY_SEED` draws others. */
fc.configureGlobal({ seed: Number(process.env['RUNWAY_SEED'] ?? 20_261_125) })
