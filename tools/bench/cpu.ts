import { readdirSync, readFileSync } from 'node:fs';

const ticks_per_second = 100;

/** The fields of `/proc/PID/stat` behind the name; empty when the process is gone, or this is no Linux. */
function statOf(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'latin1')
      .replace(/^.*\) /s, '')
      .split(' ');
  } catch {
    return [];
  }
}

function allPids(): number[] {
  try {
    return readdirSync('/proc').map(Number).filter(Number.isInteger);
  } catch {
    return [];
  }
}

/** CPU seconds that a process and its children have used so far; of the children it waited for, too. */
export function cpuSeconds(pid: number): number {
  const children = allPids().filter((other) => statOf(other)[1] === String(pid));
  const used = (of: number, fields: number) =>
    statOf(of)
      .slice(11, 11 + fields)
      .reduce((sum, ticks) => sum + Number(ticks), 0);
  const ticks = used(pid, 4) + children.reduce((sum, child) => sum + used(child, 2), 0);
  return ticks / ticks_per_second;
}

/** Most memory a process has held, in MB. */
export const peakMemoryMb = (pid: number): number => memoryMb(pid, 'VmHWM');

/** The memory it holds now. */
export const memoryNowMb = (pid: number): number => memoryMb(pid, 'VmRSS');

function memoryMb(pid: number, field: string): number {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'latin1');
    return Number(new RegExp(`${field}:\\s+(\\d+)`).exec(status)?.[1] ?? 0) / 1024;
  } catch {
    return 0;
  }
}
