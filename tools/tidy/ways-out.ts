import { importsOf } from './imports.ts';
import { findInCode, type Pattern } from './patterns.ts';
import { type Finding, isShipped, type Rule, type Source } from './rule.ts';

/** Libraries and modules that open connections to elsewhere. */
const clients = ['undici', 'nodemailer', 'node:http', 'node:https', 'node:http2', 'node:tls'];

/** Who holds a client: models, what users point at, the collector of telemetry, the mail server. */
const may_connect = [
  'server/upstreams/',
  'server/base/outbound/',
  'server/otlp/sender.ts',
  'server/notifiers/email.ts',
];

/** Who may send to addresses that users name, or hands the way there to one of these. */
const may_send = [
  'server/base/',
  'server/boot/process.ts',
  'server/http/oidc.ts',
  'server/notifiers/',
  'server/runs/run-step.ts',
  'server/skills/define.ts',
  'server/skills/http.ts',
];

const fetching: Pattern = [/(?<![.\w$])fetch\s*\(/g, 'reaches the network'];
const sending: Pattern = [/\b(?:outbound|openOutbound|Outbound)\b/g, 'can send to any address'];

const beyond = (files: readonly Source[], allowed: readonly string[]): Source[] =>
  files.filter(
    ({ path }) => path.startsWith('server/') && isShipped(path) && !allowed.some((place) => path.startsWith(place)),
  );

const connections = (file: Source): Finding[] =>
  importsOf(file)
    .filter(({ specifier, type_only }) => !type_only && clients.includes(specifier))
    .map(({ specifier, line }) => ({ path: file.path, line, what: `imports ${specifier}` }));

export const few_ways_out: Rule = {
  name: 'only listed files of the server reach out',
  remedy:
    'What asks a model is a Call and passes server/govern. Anything else that must go out is added to tools/tidy/ways-out.ts, with a reason in the commit.',
  find: (files) => [
    ...beyond(files, may_connect).flatMap(connections),
    ...findInCode(beyond(files, may_connect), [fetching]),
    ...findInCode(beyond(files, may_send), [sending]),
  ],
  breaks: [
    { files: { 'server/api/a.ts': "import { request } from 'undici';" }, at: 'server/api/a.ts:1' },
    { files: { 'server/worker/a.ts': "\nimport { connect } from 'node:tls';" }, at: 'server/worker/a.ts:2' },
    { files: { 'server/gateway/a.ts': "\nawait fetch('https://example.com');" }, at: 'server/gateway/a.ts:2' },
    { files: { 'server/skills/tool.ts': '\nawait around.outbound.send(request);' }, at: 'server/skills/tool.ts:2' },
    { files: { 'server/govern/a.ts': 'const { outbound } = deps;' }, at: 'server/govern/a.ts:1' },
    { files: { 'server/worker/a.ts': 'const out = openOutbound(reach);' }, at: 'server/worker/a.ts:1' },
  ],
  keeps: [
    {
      'server/upstreams/llm/http.ts': "import { Pool } from 'undici';",
      'server/http/app.ts': "import type { Server } from 'node:http';",
      'server/skills/http.ts': 'await outbound.send(request);',
      'server/gateway/a.ts': '// outbound\nlimits.fetch(a);',
      'server/gateway/a.test.ts': "await fetch('http://127.0.0.1');",
      'cli/a.ts': "await fetch('http://127.0.0.1');",
    },
  ],
};
