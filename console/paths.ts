/** Where things are shown, by the prefix of their id; what has no page of its own is found by `/go/`. */
const pages: Readonly<Record<string, string>> = {
  run: '/runs/',
  pol: '/policies/',
  inc: '/incidents/',
  dec: '/d/',
  sig: '/activity/signals?signal=',
  ten: '/settings/projects#',
};

export const id_shape = /^[a-z]{3}_[0-7][0-9a-hjkmnp-tv-z]{25}$/;

export const hrefOf = (id: string): string => `${pages[id.slice(0, 3)] ?? '/go/'}${id}`;

/** A run with one of its steps in sight. */
export const stepHref = (run_id: string, step_id: string): string => `/runs/${run_id}?step=${step_id}`;
