/** Says before any database is open whether somebody is signed in here: what to draw first. Nothing else depends on it, and it is not secret. */
const HINT = 'clawtab-here';

export function hintedHere(): boolean {
  try {
    return localStorage.getItem(HINT) !== null;
  } catch {
    return true;
  }
}

export function rememberHere(): void {
  try {
    localStorage.setItem(HINT, '1');
  } catch {
    // Only the first frame of the next start is the poorer for it.
  }
}
