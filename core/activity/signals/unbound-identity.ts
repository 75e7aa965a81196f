import { defineSignal, spanText } from './define.ts';

/** Whom a key claimed to be is looked up in its newest runs of this time. */
export const claimed = { span_ms: 86_400_000, runs: 200 } as const;

interface Facts {
  key_name: string;
  /** What a policy reads off a header: for example `agent support-bot`. */
  claim: string;
  policy_name: string;
  /** How many policies depend on claims of this key. */
  policies: number;
}

export const unbound_identity = defineSignal({
  type: 'UNBOUND_IDENTITY',
  title: 'Unbound identity',
  watches: `A key that is bound to nobody claimed an agent or actor, within ${spanText(claimed.span_ms)} and its last ${claimed.runs} runs, that a policy in force depends on`,
  span_ms: claimed.span_ms,
  severity: () => 'MEDIUM',
  sentence: ({ key_name, claim, policy_name, policies }: Facts) =>
    `Key ${key_name} is bound to nobody and claims to be ${claim}, on which the policy "${policy_name}"${policies > 1 ? ` (and ${policies - 1} more)` : ''} depends.`,
  template: null,
  example: {
    facts: { key_name: 'ci', claim: 'agent support-bot', policy_name: 'Daily cap', policies: 2 },
    sentence:
      'Key ci is bound to nobody and claims to be agent support-bot, on which the policy "Daily cap" (and 1 more) depends.',
  },
});
