import { startConsole } from '../../e2e/console/browser.ts';
import {
  interactionFigures,
  tableFigures,
  waterfallFigures,
  writeRuns,
  writeSteps,
} from '../../e2e/console/budgets.ts';
import { loadDemo } from '../../e2e/console/demo.ts';

/** `npm run bench:console`: what the pages of the console take in a browser, at several sizes. One line of JSON for each. */
const lists = [1_000, 10_000, 100_000];
const waterfalls = [500, 5_000];

const print = (title: string, figures: object): void => {
  const rounded = Object.entries(figures).map(([name, value]) => [name, Math.round(value * 10) / 10]);
  console.log(JSON.stringify({ part: title, ...Object.fromEntries(rounded) }));
};

const console_ = await startConsole();
try {
  const key = await loadDemo(console_.gateway.server, { runs: 300, days: 7 });
  print('interactions', await interactionFigures(console_, key));
  for (const steps of waterfalls)
    print(`run of ${steps} steps`, await waterfallFigures(console_, await writeSteps(console_, steps), steps));
  await writeRuns(console_, Math.max(...lists));
  for (const rows of lists) print(`list of ${rows} rows`, await tableFigures(console_, rows));
} finally {
  await console_.stop();
}
