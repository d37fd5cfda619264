import {
  AddUserToGroupCommand,
  AttachGroupPolicyCommand,
  AttachUserPolicyCommand,
  CreateAccessKeyCommand,
  CreateGroupCommand,
  CreateLoginProfileCommand,
  CreatePolicyCommand,
  CreateRoleCommand,
  CreateUserCommand,
  CreateVirtualMFADeviceCommand,
  EnableMFADeviceCommand,
  IAMClient,
  PutGroupPolicyCommand,
  PutUserPolicyCommand,
  UpdateAccessKeyCommand,
  UpdateAccountPasswordPolicyCommand,
} from '@aws-sdk/client-iam';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import type { Emulator } from './emulators.ts';

/** Ages are whole days before the fill. */
export interface PlannedKey {
  readonly created: number;
  /** Null: never. Only moto keeps it. */
  readonly used: number | null;
  readonly active: boolean;
}

export interface PlannedUser {
  readonly name: string;
  readonly created: number;
  /** Absent: no console password. `signedIn` null: never. Only moto keeps it. */
  readonly password?: { readonly signedIn: number | null };
  /** Age of a virtual second factor. */
  readonly mfa?: number;
  readonly keys: readonly PlannedKey[];
  readonly groups: readonly string[];
  /** Names of policies attached to the user itself. */
  readonly attached: readonly string[];
  readonly inline: readonly string[];
  readonly tags?: Readonly<Record<string, string>>;
  /** Who it belongs to, if anybody. */
  readonly person?: { readonly id: string; readonly lastDay?: number };
}

/** A policy is one of the account's own when it has a document, else AWS's. */
export interface PlannedPolicy {
  readonly name: string;
  readonly document?: object;
  readonly administrator: boolean;
}

export interface AccountPlan {
  readonly policies: readonly PlannedPolicy[];
  readonly groups: readonly {
    readonly name: string;
    readonly attached: readonly string[];
    readonly inline: readonly string[];
  }[];
  readonly users: readonly PlannedUser[];
  readonly roles: readonly string[];
  readonly passwordPolicy?: {
    readonly length: number;
    readonly reuse: number;
    readonly maxAge?: number;
    readonly all: boolean;
  };
}

export const everything = {
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }],
};
const CREDENTIALS = { accessKeyId: 'AKIAFILLFILLFILLFILL', secretAccessKey: 'fill' };
/** How many calls at once: the emulators answer one after the other. */
const LANES = 8;

interface Step {
  readonly age: number;
  /** Steps of one age go in the order of their phase. */
  readonly phase: number;
  readonly run: () => Promise<unknown>;
}

/** Makes the account as planned, oldest first, by setting the emulator's clock; leaves the clock at now. */
export async function fillAws(peer: Emulator, plan: AccountPlan): Promise<void> {
  const iam = new IAMClient({ region: 'us-east-1', endpoint: peer.endpoint, credentials: CREDENTIALS });
  const steps = [
    ...accountSteps(iam, peer, plan),
    ...plan.users.flatMap((user) => userSteps(iam, peer, plan, user)),
  ];
  const ages = [...new Set(steps.map((step) => step.age))].sort((a, b) => b - a);
  for (const age of ages) {
    await peer.setClock(age);
    for (const phase of [0, 1, 2, 3, 4])
      await inLanes(steps.filter((step) => step.age === age && step.phase === phase));
  }
  await peer.setClock(0);
  await peer.setSignIns(signIns(plan));
  iam.destroy();
}

async function inLanes(steps: readonly Step[]): Promise<void> {
  const rest = steps.values();
  await Promise.all(
    Array.from({ length: LANES }, async () => {
      for (const step of rest) await step.run();
    }),
  );
}

function signIns({ users }: AccountPlan): Record<string, string> {
  const at: Record<string, string> = {};
  for (const { name, password } of users)
    if (typeof password?.signedIn === 'number')
      at[name] = new Date(Date.now() - password.signedIn * 86_400_000).toISOString();
  return at;
}

const OLDEST = 1000;

