// `npm start`: installs and builds what is missing or out of date, then becomes the server. The server runs in this
// very process, so arguments, signals and the exit code need no forwarding, and killing this pid leaves no orphan.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { built_server, isStale } from './build.mjs';
import { install, requireNode, root } from './install.mjs';

requireNode();
install();
if (isStale()) {
  console.log('Building the server …');
  const { status } = spawnSync(process.execPath, [join(root, 'tools', 'build.mjs')], { stdio: 'inherit' });
  if (status !== 0) {
    console.error('The server could not be built; the reason is above.');
    process.exit(1);
  }
}
const env_file = join(root, '.env');
if (existsSync(env_file)) process.loadEnvFile(env_file); // what the environment already says wins
process.argv[1] = built_server;
await import(pathToFileURL(built_server).href);
