import { z } from 'zod';
import type { DeviceRecord } from '../../inventory/kinds/device.ts';
import { confirmCustomer } from './customer.ts';
import { common, CUSTOMER, directoryScope, type GoogleWorker, type Work } from './dataset.ts';
import { listed, time } from './listing.ts';

const OPERATION = 'directory.mobiledevices.list';
/** The most that Google gives on one page. */
const PAGE = 100;

const device = z
  .object({
    resourceId: z.string(),
    type: z.string().default(''),
    model: z.string().default(''),
    os: z.string().default(''),
    email: z.array(z.string()).default([]),
    status: z.string().default(''),
    encryptionStatus: z.string().default(''),
    devicePasswordStatus: z.string().default(''),
    deviceCompromisedStatus: z.string().default(''),
    lastSync: time.nullable().default(null),
  })
  .readonly();
type Device = z.output<typeof device>;

const FIELDS = `kind,nextPageToken,mobiledevices(${Object.keys(device.unwrap().shape).join()})`;

/** Phones and tablets that synchronise with Google: one for each user of the device. */
export const mobileDevices: GoogleWorker = {
  async *collect(work) {
    const { session, config } = work;
    for await (const one of listed(session, {
      operation: OPERATION,
      kind: 'mobiledevices',
      field: 'mobiledevices',
      id: 'resourceId',
      item: device,
      send: (directory, options, pageToken) =>
        directory.mobiledevices.list(
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
    [directoryScope('device.mobile.readonly')]: ({ session, config }) =>
      session.call(OPERATION, (directory, options) =>
        directory.mobiledevices.list({ customerId: config.scope, maxResults: 1, fields: 'kind' }, options),
      ),
  },
};

function deviceOf(work: Work, device: Device): DeviceRecord {
  return {
    ...common(work, 'device', `mobile/${device.resourceId}`),
    type: 'mobile',
    platform: PLATFORMS[wordOf(device.type)] ?? 'other',
    os: device.os,
    model: device.model,
    state: STATES[wordOf(device.status)] ?? 'unknown',
    encrypted: ENCRYPTED[wordOf(device.encryptionStatus)] ?? null,
    screen_lock: PASSWORD[wordOf(device.devicePasswordStatus)] ?? null,
    compromised: COMPROMISED[wordOf(device.deviceCompromisedStatus)] ?? null,
    verified_boot: null,
    last_sync_at: device.lastSync,
    owners: [...new Set(device.email.map((address) => address.toLowerCase()))].sort(),
  };
}

/** Google writes what it means in more than one way: `Not encrypted`, `NOT_ENCRYPTED`. */
function wordOf(text: string): string {
  return text
    .trim()
    .toUpperCase()
    .replaceAll(/[\s-]+/g, '_');
}

type Words<T> = Readonly<Record<string, T>>;

const PLATFORMS: Words<DeviceRecord['platform']> = {
  ANDROID: 'android',
  IOS: 'ios',
  IOS_SYNC: 'ios',
};

const STATES: Words<DeviceRecord['state']> = {
  APPROVED: 'managed',
  PENDING: 'pending',
  UNPROVISIONED: 'pending',
  BLOCKED: 'blocked',
  // Until it is done, what is on the device is still there.
  WIPING: 'blocked',
  ACCOUNT_WIPING: 'blocked',
  WIPED: 'wiped',
  ACCOUNT_WIPED: 'wiped',
};

// Google's description lists no values. A word that isn't here says nothing that could be relied on.
const ENCRYPTED: Words<boolean> = {
  ENCRYPTED: true,
  NOT_ENCRYPTED: false,
  UNENCRYPTED: false,
  NOT_SUPPORTED: false,
  UNSUPPORTED: false,
};

const PASSWORD: Words<boolean> = {
  ON: true,
  PASSWORD_SET: true,
  OFF: false,
  PASSWORD_NOT_SET: false,
};

const COMPROMISED: Words<boolean> = {
  COMPROMISED: true,
  NOT_COMPROMISED: false,
  UNCOMPROMISED: false,
  NO_COMPROMISE_DETECTED: false,
};
