import type { Notifier } from './define.ts';

/** Nothing is sent: an alert stands in the list of alerts from the moment it is written. */
export const console_list: Notifier = {
  kind: 'console',
  is_signed: false,
  shownAddress: (_, address) => address,
  tell: () => Promise.resolve({ status: null, error: null }),
};
