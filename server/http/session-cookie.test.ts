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

test('the bound cookie wins over one that a plain-text page may have planted', () => {
  const planted = 'b'.repeat(43);
  expect(tokenIn({ cookie: `aos_session=${planted}; __Host-aos_session=${token}` }, 'aos_session')).toBe(token);
  expect(tokenIn({ cookie: 'aos_session=short' }, 'aos_session')).toBeUndefined();
  expect(tokenIn({}, 'aos_session')).toBeUndefined();
});

test('behind a proxy that changes the host, pages of the public address count as ours', () => {
  const headers = { host: 'internal:8000', origin: 'https://aos.example.com' };
  expect(() => refuseOtherOrigins(headers, 'https://aos.example.com')).not.toThrow();
  expect(() => refuseOtherOrigins(headers, 'https://other.example.com')).toThrow('its own pages');
});
