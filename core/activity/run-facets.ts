import type { z } from 'zod';
import { facetsOf } from '../base/facets.ts';

/** How many runs of a list have each value of a filter. A run with calls of several models is one of each. */
export const run_facets = facetsOf(['status', 'reason', 'source', 'agent', 'model']).meta({ id: 'RunFacets' });
export type RunFacets = z.infer<typeof run_facets>;
