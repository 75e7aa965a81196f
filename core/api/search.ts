import { z } from 'zod';
import { free_text, synthetic_filter } from '../activity/filter.ts';
import { instant } from '../base/time.ts';
import { type Endpoints, endpoint } from './endpoint.ts';

const hit = z.object({
  kind: z.string().meta({ examples: ['run', 'policy', 'agent', 'api_key', 'incident', 'project', 'actor', 'channel'] }),
  id: z.string(),
  name: z.string(),
  about: z.string().nullable().meta({ description: 'What tells it apart from others of its name' }),
  url: z.string().meta({ description: 'Its page in the console' }),
});

/** Anything, by what somebody remembers of it. */
export const search_endpoints = {
  search: endpoint({
    method: 'GET',
    path: '/api/v1/search',
    summary:
      'Find agents, policies, keys, projects, humans, channels, incidents and runs by the beginning of an id, by name or by goal',
    permission: 'read',
    query: z.strictObject({
      q: free_text,
      limit: z.coerce.number().int().min(1).max(50).default(20),
      is_synthetic: synthetic_filter.is_synthetic.meta({
        description: 'Runs and incidents of a demo or a scenario; by default they are found by their id only',
      }),
    }),
    answer: z.object({ items: z.array(hit), generated_at: instant }).meta({ id: 'SearchResult' }),
  }),
} satisfies Endpoints;
