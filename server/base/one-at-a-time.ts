/**
 * Lets the work for one key never run twice at once. Whoever asks while it runs has it done once more after that, together
 * with all who ask meanwhile: what it read may be older than what they know. Resolves when it has been done for them.
 */
export function oneAtATime(work: (key: string) => Promise<void>): (key: string) => Promise<void> {
  const running = new Map<string, Promise<void>>();
  const next = new Map<string, Promise<void>>();
  const run = (key: string): Promise<void> => {
    next.delete(key);
    const done = work(key).finally(() => {
      if (!next.has(key)) running.delete(key);
    });
    running.set(key, done);
    return done;
  };
  return (key) => {
    const before = running.get(key);
    if (!before) return run(key);
    const again =
      next.get(key) ??
      before.then(
        () => run(key),
        () => run(key),
      );
    next.set(key, again);
    return again;
  };
}
