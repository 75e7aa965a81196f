import { openaiClient } from '../parts/client.ts';
import { type Gateway, say } from '../parts/gateway.ts';

/** A call that its provider never ends; resolves with how it ended all the same. */
export async function hanging({ server }: Gateway, agent: string): Promise<string> {
  const client = openaiClient(server, server.admin_key, {
    defaultHeaders: { 'x-aos-agent-id': agent },
    maxRetries: 0,
  });
  try {
    const stream = await client.chat.completions.create({
      model: 'gpt-4o-mini',
      messages: say({ stall_after_chunks: 2 }),
      stream: true,
    });
    for await (const _ of stream);
    return 'it ended by itself';
  } catch (error) {
    return String(error);
  }
}
