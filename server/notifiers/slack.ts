import type { Notice } from '@aos/core/policies/delivery.ts';
import type { Notifier } from './define.ts';
import { originOf, postJson } from './post-json.ts';

/** Slack reads these three as markup: https://docs.slack.dev/messaging/formatting-message-text */
const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

/** The longest text that a section takes. */
const section_max = 3_000;

const bodyOf = ({ title, text, url }: Notice) => ({
  // What notifications and clients without blocks show.
  text: `${escaped(title)}: ${escaped(text)}`,
  blocks: [
    {
      type: 'section',
      text: { type: 'mrkdwn', text: `*${escaped(title)}*\n${escaped(text)}`.slice(0, section_max) },
    },
    { type: 'context', elements: [{ type: 'mrkdwn', text: `<${url}|Open in AOS>` }] },
  ],
});

/** An incoming webhook of Slack, or of anything that reads the same body (Mattermost, Discord at `/slack`). */
export const slack: Notifier = {
  kind: 'slack',
  is_signed: false,
  shownAddress: originOf,
  tell: (deps, { id, address, notice }) =>
    postJson(deps, address, JSON.stringify(bodyOf(notice)), { 'webhook-id': id }),
};
