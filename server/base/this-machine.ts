/** Whether a URL leads to this machine itself, where browsers trust http as they trust https elsewhere. */
export const isOnThisMachine = (url: string): boolean =>
  ['127.0.0.1', '[::1]', 'localhost'].includes(new URL(url).hostname);
