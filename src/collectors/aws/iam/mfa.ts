import { ListVirtualMFADevicesCommand, type ListVirtualMFADevicesResponse } from '@aws-sdk/client-iam';
import { CollectorError } from '../../error.ts';
import { marker, pages } from '../../pages.ts';
import { iamOf } from './client.ts';
import type { Session } from '../session.ts';

const OPERATION = 'iam:ListVirtualMFADevices';

export interface VirtualDevice {
  readonly serial: string;
  /** Unix seconds; null: not told. */
  readonly enabledAt: number | null;
}

/** The virtual second factors in use, by the ARN of their user or of the root user. */
export async function virtualDevices(
  session: Session,
): Promise<ReadonlyMap<string, readonly VirtualDevice[]>> {
  const devices = new Map<string, VirtualDevice[]>();
  const fetch = (token: string | undefined) =>
    session.call(OPERATION, (options) =>
      iamOf(session).send(
        new ListVirtualMFADevicesCommand({ AssignmentStatus: 'Assigned', MaxItems: 1000, Marker: token }),
        options,
      ),
    );
  for await (const page of pages<ListVirtualMFADevicesResponse>(OPERATION, fetch, (page) =>
    marker(OPERATION, page),
  )) {
    if (page.VirtualMFADevices === undefined)
      throw new CollectorError('malformed', `${OPERATION}: the answer has no list`);
    for (const { SerialNumber, User, EnableDate } of page.VirtualMFADevices) {
      if (!SerialNumber) throw new CollectorError('malformed', `${OPERATION}: a device has no SerialNumber`);
      if (!User?.Arn)
        throw new CollectorError('malformed', `${OPERATION}: ${SerialNumber} is assigned to nobody`);
      const enabled = EnableDate?.getTime() ?? Number.NaN;
      const device = {
        serial: SerialNumber,
        enabledAt: Number.isNaN(enabled) ? null : Math.floor(enabled / 1000),
      };
      const others = devices.get(User.Arn) ?? [];
      if (others.some(({ serial }) => serial === SerialNumber))
        throw new CollectorError('incomplete', `${OPERATION}: ${SerialNumber} came twice`);
      devices.set(User.Arn, [...others, device]);
    }
  }
  return devices;
}
