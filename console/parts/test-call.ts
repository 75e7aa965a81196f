interface Provider {
  slug: string;
  kind: string;
}

const question = { max_tokens: 16, messages: [{ role: 'user', content: 'Say ok.' }] };

/** Sends one small call through the gateway, on the wire of the provider, and says what came back. */
export async function sendTestCall({ slug, kind }: Provider, model: string): Promise<{ ok: boolean; text: string }> {
  const path = kind === 'anthropic' ? '/v1/messages' : '/v1/chat/completions';
  const answer = await fetch(path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-aos-tags': 'aos.purpose=test' },
    body: JSON.stringify({ model: `${slug}/${model}`, ...question }),
  }).catch(() => null);
  if (answer === null) return { ok: false, text: 'The server does not answer.' };
  const body: unknown = await answer.json().catch(() => null);
  if (answer.ok) return { ok: true, text: saidIn(body) };
  const said = (body as { error?: { message?: string } } | null)?.error?.message;
  return { ok: false, text: said ?? `The server answered ${answer.status}.` };
}

function saidIn(body: unknown): string {
  const { choices, content } = (body ?? {}) as {
    choices?: { message?: { content?: string } }[];
    content?: { text?: string }[];
  };
  return choices?.[0]?.message?.content ?? content?.[0]?.text ?? '';
}
