import { openTheatre, play } from './play.ts';
import { allScenarios } from './scenario.ts';

/** `npm run scenarios [-- NAME…]`: plays every scenario, or those whose file names begin so, and prints a table. */
const wanted = process.argv.slice(2);
const scenarios = allScenarios().filter(({ id }) => wanted.length === 0 || wanted.some((name) => id.startsWith(name)));
const theatre = await openTheatre();
let failed = 0;
try {
  for (const scenario of scenarios) {
    const begun_ms = performance.now();
    const differing = await play(theatre, scenario);
    if (differing.length > 0) failed++;
    const took = `${((performance.now() - begun_ms) / 1000).toFixed(1)} s`.padStart(7);
    console.log(
      `${differing.length === 0 ? 'ok  ' : 'FAIL'} ${took}  ${scenario.id.padEnd(36)} ${scenario.rows.join(' ')}`,
    );
    for (const line of differing) console.log(`        ${line}`);
  }
} finally {
  await theatre.close();
}
const rows = [...new Set(scenarios.flatMap((of) => of.rows))].sort((a, b) => Number(a.slice(1)) - Number(b.slice(1)));
console.log(
  `\n${scenarios.length - failed} of ${scenarios.length} scenarios hold; rows of the mission: ${rows.join(' ')}`,
);
process.exitCode = failed === 0 && scenarios.length > 0 ? 0 : 1;
