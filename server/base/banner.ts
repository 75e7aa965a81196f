import type { Config } from './config.ts';

/** What the command takes for granted; where the server listens stands in its data folder. */
const default_data = '.aos';

/** What a person reads after `npm start`: where things are, the key on the first start only, and what to paste next. */
export function banner(config: Config, ready_ms: number, admin_key: string | null): string {
  const url = config.public_url;
  const key = config.admin_key === null ? `$(cat ${config.data_dir}/admin.key)` : '$AOS_ADMIN_KEY';
  const auth = `-H "authorization: Bearer ${key}"`;
  const json = `-H "content-type: application/json"`;
  const policy = {
    name: 'My first cap',
    target: { kind: 'all_runs' },
    controls: [{ limit: { type: 'cost_usd', max: '1.00', window: { per: 'day' } }, action: 'block' }],
  };
  const settings = config.data_dir === default_data ? '' : `AOS_DATA_DIR=${config.data_dir} `;
  const call = { model: 'mock-small', messages: [{ role: 'user', content: 'Hello' }] };
  return [
    '',
    `  AOS is ready (${(ready_ms / 1000).toFixed(1)} s).`,
    '',
    `  Console   ${url}/`,
    `  Gateway   ${url}/v1`,
    ...(admin_key === null ? [] : [`  Admin key ${admin_key}   (shown once; kept in ${config.data_dir}/admin.key)`]),
    '',
    '  Next, in another terminal:',
    '',
    `  0. Fill it with seven days of a demo, to look at:  ${settings}npx aos demo`,
    '  1. Make a call through the gateway, to a built-in model:',
    `     curl -s ${url}/v1/chat/completions ${auth} ${json} -d '${JSON.stringify(call)}'`,
    '  2. See the run it made:',
    `     curl -s ${url}/api/v1/activity/live ${auth}`,
    '  3. Draft a policy that caps what may be spent in a day (its answer names the id to activate):',
    `     curl -s ${url}/api/v1/policies ${auth} ${json} -d '${JSON.stringify(policy)}'`,
    '',
  ].join('\n');
}
