import { defineConfig } from 'vitest/config';

/** What needs a package that `npm test` does not bring: `npm run campaign:python`. */
export default defineConfig({
  test: {
    include: ['e2e/clients/python-openai.campaign.ts'],
    globalSetup: ['e2e/parts/one-run.ts'],
    testTimeout: 300_000,
    hookTimeout: 300_000,
  },
});
