/** A Dockerfile as stages of plain steps: what the image check needs of it, and a clear refusal of what it does not carry out. */
import { Copy, DockerfileParser } from 'dockerfile-ast';

export type ImageStep =
  | { do: 'workdir'; path: string }
  | { do: 'copy'; from: string | undefined; sources: string[]; to: string }
  | { do: 'run'; command: string }
  | { do: 'env'; values: Record<string, string> }
  | { do: 'user'; name: string };

export interface Stage {
  name: string | undefined;
  base: string;
  steps: ImageStep[];
  command: string[];
  healthcheck: string[];
}

const words = (text: string): string[] => text.trim().split(/\s+/);
const jsonArray = (text: string): string[] => {
  const value: unknown = JSON.parse(text);
  if (!Array.isArray(value) || !value.every((v) => typeof v === 'string')) throw new Error(`not an exec form: ${text}`);
  return value;
};

function envValues(text: string): Record<string, string> {
  return Object.fromEntries(words(text).map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]));
}

/** Flags are not among the arguments; another flag than `--from` would change what is copied. */
function copyStep(instruction: Copy, text: string): ImageStep {
  const flags = instruction.getFlags();
  const other = flags.find((flag) => flag.getName() !== 'from');
  if (other) throw new Error(`the image check cannot carry out COPY --${other.getName()}`);
  const parts = words(text);
  return { do: 'copy', from: flags[0]?.getValue() ?? undefined, sources: parts.slice(0, -1), to: parts.at(-1)! };
}

/** Throws for an instruction that the check would have to skip in silence. */
export function readDockerfile(text: string): Stage[] {
  const stages: Stage[] = [];
  for (const instruction of DockerfileParser.parse(text).getInstructions()) {
    const keyword = instruction.getKeyword().toUpperCase();
    const rest = instruction.getRawArgumentsContent() ?? '';
    const stage = stages.at(-1);
    if (keyword === 'FROM') {
      const [base, , name] = words(rest);
      stages.push({ name, base: base!, steps: [], command: [], healthcheck: [] });
    } else if (!stage) throw new Error(`${keyword} before FROM`);
    else if (keyword === 'WORKDIR') stage.steps.push({ do: 'workdir', path: rest.trim() });
    else if (instruction instanceof Copy) stage.steps.push(copyStep(instruction, rest));
    else if (keyword === 'RUN') stage.steps.push({ do: 'run', command: rest });
    else if (keyword === 'ENV') stage.steps.push({ do: 'env', values: envValues(rest) });
    else if (keyword === 'USER') stage.steps.push({ do: 'user', name: rest.trim() });
    else if (keyword === 'CMD') stage.command = jsonArray(rest);
    else if (keyword === 'HEALTHCHECK') stage.healthcheck = jsonArray(rest.slice(rest.indexOf('CMD') + 3));
    else if (!['LABEL', 'EXPOSE', 'VOLUME'].includes(keyword)) throw new Error(`the image check cannot carry out ${keyword}`);
  }
  return stages;
}
