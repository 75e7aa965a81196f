import { run_object } from '@aos/core/activity/run-object.ts';
import { signal } from '@aos/core/activity/signal.ts';
import { step } from '@aos/core/activity/step.ts';
import { trace } from '@aos/core/activity/trace.ts';
import { incident } from '@aos/core/incidents/incident.ts';
import { ledger_entry } from '@aos/core/logs/ledger-entry.ts';
import { llm_run_record } from '@aos/core/logs/llm-run-record.ts';
import { system_record } from '@aos/core/logs/system-record.ts';
import { decision_object } from '@aos/core/policies/decision-object.ts';
import { violation } from '@aos/core/policies/violation.ts';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { databaseKinds } from '../parts/database.ts';
import { freshStore, type TestStore } from '../parts/store.ts';

const asker_names = ['project_slug', 'agent_slug', 'actor_slug'];

/** The objects of the API that are rows, with what they have beyond the columns of their table. */
const objects: [table: string, schema: { shape: object }, beyond: string[]][] = [
  [
    'runs',
    run_object,
    [
      ...['url', ...asker_names, 'session_external_id', 'trace_id', 'incident_ids', 'source'],
      ...['models', 'steps', 'decided', 'unpriced_calls', 'is_killed'],
    ],
  ],
  ['traces', trace, ['url']],
  [
    'step_rows',
    step,
    ['url', 'record_id', 'source', 'provider', 'model', 'input_tokens', 'output_tokens', 'verdict', 'shadow_verdict'],
  ],
  ['llm_run_records', llm_run_record, ['url', ...asker_names]],
  ['audit_ledger', ledger_entry, ['actor_name', 'api_key_name', 'url', 'object_url']],
  ['system_records', system_record, ['url']],
  ['incidents', incident, ['url', ...asker_names, 'policy_name']],
  ['decisions', decision_object, ['url', ...asker_names, 'derived', 'trace_id', 'record_id', 'incident_ids']],
  ['violations', violation, ['url']],
  ['signals', signal, ['url', 'project_slug', 'agent_slug', 'policy_name']],
];

for (const { kind, title, missing } of await databaseKinds()) {
  describe.skipIf(missing)(`the objects of the API and the live schema ${title}`, () => {
    let store: TestStore;
    let owner: pg.Client;
    beforeAll(async () => {
      store = await freshStore(kind);
      owner = new pg.Client({ connectionString: store.url });
      await owner.connect();
    });
    afterAll(async () => {
      await owner?.end();
      await store?.drop();
    });

    test.each(objects)(
      '%s has every column under its own name, and nothing else but what is declared',
      async (table, schema, beyond) => {
        const { rows } = await owner.query<{ column_name: string }>(
          "select column_name from information_schema.columns where table_schema = 'aos' and table_name = $1",
          [table],
        );
        const columns = rows.map((row) => row.column_name);
        expect(columns.length).toBeGreaterThan(0);
        expect(Object.keys(schema.shape).sort()).toEqual([...columns, ...beyond].sort());
      },
    );

    test.each(objects)('%s is nullable exactly where its column is', async (table, schema, beyond) => {
      const { rows } = await owner.query<{ column_name: string; is_nullable: string; data_type: string }>(
        "select column_name, is_nullable, data_type from information_schema.columns where table_schema = 'aos' and table_name = $1",
        [table],
      );
      const plain = rows.filter((row) => !row.data_type.startsWith('json') && !beyond.includes(row.column_name));
      for (const { column_name, is_nullable } of plain) {
        const member = (schema.shape as Record<string, { safeParse(value: unknown): { success: boolean } }>)[
          column_name
        ];
        expect([column_name, member?.safeParse(null).success]).toEqual([column_name, is_nullable === 'YES']);
      }
    });
  });
}
