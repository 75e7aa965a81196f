/** One server-sent event as it came over the wire. */
export interface Heard {
  type: string;
  id: string | null;
  data: Record<string, unknown> & { type: string; at: string };
}

/** Opens a stream of events and gives each as it comes; ends with the stream. Heartbeats are left out unless asked for. */
export async function* hear(
  server: { url: string; admin_key: string },
  path: string,
  of: { after?: string; signal?: AbortSignal; heartbeats?: boolean } = {},
): AsyncGenerator<Heard> {
  const answer = await fetch(`${server.url}${path}`, {
    headers: {
      authorization: `Bearer ${server.admin_key}`,
      ...(of.after !== undefined && { 'last-event-id': of.after }),
    },
    ...(of.signal && { signal: of.signal }),
  });
  if (answer.status !== 200 || !answer.body)
    throw new Error(`${path} answered ${answer.status}: ${await answer.text()}`);
  let text = '';
  for await (const chunk of answer.body.pipeThrough(new TextDecoderStream())) {
    text += chunk;
    const blocks = text.split('\n\n');
    text = blocks.pop() ?? '';
    for (const block of blocks) {
      const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(block)?.[1] ?? null;
      const type = field('event');
      if (type === null || (type === 'heartbeat' && !of.heartbeats)) continue;
      yield { type, id: field('id'), data: JSON.parse(field('data') ?? '') };
    }
  }
}

/** Hears until an event is as wanted, that one included; fails when the stream ends before, or after `within_ms`. */
export async function hearUntil(
  events: AsyncGenerator<Heard>,
  wanted: (event: Heard) => boolean,
  within_ms = 60_000,
): Promise<Heard[]> {
  const heard: Heard[] = [];
  const until = Date.now() + within_ms;
  for await (const event of events) {
    heard.push(event);
    if (wanted(event)) return heard;
    if (Date.now() > until) break;
  }
  throw new Error(`what was wanted did not come; heard: ${heard.map(({ type }) => type).join(', ')}`);
}
