import pg from 'pg';
import { control_channel } from './gate.ts';

/**
 * Hears which tenants' control has changed. Only a hint that saves a stale round: after a lost connection it comes back
 * by itself, and what was missed meanwhile the admissions find out.
 */
export function listenForControl(
  url: string,
  onChange: (tenant_id: string) => void,
  onError: (error: Error) => void,
): () => Promise<void> {
  let client: pg.Client | undefined;
  let timer: NodeJS.Timeout | undefined;
  let is_stopped = false;
  const connect = async () => {
    client = new pg.Client({ connectionString: url, keepAlive: true });
    client.on('notification', (message) => message.payload && onChange(message.payload));
    client.on('error', () => undefined);
    client.on('end', retry);
    await client.connect();
    await client.query(`listen ${control_channel}`);
  };
  const retry = () => {
    if (is_stopped || timer) return;
    timer = setTimeout(() => {
      timer = undefined;
      connect().catch((error: Error) => {
        onError(error);
        retry();
      });
    }, 1_000);
  };
  connect().catch((error: Error) => {
    onError(error);
    retry();
  });
  return async () => {
    is_stopped = true;
    clearTimeout(timer);
    await client?.end().catch(() => undefined);
  };
}
