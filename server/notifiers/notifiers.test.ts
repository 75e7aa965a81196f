import { channel_kinds } from '@aos/core/policies/channel.ts';
import type { Notice } from '@aos/core/policies/delivery.ts';
import { describe, expect, test } from 'vitest';
import { readConfig } from '../base/config.ts';
import { OutboundFailure } from '../base/outbound/failure.ts';
import type { OutboundRequest } from '../base/outbound/outbound.ts';
import type { Reaching } from './define.ts';
import { notifiers } from './index.ts';

const notice: Notice = {
  type: 'limit.tier_reached',
  timestamp: '2026-01-01T00:00:00.000Z',
  title: 'Cap <of> the day: 90 % reached',
  text: '90 % & more',
  url: 'http://aos.test/go/alr_1',
  data: { tier: 90 },
};
const message = { id: 'dlv_1', sent_at_ms: 0, address: 'https://hooks.test/a/secret', secret: 'whsec_AAAA', notice };

/** What leaves through the guarded client, and what it answers. */
function reaching(answer: number | OutboundFailure) {
  const sent: OutboundRequest[] = [];
  const deps: Reaching = {
    config: readConfig({}),
    outbound: {
      check: () => undefined,
      send(request) {
        sent.push(request);
        if (typeof answer !== 'number') return Promise.reject(answer);
        return Promise.resolve({ status: answer, headers: {}, body: Buffer.alloc(0), is_cut: false });
      },
    },
  };
  return { deps, sent };
}

test('every kind of channel has its notifier', () => {
  expect(Object.entries(notifiers).map(([kind, of]) => [kind, of.kind])).toEqual(
    [...channel_kinds].map((kind) => [kind, kind]),
  );
});

describe.each(['webhook', 'slack'] as const)('%s', (kind) => {
  test('has told when the answer says so, and only then', async () => {
    const told = async (answer: number | OutboundFailure) => notifiers[kind].tell(reaching(answer).deps, message);
    for (const status of [200, 202, 204]) expect(await told(status)).toEqual({ status, error: null });
    for (const status of [301, 400, 404, 429, 500])
      expect(await told(status)).toEqual({ status, error: `the receiver answered ${status}` });
    expect(await told(410)).toMatchObject({ status: 410, is_gone: true });
    expect(await told(new OutboundFailure('timeout', 'hooks.test did not answer'))).toEqual({
      status: null,
      error: 'hooks.test did not answer',
    });
  });

  test('sends the same text and id in every attempt, through the guarded client', async () => {
    const { deps, sent } = reaching(500);
    await notifiers[kind].tell(deps, message);
    await notifiers[kind].tell(deps, { ...message, sent_at_ms: 60_000 });
    expect(sent).toHaveLength(2);
    expect(sent[0]?.body).toBe(sent[1]?.body);
    expect(sent.map(({ headers }) => headers['webhook-id'])).toEqual(['dlv_1', 'dlv_1']);
  });

  test('shows no more of its address than where it leads', () => {
    expect(notifiers[kind].shownAddress(reaching(200).deps, message.address)).toBe('https://hooks.test');
  });
});

test('text for Slack holds no markup but ours', async () => {
  const { deps, sent } = reaching(200);
  await notifiers.slack.tell(deps, message);
  expect(String(sent[0]?.body)).toContain('*Cap &lt;of&gt; the day: 90 % reached*\\n90 % &amp; more');
});

test('without a mail server e-mail says what is missing', async () => {
  const told = await notifiers.email.tell(reaching(200).deps, { ...message, address: 'a@example.com', secret: null });
  expect(told).toEqual({ status: null, error: 'no mail server is configured: set SMTP_URL' });
});
