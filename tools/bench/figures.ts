/** One JSON line of a harness: figures of one target, each over several rounds, with ratios to the raw pass-through. */
export interface Line {
  failed?: number;
  json_c32?: Rounds;
  json_c128?: Rounds;
  json_latency?: Added;
  first_chunk_latency?: Added;
  stream64_flat_out?: Rounds;
  memory_mb?: { peak: number };
}

interface Spread {
  median: number;
  min: number;
  max: number;
}

export interface Rounds {
  rps?: Spread;
  rps_ratio?: Spread;
  cpu_us_per_request?: Spread;
  helper_cpu_us_per_request?: Spread;
  chunks_per_s_ratio?: Spread;
  cpu_s_per_10k_chunks?: Spread;
  foreign_cores?: Spread;
}

export interface Added {
  added_p50_us: Spread;
  added_p99_us: number;
}

type Row = [what: string, target: string, measured: string];

const spread = ({ median, min, max }: Spread, digits = 2): string =>
  `${median.toFixed(digits)} (${min.toFixed(digits)}–${max.toFixed(digits)})`;
const ms = (us: number): string => `${(us / 1000).toFixed(2)} ms`;

function jsonRows(connections: number, of: Rounds | undefined): Row[] {
  if (!of?.rps_ratio) return [];
  const rows: Row[] = [
    [`JSON calls, ${connections} connections, ratio to a raw Node pass-through`, '≥ 0.4', spread(of.rps_ratio)],
  ];
  if (of.rps) rows.push([`calls/s, ${connections} connections`, '', spread(of.rps, 0)]);
  if (of.cpu_us_per_request && of.helper_cpu_us_per_request) {
    const [gateway, database] = [of.cpu_us_per_request.median, of.helper_cpu_us_per_request.median];
    const sum = `${(gateway + database).toFixed(0)} µs (${gateway.toFixed(0)} + ${database.toFixed(0)})`;
    rows.push([`CPU per call, gateway + database, ${connections} connections`, '≤ 250 µs', sum]);
  }
  if (of.foreign_cores)
    rows.push([`cores busy with other work, ${connections} connections`, '', spread(of.foreign_cores)]);
  return rows;
}

/** The rows of the table in docs/performance.md that a line has figures for: median, lowest and highest of the rounds. */
export function tableOf(line: Line): string {
  const { json_latency: plain, first_chunk_latency: first, stream64_flat_out: streamed, memory_mb: memory } = line;
  const rows: Row[] = [...jsonRows(32, line.json_c32), ...jsonRows(128, line.json_c128)];
  if (plain) {
    const measured = `${ms(plain.added_p50_us.median)} / ${ms(plain.added_p99_us)}`;
    rows.push(['added latency at a low rate, p50 / p99', '≤ 2 ms / ≤ 8 ms', measured]);
  }
  if (first) rows.push(['first streamed chunk, added p50', '≤ 1.5 ms', ms(first.added_p50_us.median)]);
  if (streamed?.chunks_per_s_ratio)
    rows.push(['streamed chunks, 64 streams, ratio', '≥ 0.7', spread(streamed.chunks_per_s_ratio)]);
  if (streamed?.cpu_s_per_10k_chunks)
    rows.push(['CPU per 10,000 chunks', '≤ 0.5 s', `${spread(streamed.cpu_s_per_10k_chunks)} s`]);
  if (memory) rows.push(['memory of the gateway process, peak', '≤ 300 MB', `${memory.peak.toFixed(0)} MB`]);
  if (line.failed !== undefined) rows.push(['calls that failed', '0', String(line.failed)]);
  return ['| What | Target | Measured |', '| --- | --- | --- |', ...rows.map((row) => `| ${row.join(' | ')} |`)].join(
    '\n',
  );
}
