import { z } from 'zod';
import type { DeviceRecord } from '../../inventory/kinds/device.ts';
import { confirmCustomer } from './customer.ts';
import { common, CUSTOMER, directoryScope, type GoogleWorker, type Work } from './dataset.ts';
import { listed, time } from './listing.ts';

const OPERATION = 'directory.chromeosdevices.list';
/** The most that Google gives on one page. */
const PAGE = 300;

const device = z
  .object({
    deviceId: z.string(),
    status: z.string().default(''),
    model: z.string().default(''),
    osVersion: z.string().default(''),
    bootMode: z.string().default(''),
    annotatedUser: z.string().default(''),
    recentUsers: z.array(z.object({ email: z.string().default('') })).default([]),
    lastSync: time.nullable().default(null),
  })
  .readonly();
type Device = z.output<typeof device>;

const FIELDS = `kind,nextPageToken,chromeosdevices(${Object.keys(device.unwrap().shape).join()})`;

/** Devices with ChromeOS that are enrolled or once were. */
export const chromeosDevices: GoogleWorker = {
  async *collect(work) {
    const { session, config } = work;
    for await (const one of listed(session, {
      operation: OPERATION,
      kind: 'chromeosdevices',
      field: 'chromeosdevices',
      id: 'deviceId',
      item: device,
      send: (directory, options, pageToken) =>
        directory.chromeosdevices.list(
          {
            customerId: config.scope,
            maxResults: PAGE,
            projection: 'FULL',
            fields: FIELDS,
            ...(pageToken === undefined ? {} : { pageToken }),
          },
          options,
        ),
    }))
      yield deviceOf(work, one);
  },
  probes: {
    [CUSTOMER]: confirmCustomer,
    [directoryScope('device.chromeos.readonly')]: ({ session, config }) =>
      session.call(OPERATION, (directory, options) =>
        directory.chromeosdevices.list({ customerId: config.scope, maxResults: 1, fields: 'kind' }, options),
      ),
  },
};

function deviceOf(work: Work, device: Device): DeviceRecord {
  return {
    ...common(work, 'device', `chromeos/${device.deviceId}`),
    type: 'computer',
    platform: 'chromeos',
    os: device.osVersion,
    model: device.model,
    state: STATES[device.status.toUpperCase()] ?? 'unknown',
    encrypted: null,
    screen_lock: null,
    compromised: null,
    verified_boot: VERIFIED[device.bootMode.toUpperCase()] ?? null,
    last_sync_at: device.lastSync,
    owners: ownersOf(device),
  };
}

/** Whom an administrator noted, if that is an address; else who used it last. */
function ownersOf({ annotatedUser, recentUsers }: Device): string[] {
  const noted = annotatedUser.trim();
  const address = noted.includes('@') ? noted : (recentUsers[0]?.email ?? '');
  return address === '' ? [] : [address.toLowerCase()];
}

const STATES: Readonly<Record<string, DeviceRecord['state']>> = {
  ACTIVE: 'managed',
  DELINQUENT: 'managed',
  PRE_PROVISIONED: 'pending',
  RETURN_REQUESTED: 'pending',
  SHIPPED: 'pending',
  DISABLED: 'blocked',
  INACTIVE: 'retired',
  RETURN_ARRIVED: 'retired',
  DEPROVISIONED: 'retired',
};

const VERIFIED: Readonly<Record<string, boolean>> = { VERIFIED: true, DEV: false };
