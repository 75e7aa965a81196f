import { z } from 'zod';
import type { Asker, Call, Named } from '../activity/call.ts';
import { unreachable } from '../base/assert.ts';
import { isAmongModels } from './model-names.ts';

/** Narrowest first: among controls that agree, the narrowest target is named as the cause. */
export const target_kinds = ['actor', 'api_key', 'agent', 'project', 'all_runs'] as const;
export type TargetKind = (typeof target_kinds)[number];

const names = z.array(z.string().min(1).max(256)).min(1).max(1000);
const when = z.strictObject({
  model: names.optional(),
  provider: names.optional(),
  tool: names.optional(),
  tag: names.optional(),
});

/** Who a policy applies to. `ids` are ids or slugs; `when` narrows further, its keys and-ed, its lists any-of. */
export const target = z
  .strictObject({
    kind: z.enum(target_kinds),
    ids: z.array(z.string().min(1).max(256)).max(10_000).default([]),
    except_ids: z.array(z.string().min(1).max(256)).max(10_000).default([]),
    when: when.optional(),
  })
  .superRefine((value, context) => {
    if (value.kind === 'all_runs' && value.ids.length > 0) {
      context.addIssue({
        code: 'custom',
        path: ['ids'],
        message: 'must be empty for kind all_runs, which has no ids; name a narrower kind',
      });
    }
    if (value.kind !== 'all_runs' && value.ids.length === 0) {
      context.addIssue({ code: 'custom', path: ['ids'], message: `must name at least one ${value.kind}` });
    }
  });
export type Target = z.infer<typeof target>;

/** Who calls, as far as a target looks at it. */
export type Caller = Pick<Asker, 'project' | 'api_key' | 'agent' | 'actor'>;

/** The names under which a call is known to a target of this kind; null when the call has no such subject. */
export function namesFor(kind: TargetKind, call: { asker: Caller }): readonly string[] | null {
  const { asker } = call;
  const both = (named: Named | null) => (named ? [named.id, named.slug] : null);
  switch (kind) {
    case 'all_runs':
      return [];
    case 'project':
      return both(asker.project);
    case 'agent':
      return both(asker.agent);
    case 'api_key':
      return [asker.api_key.lineage_id];
    case 'actor':
      return asker.actor?.kind === 'human' ? both(asker.actor) : null;
    default:
      return unreachable(kind);
  }
}

/** Why a target that names the call, or all runs, does not take it after all. */
export type Narrowed = 'excepted' | 'model' | 'provider' | 'tool' | 'tag';

/** Exceptions and `when`; the ids themselves are answered by the index. Null: nothing keeps the call out. */
export function narrowedBy(of: Target, call: Call): Narrowed | null {
  if (of.except_ids.length > 0 && excepted(of.except_ids, call)) return 'excepted';
  const { model, provider, tool, tag } = of.when ?? {};
  if (model && !isAmongModels(model, call)) return 'model';
  if (provider && !provider.includes(call.provider)) return 'provider';
  if (tool && !tool.some((name) => call.tools.includes(name))) return 'tool';
  if (tag && !tag.some((text) => hasTag(text, call.tags))) return 'tag';
  return null;
}

/** An exception may name any subject of the call, whatever the kind of the target. */
export function excepted(except_ids: readonly string[], call: { asker: Caller }): boolean {
  return target_kinds.some((kind) => namesFor(kind, call)?.some((name) => except_ids.includes(name)));
}

/** `team=search`, or `team` for any value. */
function hasTag(text: string, tags: Record<string, string>): boolean {
  const at = text.indexOf('=');
  return at < 0 ? Object.hasOwn(tags, text) : tags[text.slice(0, at)] === text.slice(at + 1);
}
