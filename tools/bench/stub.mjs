// What a bench without a harness of its own needs: `stub.mjs provider PORT` answers every call at once with the same
// completion, or with 100 chunks, or as many and as slowly as the prompt says (`120 chunks, one every 1000 ms`); `stub.mjs pass-through PORT TO` forwards to that port and decides nothing.
import http from 'node:http';

const [role, port, to] = process.argv.slice(2);
const usage = { prompt_tokens: 180, completion_tokens: 120, total_tokens: 300 };
const head = { id: 'chatcmpl-bench', created: 1_700_000_000, model: 'gpt-4o-mini' };
const content = 'The quick brown fox jumps over the lazy dog. '.repeat(13);
const message = { role: 'assistant', content, refusal: null };
const plain = JSON.stringify({
  ...head,
  object: 'chat.completion',
  usage,
  choices: [{ index: 0, message, finish_reason: 'stop' }],
});
const event = (choices, more) =>
  `data: ${JSON.stringify({ ...head, object: 'chat.completion.chunk', choices, ...more })}\n\n`;
const chunk = event([{ index: 0, delta: { content: 'quick brown ' }, finish_reason: null }]);
const tail = `${event([{ index: 0, delta: {}, finish_reason: 'stop' }])}${event([], { usage })}data: [DONE]\n\n`;

function stream(res, body) {
  const [, chunks = '100', gap_ms = '0'] = /(\d+) chunks, one every (\d+) ms/.exec(body) ?? [];
  let sent = 0;
  res.writeHead(200, { 'content-type': 'text/event-stream' });
  const next = () => {
    if (res.destroyed) return;
    if (sent++ === Number(chunks)) res.end(tail);
    else if (!res.write(chunk)) res.once('drain', next);
    else if (gap_ms === '0') setImmediate(next);
    else setTimeout(next, Number(gap_ms));
  };
  next();
}

function answer(req, res) {
  let body = '';
  req.setEncoding('utf8').on('data', (part) => {
    body += part;
  });
  req.on('end', () => {
    if (/"stream"\s*:\s*true/.test(body)) return stream(res, body);
    res.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(plain) }).end(plain);
  });
}

const agent = new http.Agent({ keepAlive: true, maxSockets: 1024 });
function forward(req, res) {
  const options = { agent, host: '127.0.0.1', port: to, path: req.url, method: req.method, headers: req.headers };
  const onward = http.request(options, (back) => {
    res.writeHead(back.statusCode ?? 502, back.headers);
    back.pipe(res);
  });
  req.pipe(onward.on('error', () => res.destroy()));
}

http
  .createServer({ keepAliveTimeout: 120_000 }, role === 'provider' ? answer : forward)
  .listen(Number(port), '127.0.0.1', 4096);
