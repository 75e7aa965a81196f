import type { Problem } from '@aos/core/base/error.ts';
import type { Json } from '@aos/core/base/json.ts';
import type { Facts } from './facts.ts';

/** What the gateway answers with. */
export type Governed =
  | { kind: 'refused'; problem: Problem; facts: Facts }
  | { kind: 'dry_run'; decision: Json; facts: Facts }
  | { kind: 'plain'; status: number; headers: Record<string, string>; body: Buffer; facts: Facts }
  | { kind: 'stream'; status: number; headers: Record<string, string>; chunks: AsyncGenerator<Buffer>; facts: Facts };
