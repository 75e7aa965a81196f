import { expect, test } from 'vitest';
import { refuseOtherOrigins, tokenCookie, tokenIn } from './session-cookie.ts';

const token = 'a'.repeat(43);

test.each(['https://aos.example.com', 'http://127.0.0.1:8000', 'http://localhost:8000', 'http://[::1]:8000'])(
  'for %s the cookie is Secure and bound to its host',
  (origin) => expect(tokenCookie('aos_session', token, origin, 60)).toMatch(/^__Host-aos_session=.*; Secure$/),
);

test('over plain text to another host it is not Secure, since the browser would drop it', () => {
  expect(tokenCookie('aos_session', token, 'http://10.0.0.5:8000', 60)).toBe(
    `aos_session=${token}; Path=/; Max-Age=60; HttpOnly; SameSite=Strict`,
  );
});

const planted = `aos_session=${'b'.repeat(43)}`;

test.each([
  ['https://aos.example.com', 'aos.example.com'],
  ['https://aos.example.com', 'internal:8000'],
  ['https://aos.example.com', '10.0.0.5:8000'],
  ['http://127.0.0.1:8000', 'localhost:8000'],
])('at %s asked as %s a cookie counts only by the name that nobody else can plant', (public_url, host) => {
  expect(tokenIn({ host, cookie: planted }, 'aos_session', public_url)).toBeUndefined();
  const cookie = `${planted}; __Host-aos_session=${token}`;
  expect(tokenIn({ host, cookie }, 'aos_session', public_url)).toBe(token);
});

test.each([
  ['http://10.0.0.5:8000', '10.0.0.5:8000'],
  ['http://aos.lan', '127.0.0.1:8000'],
  ['http://127.0.0.1:8000', '10.0.0.5:8000'],
])('at %s asked as %s a page over plain text has its session', (public_url, host) => {
  const cookie = `aos_session=${token}`;
  expect(tokenIn({ host, cookie }, 'aos_session', public_url)).toBe(token);
});

test('what has not the shape of a token is none', () => {
  expect(tokenIn({ cookie: '__Host-aos_session=short' }, 'aos_session', 'http://127.0.0.1:8000')).toBeUndefined();
  expect(tokenIn({}, 'aos_session', 'http://127.0.0.1:8000')).toBeUndefined();
});

test('where people come over https, a page over plain text gets no session and is told where to go', () => {
  const headers = { host: 'aos.example.com', origin: 'http://aos.example.com' };
  expect(() => refuseOtherOrigins(headers, 'https://aos.example.com')).toThrow('open https://aos.example.com');
  const here = { host: 'localhost:8000', origin: 'http://localhost:8000' };
  expect(() => refuseOtherOrigins(here, 'https://aos.example.com')).not.toThrow();
});

test('behind a proxy that changes the host, pages of the public address count as ours', () => {
  const headers = { host: 'internal:8000', origin: 'https://aos.example.com' };
  expect(() => refuseOtherOrigins(headers, 'https://aos.example.com')).not.toThrow();
  expect(() => refuseOtherOrigins(headers, 'https://other.example.com')).toThrow('its own pages');
});
