/** What this device calls itself until its owner says otherwise. Shown to machines and people, never sent to the relay. */
export function defaultDeviceName(userAgent: string): string {
  const browser = /Firefox|FxiOS/.test(userAgent)
    ? 'Firefox'
    : /Edg/.test(userAgent)
      ? 'Edge'
      : /Chrome|CriOS/.test(userAgent)
        ? 'Chrome'
        : 'Safari';
  if (/iPhone/.test(userAgent)) return 'iPhone';
  if (/iPad/.test(userAgent)) return 'iPad';
  if (/Android/.test(userAgent)) return 'Android phone';
  const system = /Mac OS X/.test(userAgent)
    ? 'a Mac'
    : /Windows/.test(userAgent)
      ? 'Windows'
      : /Linux/.test(userAgent)
        ? 'Linux'
        : 'a computer';
  return `${browser} on ${system}`;
}
