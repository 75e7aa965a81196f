import { type Import, importsOf, placeOf } from './imports.ts';
import { type Finding, isCode, isShipped, isTest, type Rule, type Source } from './rule.ts';

/** Which packages of this repository a package may import. `tools` and `e2e` may import all; nobody imports them. */
const may_import: Record<string, readonly string[]> = {
  core: ['core'],
  server: ['server', 'core'],
  'sdk/ts': ['sdk/ts', 'core'],
  cli: ['cli', 'core', 'sdk/ts'],
  console: ['console', 'core', 'sdk/ts'],
};

/** Pure libraries only: no clock, no network, no file. */
const core_dependencies = ['zod', 'luxon', 'canonicalize', 'gpt-tokenizer', '@pydantic/genai-prices'];

/** Rooms from the ground up. A room may import itself and lower floors; rooms of one floor do not know each other. */
const floors: Record<string, readonly (readonly string[])[]> = {
  core: [['base'], ['access'], ['activity'], ['policies'], ['incidents'], ['logs'], ['api']],
  server: [
    ['base'],
    ['store', 'upstreams', 'notifiers', 'otlp'],
    ['govern', 'http'],
    ['skills', 'gateway'],
    ['runs', 'synthetic'],
    ['worker', 'api'],
    ['boot'],
    ['main'],
  ],
};

function check(
  files: readonly Source[],
  relevant: (path: string) => boolean,
  wrong: (from: string, found: Import) => string | null,
): Finding[] {
  return files
    .filter((file) => isCode(file.path) && relevant(file.path))
    .flatMap((file) =>
      importsOf(file).flatMap((found) => {
        const what = wrong(file.path, found);
        return what === null ? [] : [{ path: file.path, line: found.line, what }];
      }),
    );
}

function wrongPackage(from: string, found: Import): string | null {
  if (found.path === null) return null;
  const home = placeOf(from).package;
  const target = placeOf(found.path).package;
  // What plays the outside world in tests is no part of any package.
  if (isTest(from) && target === 'tools') return null;
  if (home !== target && found.specifier.startsWith('.') && may_import[target])
    return `reaches into ${target} by a relative path; write @aos/…`;
  const allowed = may_import[home];
  if (allowed && !allowed.includes(target)) return `${home} imports ${target || found.path}`;
  if (home === 'sdk/ts' && target === 'core' && !found.type_only && !isTest(from))
    return 'the SDK imports a value from core; only types are free at run time';
  return null;
}

export const packages_keep_apart: Rule = {
  name: 'packages import only what they may',
  remedy: 'core stands alone; server, cli, console and sdk build on core; what two packages need belongs in core.',
  find: (files) => check(files, () => true, wrongPackage),
  breaks: [
    { files: { 'core/base/a.ts': "import { b } from '@aos/server/base/b.ts';" }, at: 'core/base/a.ts:1' },
    {
      files: { 'console/pages/A.tsx': "\nimport type { B } from '@aos/server/api/b.ts';" },
      at: 'console/pages/A.tsx:2',
    },
    { files: { 'cli/a.ts': "await import('@aos/server/main.ts');" }, at: 'cli/a.ts:1' },
    { files: { 'server/base/a.ts': "import { b } from '../../core/base/b.ts';" }, at: 'server/base/a.ts:1' },
    { files: { 'server/base/a.ts': "import { b } from '../../tools/b.ts';" }, at: 'server/base/a.ts:1' },
    { files: { 'sdk/ts/a.ts': "import { b } from '@aos/core/base/b.ts';" }, at: 'sdk/ts/a.ts:1' },
    { files: { 'core/base/a.test.ts': "import { b } from '@aos/server/base/b.ts';" }, at: 'core/base/a.test.ts:1' },
  ],
  keeps: [
    {
      'server/base/a.ts': "import { b } from '@aos/core/base/b.ts';",
      'sdk/ts/a.ts': "import type { B } from '@aos/core/base/b.ts';",
      'cli/a.ts': "import { AOS } from '@aos/sdk/client.ts'; // from '@aos/server/main.ts'",
      'e2e/a.ts': "import { b } from '@aos/server/main.ts';",
    },
  ],
};

function wrongRoom(from: string, found: Import): string | null {
  const home = placeOf(from);
  const order = floors[home.package];
  if (!order || found.path === null || placeOf(found.path).package !== home.package) return null;
  const target = placeOf(found.path);
  const floorOf = (room: string): number => order.findIndex((rooms) => rooms.includes(room));
  if (home.room === target.room || floorOf(target.room) < floorOf(home.room)) return null;
  return `${home.package}/${home.room} imports ${home.package}/${target.room}, which does not stand below it`;
}

function strayFiles(files: readonly Source[]): Finding[] {
  return files
    .filter(({ path }) => isShipped(path))
    .flatMap(({ path }) => {
      const { package: home, room } = placeOf(path);
      const known = floors[home]?.flat().includes(room) ?? true;
      return known ? [] : [{ path, line: 1, what: `${home}/${room} is no room of the house` }];
    });
}

