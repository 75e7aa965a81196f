import { createTransport } from 'nodemailer';
import { type Notifier, tell_within_ms } from './define.ts';

/** A domain for senders and message ids: the one under which people reach the console. */
const domainOf = (public_url: string): string => {
  const { hostname } = new URL(public_url);
  return /^[\d.]+$|:/.test(hostname) ? 'localhost' : hostname;
};

export const email: Notifier = {
  kind: 'email',
  is_signed: false,
  shownAddress: (_, address) => address,
  async tell({ config }, { id, address, notice }) {
    if (config.smtp_url === null) return { status: null, error: 'no mail server is configured: set SMTP_URL' };
    const domain = domainOf(config.public_url);
    const transport = createTransport(
      {
        url: config.smtp_url,
        connectionTimeout: tell_within_ms,
        greetingTimeout: tell_within_ms,
        socketTimeout: tell_within_ms,
      },
      { from: config.mail_from ?? `AOS <aos@${domain}>` },
    );
    try {
      await transport.sendMail({
        to: address.split(', '),
        subject: notice.title,
        text: `${notice.text}\n\n${notice.url}\n`,
        // The same in every attempt: mail programs show a repeated message once.
        messageId: `<${id}@${domain}>`,
        headers: { 'webhook-id': id, 'auto-submitted': 'auto-generated' },
      });
      return { status: 250, error: null };
    } catch (error) {
      const { code, responseCode } = error as { code?: string; responseCode?: number };
      return {
        status: responseCode ?? null,
        error: `the mail server did not take it (${responseCode ?? code ?? 'unknown'})`,
      };
    } finally {
      transport.close();
    }
  },
};
