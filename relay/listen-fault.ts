/** Why a relay cannot listen, with the variable that says where: the same words on every runtime. */
import { ClawError } from '../shared/errors.ts';

/** `address_in_use` or `config_listen`. */
export function listenFault(cause: unknown, host: string, port: number): ClawError {
  const code = cause instanceof Error && 'code' in cause ? cause.code : '';
  const at = `${host}:${port}`;
  if (code === 'EADDRINUSE')
    return new ClawError('address_in_use', `LISTEN: the address ${at} is in use.`, {
      hint: 'Stop what listens there, or set LISTEN to another port.',
      cause,
    });
  const why = code === 'EACCES' ? 'needs more rights than this user has' : 'is no address of this machine';
  return new ClawError('config_listen', `LISTEN: ${at} ${why}.`, { hint: 'For example LISTEN=127.0.0.1:7300.', cause });
}
