import { z } from 'zod';
import { isAmongModels } from '../model-names.ts';
import { defineDetector } from './define.ts';

const patterns = z.array(z.string().min(1).max(256)).min(1).max(1000);

const document = z.strictObject({
  type: z.literal('model_access'),
  params: z
    .strictObject({ allow: patterns.optional(), deny: patterns.optional() })
    .refine((params) => params.allow || params.deny, 'needs a list: allow (only these models) or deny (not these)'),
});

const rule = { type: 'model_access' as const, params: { allow: ['gpt-4o*'], deny: ['gpt-4o-realtime'] } };

/** Which models may be called: `deny` wins over `allow`; with an `allow` list everything else is denied. */
export const model_access = defineDetector<z.infer<typeof document>>({
  type: 'model_access',
  title: 'model access',
  schema: document,
  replayable: true,
  detect({ params: { allow, deny } }, call) {
    const name = `${call.provider}/${call.model}`;
    if (deny && isAmongModels(deny, call)) return { found: true, reason: `model ${name} is on the deny list` };
    if (allow && !isAmongModels(allow, call)) {
      return { found: true, reason: `model ${name} is not among the allowed models (${allow.join(', ')})` };
    }
    return { found: false };
  },
  refusal: { code: 'model_not_allowed', category: 'CONTENT_POLICY', severity: 'MEDIUM', termination: 'POLICY_BLOCK' },
  examples: {
    miss: { rule, call: { provider: 'openai', model: 'gpt-4o-mini' } },
    hit: { rule, call: { provider: 'openai', model: 'gpt-4o-realtime' } },
  },
});
