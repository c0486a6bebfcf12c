import { describe, expect, it } from 'vitest';
import { ClawError } from '../../shared/errors.ts';
import { PUSH_HOSTS, vetEndpoint } from './endpoint.ts';

const codeOf = (endpoint: string): string => {
  try {
    vetEndpoint(endpoint, PUSH_HOSTS);
    return 'taken';
  } catch (error) {
    if (!(error instanceof ClawError)) throw error;
    expect(error.message.length).toBeLessThan(200);
    return error.code;
  }
};

describe('endpoints of push services', () => {
  it.each([
    'https://fcm.googleapis.com/fcm/send/abc:def',
    'https://fcm.googleapis.com:443/fcm/send/abc',
    'https://FCM.googleapis.com/fcm/send/abc',
    'https://updates.push.services.mozilla.com/wpush/v2/gAAAA',
    'https://web.push.apple.com/QGuQ',
    'https://wns2-par02p.notify.windows.com/w/?token=BQYA%2fA',
  ])('takes %s', (endpoint) => expect(codeOf(endpoint)).toBe('taken'));

  it('knows one spelling of a host whatever its case', () => {
    expect(vetEndpoint('https://FCM.GoogleAPIs.com/x', PUSH_HOSTS).hostname).toBe('fcm.googleapis.com');
  });

  const rows: Record<string, readonly string[]> = {
    'BAD-80 anything but https': [
      'http://fcm.googleapis.com/x',
      'ftp://fcm.googleapis.com/x',
      'file:///etc/passwd',
      'data:text/plain,x',
      'fcm.googleapis.com/x',
      '//fcm.googleapis.com/x',
      'https:fcm.googleapis.com/x',
      'https:///fcm.googleapis.com/x',
      'javascript:alert(1)',
      '',
    ],
    'BAD-81 what a parser forgives': [
      'https://fcm.googleapis.com@evil.example/',
      'https://user:word@fcm.googleapis.com/',
      'https://@fcm.googleapis.com/',
      'https://evil.example\\@fcm.googleapis.com/',
      'https:\\\\fcm.googleapis.com\\x',
      'https://fcm.googleapis.com\\.evil.example/',
      'https://fcm.goo\tgleapis.com/',
      'https://fcm.googleapis.com/\nx',
      ' https://fcm.googleapis.com/',
      'https://fcm%2egoogleapis.com/',
      'https://evil.example%2f.push.apple.com/',
      'https://fcm。googleapis。com/',
      'https://fcm.googleapis.cοm/',
      'https://xn--fcm-googleapis-xyz.com/',
      'https://ﬀcm.googleapis.com/',
    ],
    'BAD-82 hosts that look like one of them': [
      'https://evil.com/x.google.com/',
      'https://evil.com/fcm.googleapis.com',
      'https://evil.com?fcm.googleapis.com',
      'https://evil.com#fcm.googleapis.com',
      'https://fcm.googleapis.com.evil.com/',
      'https://evilfcm.googleapis.com/',
      'https://evilpush.apple.com/',
      'https://push.apple.com/',
      'https://.push.apple.com/',
      'https://fcm.googleapis.com./x',
      'https://googleapis.com/',
      'https://localhost/',
    ],
    'BAD-83 addresses in every dress': [
      'https://127.0.0.1/',
      'https://2130706433/',
      'https://0177.0.0.1/',
      'https://0x7f000001/',
      'https://127.1/',
      'https://169.254.169.254/x.google.com/',
      'https://[::1]/',
      'https://[::ffff:7f00:1]/',
      'https://[64:ff9b::7f00:1]/',
      'https://[fe80::1%25eth0]/',
      'https://0/',
    ],
    'BAD-85 other ports': [
      'https://fcm.googleapis.com:22/',
      'https://fcm.googleapis.com:8443/',
      'https://fcm.googleapis.com:0/',
      'https://fcm.googleapis.com:99999/',
    ],
  };
  for (const [name, endpoints] of Object.entries(rows)) {
    it.each(endpoints)(`refuses ${name}: %j`, (endpoint) => expect(codeOf(endpoint)).toBe('bad_endpoint'));
  }

  it('reads a listed host with a dot as the hosts below it, never the host itself', () => {
    expect(() => vetEndpoint('https://a.b.example.org/', ['.example.org'])).not.toThrow();
    expect(() => vetEndpoint('https://example.org/', ['.example.org'])).toThrow('not a push service');
    expect(() => vetEndpoint('https://a.example.org/', ['example.org'])).toThrow('not a push service');
  });
});
