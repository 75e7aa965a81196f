import { start } from './boot/process.ts';

/** Starts the roles named in AOS_ROLES, and stops them when told to: new calls are refused, streams under way end first. */
const started = await start().catch((error: Error) => {
  console.error(`AOS did not start: ${error.message}`);
  process.exit(1);
});

let is_stopping = false;
for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.on(signal, () => {
    if (is_stopping) process.exit(130);
    is_stopping = true;
    started.stop(signal).then(
      () => process.exit(0),
      (error: Error) => {
        console.error(`AOS did not stop cleanly: ${error.message}`);
        process.exit(1);
      },
    );
  });
}
