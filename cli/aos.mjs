#!/usr/bin/env node
// The `aos` command: builds itself from the sources when it is missing or out of date, then becomes it.
import { existsSync, realpathSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = resolve(dirname(realpathSync(fileURLToPath(import.meta.url))), '..');
const builder = join(root, 'tools', 'build.mjs');
if (existsSync(builder)) {
  const { requireNode } = await import(pathToFileURL(join(root, 'tools', 'install.mjs')).href);
  requireNode();
  const { buildCommand } = await import(pathToFileURL(builder).href);
  await buildCommand();
}
const { main } = await import(pathToFileURL(join(root, 'dist', 'cli', 'main.mjs')).href);
await main(root);
