import pg from 'pg';

/** Where effects stand. */
const tables = [
  ...['runs', 'traces', 'step_rows', 'decisions', 'violations', 'incidents', 'llm_run_records', 'audit_ledger'],
  ...['balances', 'policies', 'policy_versions'],
];

/** Who wrote rows of effects, as the database itself saw it. */
export interface Writers {
  /** Anybody but the server: `application: table`. */
  others(): Promise<string[]>;
  /** Tables that the server has written. */
  written(): Promise<string[]>;
  /** A connection that can only read, for what the API does not show. */
  close(): Promise<void>;
}

/**
 * Lets the database note for each row of an effect which connection writes it. Only the server knows `server_name`, the
 * application name in its address of the database; triggers of a partitioned table are those of its partitions too.
 */
export async function watchWriters(url: string, server_name: string): Promise<Writers> {
  const client = new pg.Client({ connectionString: url, options: '-c search_path=aos' });
  await client.connect();
  await client.query(`
    create table if not exists public.scenario_writers (application text, written text);
    create or replace function public.note_writer() returns trigger language plpgsql security definer set search_path = public as $$
    begin
      insert into scenario_writers values (current_setting('application_name'), tg_argv[0]);
      return null;
    end $$;
    ${tables.map((table) => `create or replace trigger note_writer after insert or update or delete on aos.${table} for each row execute function public.note_writer('${table}');`).join('\n')}
  `);
  await client.query('set default_transaction_read_only = on');
  const seen = async (condition: string) => {
    const { rows } = await client.query<{ application: string; written: string }>(
      `select distinct application, written from public.scenario_writers where application ${condition} $1 order by 1, 2`,
      [server_name],
    );
    return rows;
  };
  return {
    others: async () =>
      (await seen('<>')).map(({ application, written }) => `${application || 'an unnamed connection'}: ${written}`),
    written: async () => (await seen('=')).map(({ written }) => written),
    close: () => client.end(),
  };
}
