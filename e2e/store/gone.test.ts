import { openDatabase } from '@aos/server/store/db.ts';
import { closeGate } from '@aos/server/store/gate.ts';
import { enterGate } from '@aos/server/store/usage.ts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { waitFor } from '../parts/client.ts';
import { databaseKinds } from '../parts/database.ts';
import { doorTo } from '../parts/door.ts';
import { freshStore, type TestStore } from '../parts/store.ts';

for (const { kind, title, missing } of await databaseKinds()) {
  describe.skipIf(missing)(`a process that is gone without a word ${title}`, () => {
    let store: TestStore;
    beforeAll(async () => {
      store = await freshStore(kind);
    });
    afterAll(() => store?.drop());

    it('keeps the gate of a tenant shut for seconds, though its connection stays', async () => {
      const door = await doorTo(new URL(store.url));
      const gone = openDatabase({
        url: door.url,
        max_connections: 3,
        statement_timeout_ms: 30_000,
        onIdleError: () => undefined,
      });
      let is_shut = false;
      let comeBack = (): void => undefined;
      const away = new Promise<void>((resolve) => {
        comeBack = resolve;
      });
      const change = gone.tenant(store.tenant_id, async (tx) => {
        await closeGate(tx, store.tenant_id);
        is_shut = true;
        await away;
      });
      await waitFor(() => is_shut, { what: 'the gate to be shut' });
      door.silence();
      const since = Date.now();
      await store.db.tenant(store.tenant_id, enterGate);
      const waited_ms = Date.now() - since;
      expect(waited_ms).toBeGreaterThan(5_000);
      expect(waited_ms).toBeLessThan(20_000);
      comeBack();
      await door.shut();
      await expect(change).rejects.toThrow();
      await gone.close();
    });
  });
}
