import type { CDPSession, Page } from 'playwright-core';

/** What a page takes, measured in the browser itself. Times are in milliseconds unless a name says otherwise. */

/** The reference work on two quiet cores of the machine that the figures in docs/performance.md were taken on. */
const quiet_work_ms = 21;
/** A machine may be this much slower, or busier, before its figures break a budget by that alone. */
const most_slowness = 8;

const work = `(() => {
  const began = performance.now();
  const rows = Array.from({ length: 20_000 }, (_, n) => ({ id: 'run_' + (n * 7919) % 20_011, n }));
  const text = JSON.stringify(rows);
  const known = new Map(JSON.parse(text).map((row) => [row.id, row]));
  [...known.keys()].sort();
  return performance.now() - began;
})()`;

const rounds_of_work = 7;

/** How much slower than the quiet machine a fixed piece of work is in this page now; from 1 to `most_slowness`. */
export async function slownessOf(page: Page): Promise<number> {
  const took: number[] = [];
  for (let round = 0; round < rounds_of_work; round++) took.push(await page.evaluate<number>(work));
  const middle = took.sort((a, b) => a - b)[Math.floor(rounds_of_work / 2)] ?? 0;
  return Math.min(most_slowness, Math.max(1, middle / quiet_work_ms));
}

export const quantile = (values: readonly number[], part: number): number =>
  [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * part))] ?? 0;

export interface Frames {
  /** Between one frame and the next: the 95th percentile. */
  p95_ms: number;
  /** Processor time of the page's main thread for each frame. */
  cpu_ms: number;
}

/** Scrolls an element a little further with each frame, and back at its end, and times the frames. */
export async function framesOf(page: Page, selector: string, frames = 180, by_px = 96): Promise<Frames> {
  const devtools = await page.context().newCDPSession(page);
  await devtools.send('Performance.enable', { timeDomain: 'threadTicks' });
  const before = await taskTime(devtools);
  const between = await page.evaluate<number[]>(`new Promise((resolve) => {
    const of = document.querySelector(${JSON.stringify(selector)});
    const between = [];
    let [last, by] = [performance.now(), ${by_px}];
    const next = (now) => {
      between.push(now - last);
      last = now;
      if (between.length > ${frames}) return resolve(between.slice(1));
      if (of.scrollTop + of.clientHeight + by > of.scrollHeight || of.scrollTop + by < 0) by = -by;
      of.scrollTop += by;
      requestAnimationFrame(next);
    };
    requestAnimationFrame(next);
  })`);
  const cpu_ms = (await taskTime(devtools)) - before;
  await devtools.detach();
  return { p95_ms: quantile(between, 0.95), cpu_ms: cpu_ms / frames };
}

async function taskTime(devtools: CDPSession): Promise<number> {
  const { metrics } = await devtools.send('Performance.getMetrics');
  return (metrics.find(({ name }) => name === 'TaskDuration')?.value ?? 0) * 1_000;
}

/** What the page keeps, after its garbage is collected, in MB. */
export async function heapOf(page: Page): Promise<number> {
  const devtools = await page.context().newCDPSession(page);
  await devtools.send('HeapProfiler.enable');
  await devtools.send('HeapProfiler.collectGarbage');
  const { usedSize } = await devtools.send('Runtime.getHeapUsage');
  await devtools.detach();
  return usedSize / 1_048_576;
}

/** Runs `act` in the page and waits for the frame after `shown` (an expression) is true; how long that took. */
export function paintAfter(page: Page, act: string, shown: string): Promise<number> {
  return page.evaluate<number>(`new Promise((resolve) => {
    const began = performance.now();
    const look = () => ((${shown})
      ? requestAnimationFrame(() => setTimeout(() => resolve(performance.now() - began)))
      : setTimeout(look, 1));
    ${act};
    look();
  })`);
}

/** From each press and click that `act` makes to the next frame, as the browser itself reports it (in steps of 8 ms). */
export async function interactionsOf(page: Page, act: () => Promise<void>): Promise<number[]> {
  await page.evaluate(`{
    const longest = new Map();
    const observer = new PerformanceObserver((list) => {
      for (const { interactionId, duration } of list.getEntries())
        if (interactionId) longest.set(interactionId, Math.max(longest.get(interactionId) ?? 0, duration));
    });
    observer.observe({ type: 'event', durationThreshold: 16 });
    window.measured = { longest, observer, before: performance.interactionCount };
  }`);
  await act();
  await page.waitForTimeout(200);
  const [reported, all] = await page.evaluate<[number[], number]>(`{
    const { longest, observer, before } = window.measured;
    observer.disconnect();
    [[...longest.values()], performance.interactionCount - before];
  }`);
  // Those that took less than the browser reports.
  return [...reported, ...Array.from({ length: Math.max(0, all - reported.length) }, () => 0)];
}
