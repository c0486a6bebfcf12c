/** The one way to log: a stable event word and facts. Never a body, an answer, a token; the writer behind it is chosen in main. */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error';
export type Fields = Record<string, unknown>;
export type Log = (level: LogLevel, event: string, fields?: Fields) => void;

export const silent: Log = () => undefined;

/** What an unexpected error may say in a log: its name, message and stack; never its properties, which may hold a query's parameters. */
export function errorFields(error: unknown): Fields {
  if (!(error instanceof Error)) return { error: typeof error };
  const code = 'code' in error && typeof error.code === 'string' ? { errorCode: error.code } : {};
  return { error: error.name, message: error.message.slice(0, 500), stack: error.stack?.split('\n').slice(1, 6).join('\n'), ...code };
}
