import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/**
 * What takes longest begins first: by itself the runner goes by the size of files, and would end with one of these alone.
 * Those that start many servers do not begin together: they share the connections of one PostgreSQL.
 */
const longest = [
  'e2e/runs/crash',
  'e2e/console/pages',
  'e2e/console/dialogs',
  'e2e/books/failpoints',
  'e2e/runs/runs-in-flight',
  'e2e/signals/raised',
  'e2e/gateway/limits',
  'e2e/console/run-page',
  'e2e/http/escalation',
  'e2e/books/exact-cap',
  'e2e/alerts/campaign',
];

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const placeOf = ({ moduleId }: TestSpecification) => {
      const place = longest.findIndex((name) => moduleId.includes(`/${name}.test.ts`));
      return place < 0 ? longest.length : place;
    };
    return (await super.sort(files)).sort((a, b) => placeOf(a) - placeOf(b));
  }
}

/** Times are measured here, so nothing else may run beside them. */
const measured = ['e2e/console/budgets.test.ts'];
const elsewhere = ['**/node_modules/**', '**/dist/**'];

export default defineConfig({
  test: {
    projects: [
      { extends: true, test: { name: 'all', include: ['**/*.test.ts'], exclude: [...elsewhere, ...measured] } },
      { extends: true, test: { name: 'measured', include: measured, sequence: { groupOrder: 1 } } },
    ],
    globalSetup: ['e2e/parts/one-run.ts'],
    // For what hangs, not for what is slow: machines differ many times over, and work on other things meanwhile.
    testTimeout: 300_000,
    hookTimeout: 300_000,
    expect: { poll: { timeout: 60_000 } },
    maxWorkers: 3,
    // Files of one worker share what was loaded, which takes half as long: none may leave anything in it.
    isolate: false,
    sequence: { sequencer: LongestFirst },
  },
});
