import { countText, defineSignal, minuteText, spanText } from './define.ts';

export const given_up = { span_ms: 86_400_000 } as const;

interface Facts {
  channel: string;
  kind: string;
  failing_since: string;
  /** Messages given up within the span. */
  dead: number;
}

export const dead_channel = defineSignal({
  type: 'DEAD_CHANNEL',
  title: 'Dead alert channel',
  watches: 'An alert channel that is switched on does not deliver: its last delivery failed',
  span_ms: given_up.span_ms,
  severity: ({ dead }) => (dead > 0 ? 'HIGH' : 'MEDIUM'),
  sentence: ({ channel, kind, failing_since, dead }: Facts) =>
    `The channel ${channel} (${kind}) has not delivered since ${minuteText(failing_since)}${dead === 0 ? '' : `; ${countText(dead, 'message')} given up within ${spanText(given_up.span_ms)}`}.`,
  template: null,
  example: {
    facts: { channel: 'ops', kind: 'webhook', failing_since: '2026-01-01T10:02:00.000Z', dead: 3 },
    sentence:
      'The channel ops (webhook) has not delivered since 2026-01-01 10:02 UTC; 3 messages given up within 24 hours.',
  },
});
