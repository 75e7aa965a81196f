import { describe, expect, test } from 'vitest';
import { readConfig, WrongConfiguration } from './config.ts';

const messageOf = (env: Record<string, string>): string => {
  try {
    readConfig(env);
  } catch (error) {
    expect(error).toBeInstanceOf(WrongConfiguration);
    return (error as Error).message;
  }
  throw new Error('the configuration was taken');
};

describe('the configuration', () => {
  test('has a default for everything', () => {
    expect(readConfig({})).toMatchObject({
      port: 8000,
      host: '127.0.0.1',
      data_dir: '.aos',
      database_url: null,
      admin_key: null,
      roles: ['api', 'gateway', 'worker'],
      public_url: 'http://127.0.0.1:8000',
      secret_key: null,
      body_limit_bytes: 16 * 1024 * 1024,
      deadlines: { connect_ms: 10_000, first_byte_ms: 600_000, idle_ms: 120_000, total_ms: 1_800_000 },
      failpoint: null,
    });
  });

  test('takes an empty variable for an absent one', () => {
    expect(readConfig({ PORT: '', DATABASE_URL: ' ', AOS_ROLES: '', LOG_LEVEL: '', AOS_SECRET_KEY: '' })).toEqual(
      readConfig({}),
    );
  });

  test('takes the collector from the variables of OpenTelemetry', () => {
    expect(readConfig({}).telemetry).toBeNull();
    expect(
      readConfig({
        OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318/',
        OTEL_EXPORTER_OTLP_HEADERS: 'X-Team = search%20team, api-key=a=b',
      }).telemetry,
    ).toEqual({
      url: 'http://collector:4318/v1/traces',
      headers: { 'x-team': 'search team', 'api-key': 'a=b' },
      service_name: 'aos',
    });
    const of_traces = {
      OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'https://traces/in',
      OTEL_EXPORTER_OTLP_ENDPOINT: 'http://x',
    };
    expect(readConfig({ ...of_traces, OTEL_SERVICE_NAME: 'control' }).telemetry).toEqual({
      url: 'https://traces/in',
      headers: {},
      service_name: 'control',
    });
    const wrong = messageOf({
      OTEL_EXPORTER_OTLP_ENDPOINT: 'collector:4318',
      OTEL_EXPORTER_OTLP_HEADERS: 'authorization: Bearer hunter2',
      OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc',
    });
    for (const name of ['ENDPOINT', 'HEADERS', 'PROTOCOL'])
      expect(wrong).toContain(`OTEL_EXPORTER_OTLP_${name} must be`);
    expect(wrong).not.toContain('hunter2');
  });

  test('takes a provider of identities whole or not at all', () => {
    const whole = {
      AOS_OIDC_ISSUER: 'https://id.example.com/',
      AOS_OIDC_CLIENT_ID: 'aos',
      AOS_OIDC_CLIENT_SECRET: 'hunter2',
      AOS_OIDC_EMAIL_DOMAINS: 'Example.com, @example.org,',
    };
    expect(readConfig({}).oidc).toBeNull();
    expect(readConfig(whole).oidc).toEqual({
      issuer: 'https://id.example.com/',
      client_id: 'aos',
      client_secret: 'hunter2',
      email_domains: ['example.com', 'example.org'],
    });
    expect(readConfig({ ...whole, AOS_OIDC_ISSUER: 'http://localhost:9000' }).oidc?.issuer).toContain('localhost');
    expect(messageOf({ ...whole, AOS_OIDC_CLIENT_ID: '' })).toContain('AOS_OIDC_CLIENT_ID must be set too');
    const wrong = messageOf({ ...whole, AOS_OIDC_ISSUER: 'http://id.example.com', AOS_OIDC_EMAIL_DOMAINS: 'a b' });
    expect(wrong).toContain('AOS_OIDC_ISSUER must begin with https://');
    expect(wrong).toContain('AOS_OIDC_EMAIL_DOMAINS must be domains');
    expect(wrong).not.toContain('hunter2');
  });

  test('names every wrong variable and what it must be, and never its value', () => {
    const secret = 'hunter2-hunter2';
    const message = messageOf({
      PORT: '80000',
      DATABASE_URL: `mysql://u:${secret}@h/db`,
      AOS_ADMIN_KEY: secret,
      AOS_ROLES: 'api,gatway',
      LOG_LEVEL: 'loud',
      AOS_SECRET_KEY: secret,
      AOS_MAX_CONNECTIONS: '1.5',
    });
    for (const name of ['PORT', 'DATABASE_URL', 'AOS_ADMIN_KEY', 'AOS_ROLES', 'LOG_LEVEL', 'AOS_SECRET_KEY']) {
      expect(message).toContain(`  ${name} must`);
    }
    expect(message).toContain('AOS_MAX_CONNECTIONS must be a whole number from 2 to 1000');
    expect(message).not.toContain(secret);
  });

  test('links begin with what people can open', () => {
    expect(readConfig({ HOST: '0.0.0.0', PORT: '9' }).public_url).toBe('http://localhost:9');
    expect(readConfig({ HOST: '::1' }).public_url).toBe('http://[::1]:8000');
    expect(readConfig({ AOS_PUBLIC_URL: 'https://aos.example.com/' }).public_url).toBe('https://aos.example.com');
  });

  test('reads roles, keys and URLs', () => {
    const key = Buffer.alloc(32, 7);
    const config = readConfig({
      AOS_ROLES: 'worker, api',
      AOS_SECRET_KEY: key.toString('base64'),
      OPENAI_BASE_URL: 'http://127.0.0.1:1/v1/',
    });
    expect(readConfig({ AOS_FAILPOINT: 'mid_stream:3' }).failpoint).toEqual({ name: 'mid_stream', on_pass: 3 });
    expect(readConfig({ AOS_FAILPOINT: 'after_settle' }).failpoint).toEqual({ name: 'after_settle', on_pass: 1 });
    expect(readConfig({ AOS_FAILPOINT: 'throw:5' }).failpoint).toEqual({ name: 'throw', on_pass: 5 });
    expect(messageOf({ AOS_FAILPOINT: 'somewhere' })).toContain('AOS_FAILPOINT must be one of before_reserve');
    expect(config.roles).toEqual(['worker', 'api']);
    expect(config.secret_key?.equals(key)).toBe(true);
    expect(config.openai).toEqual({ api_key: null, base_url: 'http://127.0.0.1:1/v1' });
  });
});
