import { z } from 'zod';
import { identifier, instant, text } from '../define-kind.ts';
import { tableKind } from '../table-kind.ts';

const table = tableKind('device', {
  type: z.enum(['mobile', 'computer']),
  platform: z.enum(['android', 'ios', 'chromeos', 'macos', 'windows', 'linux', 'other']),
  /** The operating system as the source writes it, or its version. */
  os: text,
  model: text,
  /**
   * To device management. `pending`: known, but nobody has approved it; `blocked`: kept from the organisation's data; `wiped`: those data were
   * deleted on it; `retired`: given up or given back; `unknown`: the source can't say.
   */
  state: z.enum(['managed', 'pending', 'blocked', 'wiped', 'retired', 'unknown']),
  encrypted: z.boolean().nullable(),
  /** Whether it asks for a password, a PIN or the like to be unlocked. */
  screen_lock: z.boolean().nullable(),
  compromised: z.boolean().nullable(),
  /** Whether it starts only software that its maker signed. */
  verified_boot: z.boolean().nullable(),
  /** When device management last heard of it. */
  last_sync_at: instant.nullable(),
  /** Logins or e-mail addresses of who has it, in lower case. */
  owners: z.array(identifier),
});

/** A phone, tablet or computer that device management knows. Without serial and telephone numbers: checks need none. */
export type DeviceRecord = z.infer<typeof table.schema>;

export const device = table.kind;
