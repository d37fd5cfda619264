import { createHash } from 'node:crypto';
import type { AccessEntry, AccessRole, AccessSpec } from '../../../src/engine/access-log.ts';
import type { AgentView } from '../../../src/engine/view.ts';
import type { RunningServer, ServerOptions } from '../../../src/server/server.ts';
import { recordingLogger, serve } from '../harness.ts';

/** Unix seconds: where the clock of a test stands first. */
export const NOW = 1_796_000_000;

/** A static token whose random part is made of one character. */
export function tokenOf(character: string): string {
  return `annexa_${character.repeat(43)}`;
}

export function tokenEntry(name: string, token: string, roles: readonly AccessRole[], expires = NOW + 60) {
  return { name, sha256: createHash('sha256').update(token).digest('hex'), roles, expires };
}

export const roles = ['viewer', 'auditor', 'isms', 'operator'] as const;
/** One token for each role, of the role's initial. */
export const oneEach = roles.map((role) => tokenEntry(role, tokenOf(role.charAt(0)), [role]));

export interface Guarded {
  readonly server: RunningServer;
  readonly recorded: AccessEntry[];
  readonly logger: ReturnType<typeof recordingLogger>;
  /** Set by the test. */
  now: number;
  admits: boolean;
}

/** A server that lets in whom the spec says. */
export async function guarded(
  spec: AccessSpec,
  replaced: Partial<AgentView> = {},
  options: Pick<ServerOptions, 'bundles'> = {},
): Promise<Guarded> {
  const recorded: AccessEntry[] = [];
  const logger = recordingLogger();
  const state = { recorded, logger, now: NOW, admits: true };
  const log = {
    admits: () => state.admits,
    record: (entry: AccessEntry) => void recorded.push(entry),
    unsealed: () => recorded.length,
    flush: () => Promise.resolve(),
  };
  const guard = { configured: true, log, now: () => state.now, directory: '/', env: {} };
  const server = await serve(replaced, { guard, logger, ...options });
  server.useAccess(spec);
  return Object.assign(state, { server });
}

export function bearer(token: string): { headers: { authorization: string } } {
  return { headers: { authorization: `Bearer ${token}` } };
}