export const rooms_keep_order: Rule = {
  name: 'rooms import only what stands below them',
  remedy:
    'core: base → access → activity → policies → incidents → logs → api. server: base → store, upstreams, notifiers, otlp → govern, http → skills, gateway → runs, synthetic → worker, api → boot → main. Move the word down, or pass it in as a value.',
  find: (files) => [...check(files, (path) => !isTest(path), wrongRoom), ...strayFiles(files)],
  breaks: [
    { files: { 'core/access/a.ts': "import type { B } from '../policies/b.ts';" }, at: 'core/access/a.ts:1' },
    { files: { 'core/base/a.ts': "\nexport { b } from '@aos/core/api/b.ts';" }, at: 'core/base/a.ts:2' },
    { files: { 'server/store/a.ts': "import { b } from '../govern/b.ts';" }, at: 'server/store/a.ts:1' },
    { files: { 'server/gateway/a.ts': "import {\n  b,\n} from '../skills/b.ts';" }, at: 'server/gateway/a.ts:3' },
    { files: { 'server/api/a.ts': "import { b } from '../main.ts';" }, at: 'server/api/a.ts:1' },
    { files: { 'server/lib/a.ts': 'export const a = 1;' }, at: 'server/lib/a.ts:1' },
  ],
  keeps: [
    {
      'core/api/a.ts': "import { b } from '../base/b.ts';",
      'core/policies/limits/a.ts': "import { b } from '../limit.ts';",
      'server/main.ts': "import { b } from './api/b.ts';",
      'server/store/a.test.ts': "import { b } from '../govern/b.ts';",
    },
  ],
};

function ungoverned(from: string, found: Import): string | null {
  if (!found.path?.startsWith('server/upstreams/')) return null;
  const room = from.split('/').slice(0, 2).join('/');
  if (room === 'server/govern' || room === 'server/upstreams') return null;
  return `${from} imports ${found.path}`;
}

export const only_govern_reaches_out: Rule = {
  name: 'only server/govern imports server/upstreams',
  remedy: 'Whatever goes out is a Call and passes server/govern/call.ts; closing pools goes through govern too.',
  find: (files) => check(files, (path) => !isTest(path), ungoverned),
  breaks: [
    { files: { 'server/main.ts': "import { b } from './upstreams/llm/index.ts';" }, at: 'server/main.ts:1' },
    { files: { 'server/skills/a.ts': "import type { B } from '../upstreams/llm/b.ts';" }, at: 'server/skills/a.ts:1' },
    { files: { 'tools/a.ts': "import('@aos/server/upstreams/llm/b.ts');" }, at: 'tools/a.ts:1' },
  ],
  keeps: [
    {
      'server/govern/call.ts': "import { b } from '../upstreams/llm/index.ts';",
      'server/upstreams/llm/index.ts': "import { b } from './b.ts';",
    },
  ],
};

function wrongDependency(from: string, found: Import): string | null {
  const home = placeOf(from).package;
  if (found.dependency === null) return null;
  if (home === 'core' && !core_dependencies.includes(found.dependency)) return `core imports ${found.specifier}`;
  if (home === 'sdk/ts' && found.dependency !== 'node:' && !found.type_only)
    return `the SDK imports ${found.specifier}`;
  return null;
}

function wrongManifest({ path, text }: Source): Finding[] {
  const allowed = { 'core/package.json': core_dependencies, 'sdk/ts/package.json': [] as string[] }[path];
  if (!allowed) return [];
  const { dependencies = {} } = JSON.parse(text) as { dependencies?: Record<string, string> };
  return Object.keys(dependencies)
    .filter((name) => !allowed.includes(name))
    .map((name) => ({
      path,
      line: text.slice(0, text.indexOf(`"${name}"`)).split('\n').length,
      what: `lists ${name}`,
    }));
}

export const few_dependencies: Rule = {
  name: 'core depends on pure libraries only, the SDK on nothing',
  remedy: `core may import ${core_dependencies.join(', ')}; anything impure comes in as a port. The SDK runs bare.`,
  find: (files) => [...check(files, (path) => !isTest(path), wrongDependency), ...files.flatMap(wrongManifest)],
  breaks: [
    { files: { 'core/base/a.ts': "import { createHash } from 'node:crypto';" }, at: 'core/base/a.ts:1' },
    { files: { 'core/base/a.ts': "import { b } from 'fastify';" }, at: 'core/base/a.ts:1' },
    { files: { 'core/base/a.ts': "import fs from 'fs/promises';" }, at: 'core/base/a.ts:1' },
    { files: { 'sdk/ts/a.ts': "import { z } from 'zod';" }, at: 'sdk/ts/a.ts:1' },
    { files: { 'core/package.json': '{\n"dependencies": {\n"pg": "1"}}' }, at: 'core/package.json:3' },
    { files: { 'sdk/ts/package.json': '{"dependencies": { "zod": "4" }}' }, at: 'sdk/ts/package.json:1' },
  ],
  keeps: [
    {
      'core/base/a.ts': "import { z } from 'zod';\nimport { encode } from 'gpt-tokenizer/encoding/o200k_base';",
      'core/base/a.test.ts': "import { test } from 'vitest';\nimport { readFileSync } from 'node:fs';",
      'core/package.json': '{"dependencies": { "zod": "4" }}',
      'sdk/ts/package.json': '{"name": "x"}',
    },
  ],
};
