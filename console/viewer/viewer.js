// Shows the records that links of answers, policies and incidents lead to, as the API gives them. Everything that comes
// from outside is written as text, never as markup.

const lists = {
  '/activity/live': {
    title: 'Live runs',
    api: 'activity/live',
    columns: ['id', 'status', 'agent_slug', 'calls', 'refused_calls', 'estimated_cost_usd', 'last_activity_at'],
  },
  '/activity/completed': {
    title: 'Completed runs',
    api: 'activity/completed',
    columns: ['id', 'status', 'termination_reason', 'agent_slug', 'calls', 'estimated_cost_usd', 'ended_at'],
  },
  '/policies': { title: 'Policies', api: 'policies', columns: ['id', 'name', 'status', 'mode', 'sentence'] },
  '/limits': {
    title: 'Limits',
    api: 'limits',
    columns: ['policy_name', 'title', 'posted', 'pending', 'cap', 'unit', 'resets_at'],
  },
  '/incidents': {
    title: 'Incidents',
    api: 'incidents',
    columns: ['id', 'severity', 'category', 'title', 'occurrences', 'last_occurred_at'],
  },
  '/logs': {
    title: 'Calls',
    api: 'logs/llm-runs',
    columns: [
      'id',
      'provider',
      'model',
      'execution_status',
      'input_tokens',
      'output_tokens',
      'cost_usd',
      'decision_id',
    ],
  },
};
const objects = {
  run: ['Run', 'runs'],
  pol: ['Policy', 'policies'],
  inc: ['Incident', 'incidents'],
  dec: ['Decision', 'decisions'],
  prj: ['Project', 'projects'],
  agt: ['Agent', 'agents'],
  act: ['Actor', 'actors'],
  key: ['Key', 'api-keys'],
  pvd: ['Provider', 'providers'],
};
const pages = { run: '/runs/', pol: '/policies/', inc: '/incidents/', dec: '/d/' };
const id_shape = /^([a-z]{3})_[0-9a-hjkmnp-tv-z]{26}$/;
const kept_key = 'aos admin key';

const main = document.getElementById('main');
const sign_out = document.getElementById('sign-out');

function element(name, content, attributes = {}) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...[content ?? ''].flat());
  return made;
}

const hrefOf = (id) => `${pages[id.slice(0, 3)] ?? '/go/'}${id}`;

function shown(value) {
  if (value === null || value === undefined || value === '') return '–';
  if (Array.isArray(value))
    return value.length === 0
      ? '–'
      : element(
          'div',
          value.map((item) => element('div', shown(item))),
        );
  if (typeof value === 'object') return tableOf(value);
  const text = String(value);
  const kind = id_shape.exec(text)?.[1];
  return kind && (objects[kind] || kind === 'rec') && kind !== 'rec'
    ? element('a', text, { href: hrefOf(text) })
    : text;
}

const tableOf = (object) =>
  element(
    'table',
    element(
      'tbody',
      Object.entries(object).map(([name, value]) =>
        element('tr', [element('th', name, { scope: 'row' }), element('td', shown(value))]),
      ),
    ),
  );

async function read(path) {
  const answer = await fetch(`/api/v1/${path}`, { headers: { 'x-aos-key': sessionStorage.getItem(kept_key) ?? '' } });
  const body = await answer.json();
  if (answer.ok) return body;
  const failure = new Error(body.error?.message ?? `The server answered ${answer.status}.`);
  failure.status = answer.status;
  throw failure;
}

function show(title, ...content) {
  document.title = `${title} · AOS`;
  main.replaceChildren(element('h1', title), ...content);
}

async function showList({ title, api, columns }) {
  const { items, total } = await read(`${api}?limit=100`);
  const head = element(
    'thead',
    element(
      'tr',
      columns.map((name) => element('th', name, { scope: 'col' })),
    ),
  );
  const rows = items.map((item) =>
    element(
      'tr',
      columns.map((name) => element('td', shown(item[name]))),
    ),
  );
  const count = element('p', items.length === 0 ? 'Nothing here yet.' : `${items.length} of ${total ?? 'over 10,000'}`);
  show(title, count, element('table', [head, element('tbody', rows)]));
}

async function showObject(id) {
  const found = objects[id_shape.exec(id)?.[1]];
  if (!found) return notFound();
  const [name, api] = found;
  const object = await read(`${api}/${id}`);
  const parts = [tableOf(object)];
  if (api === 'runs')
    parts.push(element('h1', 'Steps'), ...(await read(`runs/${id}/steps?limit=100`)).items.map(tableOf));
  show(`${name} ${object.name ?? id}`, ...parts);
}

function notFound() {
  show(
    'Page not found',
    element('p', ['There is no page at this address. ', element('a', 'Live runs', { href: '/activity/live' })]),
  );
}

function signIn(message) {
  sign_out.hidden = true;
  const field = element('input', '', { id: 'key', type: 'password', autocomplete: 'current-password', required: '' });
  const form = element('form', [
    element('label', 'Admin key', { for: 'key' }),
    field,
    element('button', 'Sign in', { type: 'submit' }),
  ]);
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    sessionStorage.setItem(kept_key, field.value.trim());
    start();
  });
  show('Sign in', ...(message ? [element('p', message, { class: 'error', role: 'alert' })] : []), form);
  field.focus();
}

async function start() {
  if (!sessionStorage.getItem(kept_key)) return signIn();
  sign_out.hidden = false;
  const path = location.pathname.replace(/\/$/, '') || '/activity/live';
  try {
    const [, id] = /^\/(?:runs|policies|incidents|d|go)\/([^/]+)$/.exec(path) ?? [];
    if (lists[path]) await showList(lists[path]);
    else if (id) await showObject(decodeURIComponent(id));
    else notFound();
  } catch (error) {
    if (error.status === 401) signIn(error.message);
    else if (error.status === 404) notFound();
    else show('This did not work', element('p', error.message, { class: 'error', role: 'alert' }));
  }
}

sign_out.addEventListener('click', () => {
  sessionStorage.removeItem(kept_key);
  signIn();
});
start();
