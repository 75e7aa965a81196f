/** Where things are shown, by the prefix of their id; what has no page of its own is found by `/go/`. */
const pages: Readonly<Record<string, string>> = {
  run: '/runs/',
  pol: '/policies/',
  inc: '/incidents/',
  dec: '/d/',
  sig: '/activity/signals?signal=',
  ses: '/activity/completed?is_synthetic=all&session=',
  ten: '/settings/projects#',
};

/** What `/go/` shows, or leads to. */
const found_by_go = [
  ...['rec', 'evt', 'prj', 'agt', 'act', 'key', 'pvd', 'sto'],
  ...['apr', 'ctl', 'usr', 'chn', 'alr', 'dlv', 'stp'],
];

export const id_shape = /^[a-z]{3}_[0-7][0-9a-hjkmnp-tv-z]{25}$/;

export const hrefOf = (id: string): string => `${pages[id.slice(0, 3)] ?? '/go/'}${id}`;

/** The id names something that is shown somewhere; what has no page is no link. */
export const isShown = (id: string): boolean =>
  id_shape.test(id) && (pages[id.slice(0, 3)] !== undefined || found_by_go.includes(id.slice(0, 3)));

/** A run with one of its steps in sight. */
export const stepHref = (run_id: string, step_id: string): string => `/runs/${run_id}?step=${step_id}`;
