import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { documented_endpoints } from '@aos/core/api/index.ts';
import { openapiDocument } from '@aos/core/api/openapi.ts';
import { policy_schema_path, policyJsonSchema } from '@aos/core/policies/file.ts';
import { version } from '@aos/server/base/version.ts';

/** Every file that is made from the code: its path below the root, and what it must hold. */
const generated: { path: string; text: () => string }[] = [
  {
    path: policy_schema_path.slice(1),
    text: () => `${JSON.stringify(policyJsonSchema(policy_schema_path), null, 2)}\n`,
  },
  { path: 'sdk/ts/endpoints.generated.ts', text: sdkEndpoints },
  { path: 'openapi.json', text: () => `${JSON.stringify(openapiDocument(documented_endpoints, version), null, 2)}\n` },
];

/** Method and path of every endpoint: all that the SDK needs of the contract when it runs. */
function sdkEndpoints(): string {
  const lines = Object.entries(documented_endpoints).map(
    ([name, { method, path }]) => `  ${name}: '${method} ${path}',`,
  );
  const head = "import type { EndpointTable } from './contract.ts';\n\nexport const endpoints: EndpointTable = {\n";
  return `${head}${lines.join('\n')}\n};\n`;
}

const place = (path: string): string => fileURLToPath(new URL(`../${path}`, import.meta.url));
const present = (path: string): Promise<string> => readFile(place(path), 'utf8').catch(() => '');

/** `tsx tools/gen.ts` writes them; with `--check` it only says which are stale, and fails. */
const only_check = process.argv.includes('--check');
let stale = 0;
for (const { path, text } of generated) {
  if ((await present(path)) === text()) continue;
  stale++;
  if (only_check) console.error(`${path} is stale: run "npm run gen" and commit what it writes`);
  else await mkdir(dirname(place(path)), { recursive: true }).then(() => writeFile(place(path), text()));
}
if (!only_check) console.log(stale === 0 ? 'Nothing changed.' : `Wrote ${stale} of ${generated.length} files.`);
process.exitCode = only_check && stale > 0 ? 1 : 0;
