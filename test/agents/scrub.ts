/** Takes the paths of the machine out of a recording. Same length for what the agent saw, so that nothing on its screens moves. */

export interface Places {
  /** The agent's home: a temporary folder. */
  home: string;
  /** The agent's program, as it was started. */
  program: string;
  /** What people call it. */
  bin: string;
  /** The checkout: an agent may say where it is installed. */
  checkout: string;
  /** Folders that must not be found in the result: the person's home. */
  secret: readonly string[];
}

/** @throws where a path of the machine is left */
export function scrub(text: string, { home, program, bin, checkout, secret }: Places): string {
  const folder = home.split('/').at(-1)!;
  const clean = text
    .replaceAll(program, bin)
    .replaceAll(home, neutralPath(home.length))
    .replaceAll(checkout, neutralPath(checkout.length))
    // Where a line broke inside the path.
    .replaceAll(folder, 'project'.padEnd(folder.length, 's').slice(0, folder.length));
  const left = secret.find((path) => path.length > 1 && clean.includes(path));
  if (left !== undefined) throw new Error(`the recording still holds the path ${left}`);
  return clean;
}

/** A path of that length that is nobody's. */
export function neutralPath(length: number): string {
  return '/home/ada/project'.padEnd(length, 's').slice(0, length);
}
