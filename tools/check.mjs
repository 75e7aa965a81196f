#!/usr/bin/env node
// `npm run check`: everything that can be said about the code without running the product. All steps run, whatever
// fails, so that one run shows all there is to mend. Exit code 1 when a step failed.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { install, requireNode, root } from './install.mjs';

/** @type {{ name: string, command: string[], needs?: string }[]} */
const steps = [
  { name: 'types', command: ['tsc', '-p', '.'] },
  { name: 'types of the console', command: ['tsc', '-p', 'console'] },
  { name: 'lint and format', command: ['biome', 'check', '--diagnostic-level=error'] },
  { name: 'nothing unused', command: ['knip', '--no-progress', '--no-config-hints'] },
  { name: 'tidy', command: ['vitest', 'run', 'tools/tidy.test.ts', '--reporter=dot', '--silent'] },
  { name: 'generated files fresh', command: ['tsx', 'tools/gen.ts', '--check'], needs: 'tools/gen.ts' },
];

requireNode();
install();
let failed = 0;
for (const step of steps) if (!(await run(step))) failed++;
console.log(failed === 0 ? '\nAll checks passed.' : `\n${failed} of ${steps.length} checks failed.`);
process.exitCode = failed === 0 ? 0 : 1;

/** Runs one step and prints its line; its output follows when it failed. True when it passed or had nothing to do. */
async function run({ name, command, needs }) {
  if (needs && !existsSync(join(root, needs))) {
    console.log(`skip  ${name.padEnd(22)}          ${needs} does not exist`);
    return true;
  }
  const started = performance.now();
  const { code, output } = await outcomeOf(command);
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  console.log(`${code === 0 ? 'ok  ' : 'FAIL'}  ${name.padEnd(22)} ${seconds.padStart(6)} s`);
  if (code !== 0) console.log(output.trimEnd().replace(/^/gm, '      '));
  return code === 0;
}

function outcomeOf([program, ...args]) {
  const windows = process.platform === 'win32';
  const file = join(root, 'node_modules', '.bin', windows ? `${program}.cmd` : program);
  return new Promise((resolve) => {
    let output = '';
    const child = spawn(file, args, {
      cwd: root,
      shell: windows,
      env: { ...process.env, NO_COLOR: '1', FORCE_COLOR: '0' },
    });
    const keep = (chunk) => {
      output += chunk;
    };
    child.stdout.setEncoding('utf8').on('data', keep);
    child.stderr.setEncoding('utf8').on('data', keep);
    child.on('error', (error) => resolve({ code: 1, output: `${program} did not start: ${error.message}` }));
    child.on('close', (code) => resolve({ code, output }));
  });
}
