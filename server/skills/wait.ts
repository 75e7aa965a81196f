import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import { defineSkill, SkillFailure } from './define.ts';

const params = z.strictObject({ seconds: z.number().min(0).max(3_600) });

/** Lets time pass. */
export const wait = defineSkill({
  name: 'wait',
  title: 'wait',
  kind: 'transform',
  params,
  effects: 'none',
  cost: 'nothing',
  failures: { stopped: 'the run was stopped meanwhile' },
  examples: { good: [{ seconds: 0 }, { seconds: 1.5 }], bad: [{}, { seconds: -1 }, { seconds: 3_601 }] },
  async work({ seconds }, { signal }) {
    try {
      await pause(seconds * 1000, undefined, { signal });
    } catch {
      throw new SkillFailure('stopped', 'the run was stopped while the step waited');
    }
    return { waited_seconds: seconds };
  },
});
