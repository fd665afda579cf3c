import { useServices } from '../../composables/use-services.ts'
import { createUpkeepApi } from '../api/upkeep.ts'

export function useUpkeepApi(): ReturnType<typeof createUpkeepApi> {
  return createUpkeepApi(useServices().api.http)
}