function accountSteps(iam: IAMClient, peer: Emulator, plan: AccountPlan): Step[] {
  const step = (phase: number, run: () => Promise<unknown>): Step => ({ age: OLDEST, phase, run });
  const steps: Step[] = [];
  for (const { name, document } of plan.policies)
    if (document !== undefined)
      steps.push(
        step(0, () =>
          iam.send(new CreatePolicyCommand({ PolicyName: name, PolicyDocument: JSON.stringify(document) })),
        ),
      );
  for (const RoleName of plan.roles)
    steps.push(
      step(0, () =>
        iam.send(
          new CreateRoleCommand({
            RoleName,
            AssumeRolePolicyDocument: JSON.stringify({
              Version: '2012-10-17',
              Statement: [
                { Effect: 'Allow', Action: 'sts:AssumeRole', Principal: { Service: 'ec2.amazonaws.com' } },
              ],
            }),
          }),
        ),
      ),
    );
  for (const { name: GroupName, attached, inline } of plan.groups) {
    steps.push(step(0, () => iam.send(new CreateGroupCommand({ GroupName }))));
    for (const name of attached)
      steps.push(
        step(1, () =>
          iam.send(new AttachGroupPolicyCommand({ GroupName, PolicyArn: arnOf(peer, plan, name) })),
        ),
      );
    for (const PolicyName of inline)
      steps.push(
        step(1, () =>
          iam.send(
            new PutGroupPolicyCommand({ GroupName, PolicyName, PolicyDocument: inlineDocument(PolicyName) }),
          ),
        ),
      );
  }
  const wanted = plan.passwordPolicy;
  if (wanted !== undefined)
    steps.push(
      step(1, () =>
        iam.send(
          new UpdateAccountPasswordPolicyCommand({
            MinimumPasswordLength: wanted.length,
            PasswordReusePrevention: wanted.reuse,
            MaxPasswordAge: wanted.maxAge,
            RequireSymbols: wanted.all,
            RequireNumbers: wanted.all,
            RequireUppercaseCharacters: wanted.all,
            RequireLowercaseCharacters: wanted.all,
          }),
        ),
      ),
    );
  return steps;
}

/** An inline policy allows everything when its name says so. */
export const inlineAdministrator = (name: string): boolean => name.endsWith('-everything');

function inlineDocument(name: string): string {
  return JSON.stringify(
    inlineAdministrator(name)
      ? everything
      : { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: ['s3:GetObject'], Resource: '*' }] },
  );
}

/** The ARN of a planned policy. */
export function arnOf(peer: Pick<Emulator, 'account'>, plan: AccountPlan, name: string): string {
  const own = plan.policies.some((policy) => policy.name === name && policy.document !== undefined);
  return `arn:aws:iam::${own ? peer.account : 'aws'}:policy/${name}`;
}

function userSteps(iam: IAMClient, peer: Emulator, plan: AccountPlan, user: PlannedUser): Step[] {
  const { name: UserName, created } = user;
  const at = (age: number, phase: number, run: () => Promise<unknown>): Step => ({ age, phase, run });
  const steps = [
    at(created, 2, () =>
      iam.send(
        new CreateUserCommand({
          UserName,
          Tags: Object.entries(user.tags ?? {}).map(([Key, Value]) => ({ Key, Value })),
        }),
      ),
    ),
  ];
  if (user.password !== undefined)
    steps.push(
      at(created, 3, () =>
        iam.send(new CreateLoginProfileCommand({ UserName, Password: 'Correct-Horse-7-Battery' })),
      ),
    );
  if (user.mfa !== undefined) steps.push(at(user.mfa, 3, () => enableMfa(iam, UserName)));
  for (const GroupName of user.groups)
    steps.push(at(created, 3, () => iam.send(new AddUserToGroupCommand({ UserName, GroupName }))));
  for (const policy of user.attached)
    steps.push(
      at(created, 3, () =>
        iam.send(new AttachUserPolicyCommand({ UserName, PolicyArn: arnOf(peer, plan, policy) })),
      ),
    );
  for (const PolicyName of user.inline)
    steps.push(
      at(created, 3, () =>
        iam.send(
          new PutUserPolicyCommand({ UserName, PolicyName, PolicyDocument: inlineDocument(PolicyName) }),
        ),
      ),
    );
  return [...steps, ...user.keys.flatMap((key) => keySteps(iam, peer, UserName, key))];
}

async function enableMfa(iam: IAMClient, UserName: string): Promise<void> {
  const { VirtualMFADevice } = await iam.send(
    new CreateVirtualMFADeviceCommand({ VirtualMFADeviceName: UserName }),
  );
  await iam.send(
    new EnableMFADeviceCommand({
      UserName,
      SerialNumber: VirtualMFADevice?.SerialNumber,
      AuthenticationCode1: '123456',
      AuthenticationCode2: '654321',
    }),
  );
}

/** A key is used by calling with it: the emulator keeps the time. */
function keySteps(iam: IAMClient, peer: Emulator, UserName: string, key: PlannedKey): Step[] {
  let made: { AccessKeyId: string | undefined; SecretAccessKey: string | undefined } | undefined;
  const create = async (): Promise<void> => {
    made = (await iam.send(new CreateAccessKeyCommand({ UserName }))).AccessKey;
  };
  const use = async (): Promise<void> => {
    const credentials = {
      accessKeyId: made?.AccessKeyId ?? '',
      secretAccessKey: made?.SecretAccessKey ?? '',
    };
    const sts = new STSClient({ region: 'us-east-1', endpoint: peer.endpoint, credentials });
    await sts.send(new GetCallerIdentityCommand({}));
    sts.destroy();
  };
  const close = (): Promise<unknown> =>
    iam.send(new UpdateAccessKeyCommand({ UserName, AccessKeyId: made?.AccessKeyId, Status: 'Inactive' }));
  return [
    { age: key.created, phase: 3, run: create },
    ...(key.used === null ? [] : [{ age: key.used, phase: 4, run: use }]),
    ...(key.active ? [] : [{ age: Math.min(key.created, key.used ?? key.created, 1), phase: 4, run: close }]),
  ];
}
