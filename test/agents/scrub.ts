/** Takes the paths of the machine out of a recording. Same length for what the agent saw, so that nothing on its screens moves. */

export interface Places {
  /** The agent's home: a temporary folder. */
  home: string;
  /** The agent's program, as it was started. */
  program: string;
  /** What people call it. */
  bin: string;
  /** Folders that an agent may name: the checkout it is installed in, the person's own home. */
  folders: readonly string[];
  /** Words that must not be found in the result: the machine's name. */
  secret: readonly string[];
}

const quoted = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

/** @throws where a secret word is left */
export function scrub(text: string, { home, program, bin, folders, secret }: Places): string {
  const folder = home.split('/').at(-1)!;
  let clean = text.replaceAll(program, bin);
  for (const path of [home, ...folders]) {
    if (path.length > 1) clean = clean.replace(new RegExp(`${quoted(path)}(?![\\w-])`, 'g'), neutralPath(path.length));
  }
  // Where a line broke inside the path.
  clean = clean.replaceAll(folder, 'project'.padEnd(folder.length, 's').slice(0, folder.length));
  const left = secret.find((word) => word.length > 1 && clean.includes(word));
  if (left !== undefined) throw new Error(`the recording still holds “${left}”`);
  return clean;
}

/** A path of that length that is nobody's. */
export function neutralPath(length: number): string {
  return '/home/ada/project'.padEnd(length, 's').slice(0, length);
}
