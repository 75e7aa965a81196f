import { readFile } from 'node:fs/promises';

const per_second = 100;

/** How busy the processors have been since the machine started, in seconds: how much else was going on is a part of every time. */
export interface CpuSeconds {
  busy: number;
  whole: number;
  since(later: CpuSeconds): { machine_busy: string; of_cores: string };
}

/** Linux only: elsewhere nothing is known and zeros are told. */
export async function cpuSeconds(): Promise<CpuSeconds> {
  const text = await readFile('/proc/stat', 'utf8').catch(() => 'cpu 0 0 0 0 0 0 0 0');
  const ticks = (text.split('\n')[0] ?? '').trim().split(/\s+/).slice(1).map(Number);
  const whole = ticks.reduce((sum, of) => sum + of, 0) / per_second;
  const idle = ((ticks[3] ?? 0) + (ticks[4] ?? 0)) / per_second;
  const busy = whole - idle;
  return {
    busy,
    whole,
    since: (later) => ({
      machine_busy: `${(later.busy - busy).toFixed(1)} s`,
      of_cores: `${(later.whole - whole).toFixed(1)} s`,
    }),
  };
}
