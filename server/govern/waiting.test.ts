import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { createWaitingRoom, type Place } from './waiting.ts';

const here = new AbortController().signal;
const now = () => performance.now();

/** Calls that wait, in the order in which they get their turn when each fits at once. */
async function orderOf(arrivals: readonly { key: string; name: string }[]): Promise<string[]> {
  const room = createWaitingRoom(now);
  const order: string[] = [];
  const places = arrivals.map((of) => ({ ...of, place: room.enter('ten', 'room', of.key) as Place }));
  const waiting = places.map(async ({ name, place }) => {
    expect(await place.next(now() + 2_000, here)).toBe('turn');
    order.push(name);
    place.leave();
  });
  room.wake('ten');
  await Promise.all(waiting);
  expect(room.size('ten')).toBe(0);
  return order;
}

test('keys take turns, and the calls of a key stay in their order', async () => {
  const names = await orderOf([
    ...['a1', 'a2', 'a3', 'a4'].map((name) => ({ key: 'a', name })),
    { key: 'b', name: 'b1' },
    { key: 'c', name: 'c1' },
    { key: 'b', name: 'b2' },
  ]);
  expect(names).toEqual(['a1', 'b1', 'c1', 'a2', 'b2', 'a3', 'a4']);
});

test('one call of a room tries at a time, and one that does not fit stays first', async () => {
  const room = createWaitingRoom(now);
  const first = room.enter('ten', 'room', 'a') as Place;
  const second = room.enter('ten', 'room', 'b') as Place;
  let second_tried = false;
  const waiting = second.next(now() + 1_500, here).then((why) => {
    second_tried = why === 'turn';
  });
  for (let n = 0; n < 3; n++) {
    const turn = first.next(now() + 1_000, here);
    room.wake('ten');
    expect(await turn).toBe('turn');
  }
  expect(second_tried).toBe(false);
  first.leave();
  await waiting;
  expect(second_tried).toBe(true);
  second.leave();
});

test('rooms do not wait for each other; the wait ends in time, or with the caller', async () => {
  const room = createWaitingRoom(now);
  const stuck = room.enter('ten', 'one', 'a') as Place;
  const other = room.enter('ten', 'two', 'a') as Place;
  const turn = other.next(now() + 1_000, here);
  room.wake('ten');
  expect(await turn).toBe('turn');
  const begun = now();
  const leaving = new AbortController();
  const gone = other.next(now() + 600_000, leaving.signal);
  leaving.abort();
  expect(await gone).toBe('gone');
  const late = room.enter('ten', 'one', 'b') as Place;
  expect(await late.next(now() + 120, here)).toBe('late');
  expect(now() - begun).toBeLessThan(200_000);
  for (const place of [stuck, other, late]) place.leave();
  expect(room.size('ten')).toBe(0);
});

test('nobody has to wake the first: room may come from elsewhere', async () => {
  const room = createWaitingRoom(now);
  const place = room.enter('ten', 'room', 'a') as Place;
  expect(await place.next(now() + 200_000, here)).toBe('turn');
  place.leave();
});

test('a tenant lets a thousand calls wait, and no more', async () => {
  const room = createWaitingRoom(now);
  const places = Array.from({ length: 1_000 }, (_, n) => room.enter('ten', `room ${n % 7}`, `key ${n % 3}`) as Place);
  expect(room.enter('ten', 'room', 'key')).toBeNull();
  expect(room.enter('another', 'room', 'key')).not.toBeNull();
  places[0]?.leave();
  expect(room.enter('ten', 'room', 'key')).not.toBeNull();
  await sleep(0);
});
