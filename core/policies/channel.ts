import { z } from 'zod';
import { display_name, namesSomething, slug } from '../access/slug.ts';
import { idOf } from '../base/id.ts';
import { instant } from '../base/time.ts';

export const channel_kinds = ['console', 'webhook', 'slack', 'email'] as const;
export type ChannelKind = (typeof channel_kinds)[number];

/** The channel that every tenant has: what is told there stands in the list of alerts. */
export const console_channel = 'console';

/** Where alerts are told. Addresses that are secrets, and signing keys, go in and do not come out. */
export const channel = z
  .object({
    id: idOf('channel'),
    slug: z.string(),
    name: z.string(),
    kind: z.enum(channel_kinds),
    address: z.string().nullable().meta({ description: 'What may be shown of it: the origin of a URL, recipients' }),
    enabled: z.boolean(),
    tested_at: instant.nullable().meta({ description: 'When a test delivery arrived; a policy in force needs it' }),
    failing_since: instant.nullable().meta({ description: 'Since when no delivery has arrived' }),
    created_at: instant,
    updated_at: instant,
  })
  .meta({ id: 'Channel' });
export type Channel = z.infer<typeof channel>;

const target_url = z.string().min(1).max(2000);
const recipient = z.string().regex(/^[^\s@<>,;"]{1,64}@[A-Za-z0-9.-]{1,255}$/, 'must be an e-mail address');
const recipients = z.array(recipient).min(1).max(50);

const named = { slug, name: display_name.optional() };

export const new_channel = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('webhook'), ...named, url: target_url }),
  z.strictObject({ kind: z.literal('slack'), ...named, url: target_url }),
  z.strictObject({ kind: z.literal('email'), ...named, to: recipients }),
]);

/** What is not named stays as it is; a new address needs a new test delivery. */
export const channel_change = z
  .strictObject({
    name: display_name.optional(),
    url: target_url.optional(),
    to: recipients.optional(),
    enabled: z.boolean().optional(),
    rotate_secret: z.literal(true).optional().meta({ description: 'Webhooks: make a new signing secret' }),
  })
  .refine(namesSomething, 'must name what to change');

/** Channels with what a policy in force may use. */
export interface KnownChannel {
  slug: string;
  id: string;
  enabled: boolean;
  tested_at: string | null;
}

/** Why alerts cannot be told over a channel, in words; null: they can. */
export function whyUnusable(name: string, channels: readonly KnownChannel[]): string | null {
  const found = channels.find((of) => of.slug === name || of.id === name);
  if (!found) return `there is no channel "${name}": make it with POST /api/v1/channels`;
  if (!found.enabled) return `the channel "${name}" is disabled`;
  if (found.tested_at === null)
    return `the channel "${name}" has not passed a test delivery: POST /api/v1/channels/${name}/test`;
  return null;
}
