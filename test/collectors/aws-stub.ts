import {
  GetAccountAuthorizationDetailsResponse$,
  GetAccountPasswordPolicyResponse$,
  GetAccountSummaryResponse$,
  GetCredentialReportResponse$,
  GenerateCredentialReportResponse$,
  ListVirtualMFADevicesResponse$,
  SimulatePolicyResponse$,
  type ManagedPolicyDetail,
  type UserDetail,
} from '@aws-sdk/client-iam';
import { AssumeRoleResponse$, GetCallerIdentityResponse$ } from '@aws-sdk/client-sts';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { writeAnswer } from './aws-model.ts';

/** Every operation that the collector makes, with the schema of its answer. */
const SCHEMAS = {
  AssumeRole: AssumeRoleResponse$,
  GetCallerIdentity: GetCallerIdentityResponse$,
  GenerateCredentialReport: GenerateCredentialReportResponse$,
  GetCredentialReport: GetCredentialReportResponse$,
  ListVirtualMFADevices: ListVirtualMFADevicesResponse$,
  GetAccountAuthorizationDetails: GetAccountAuthorizationDetailsResponse$,
  GetAccountSummary: GetAccountSummaryResponse$,
  GetAccountPasswordPolicy: GetAccountPasswordPolicyResponse$,
} as const;
export type AwsOperation = keyof typeof SCHEMAS;

/** Which dataset makes an operation; both make those of STS. */
export const operationsOf: Readonly<Record<string, readonly AwsOperation[]>> = {
  'iam-identities': [
    'AssumeRole',
    'GetCallerIdentity',
    'GenerateCredentialReport',
    'GetCredentialReport',
    'ListVirtualMFADevices',
    'GetAccountAuthorizationDetails',
    'GetAccountSummary',
  ],
  'iam-account': ['AssumeRole', 'GetCallerIdentity', 'GetAccountSummary', 'GetAccountPasswordPolicy'],
};

/**
 * - `denied` 403, `throttled` 429 with Retry-After, `error` 500
 * - `truncated`: an XML body that ends early, in an answer that is whole as HTTP; `cut`: the connection ends within the body; `empty`: no body
 * - `missing-page`: what it lists lacks a part, and nothing says so; `no-marker`, `same-marker`: truncated without a way on
 * - `hang`: no answer; `hang-body`: half an answer
 */
export type FaultKind =
  | 'denied'
  | 'throttled'
  | 'error'
  | 'truncated'
  | 'cut'
  | 'empty'
  | 'missing-page'
  | 'no-marker'
  | 'same-marker'
  | 'hang'
  | 'hang-body';

export interface Fault {
  readonly kind: FaultKind;
  /** Only the first so many calls; absent: every call. */
  readonly times?: number;
}
export type Faults = Partial<Record<AwsOperation, Fault>>;

/** The faults that an operation can have. */
export function faultsOf(operation: AwsOperation): readonly FaultKind[] {
  const any: FaultKind[] = ['denied', 'throttled', 'error', 'truncated', 'cut', 'empty', 'hang', 'hang-body'];
  if (operation === 'GetCredentialReport') return [...any, 'missing-page'];
  const paged = operation === 'GetAccountAuthorizationDetails' || operation === 'ListVirtualMFADevices';
  return paged ? [...any, 'missing-page', 'no-marker', 'same-marker'] : any;
}

export interface AwsStubOptions {
  readonly users: number;
  readonly pageSize: number;
  readonly faults?: Faults;
  /** Decisions of SimulatePrincipalPolicy by action; absent: it is denied, as is all that the stub doesn't know. */
  readonly simulate?: Readonly<Record<string, string>>;
  /** Milliseconds; the report was made a minute before. */
  readonly now?: number;
}

export interface AwsStub extends AsyncDisposable {
  readonly endpoint: string;
  readonly account: string;
  /** Operations in the order of the calls. */
  readonly calls: readonly string[];
  setFaults(faults: Faults): void;
}

const ACCOUNT = '123456789012';
const DAY = 86_400_000;
const readOnly = encodeURIComponent(
  JSON.stringify({
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Action: 's3:Get*', Resource: '*' }],
  }),
);

type Answers = Record<AwsOperation, (form: URLSearchParams, missing: boolean) => object>;

/**
 * An account of `users` users without a fault: each signs in, with a second factor, and works through a group; the root user has a second factor
 * and no keys. Listings come in pages of `pageSize` of users, groups, roles and policies together. Answers are checked against the SDK's model.
 */
export async function startAwsStub(options: AwsStubOptions): Promise<AwsStub> {
  const answers = answersOf(options, options.now ?? Date.now());
  const calls: string[] = [];
  const seen = new Map<string, number>();
  let faults = options.faults ?? {};
  const server = createServer((request, response) => {
    void handle(request, response);
  });
  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(Buffer.from(chunk));
    const form = new URLSearchParams(Buffer.concat(chunks).toString('utf8'));
    const operation = known(form.get('Action'));
    calls.push(form.get('Action') ?? '');
    if (operation === undefined) {
      if (options.simulate === undefined || form.get('Action') !== 'SimulatePrincipalPolicy')
        return void response.writeHead(403).end(refusal('AccessDenied'));
      return void response.end(simulated(options.simulate));
    }
    const count = (seen.get(operation) ?? 0) + 1;
    seen.set(operation, count);
    const fault = faults[operation];
    const kind = fault !== undefined && count <= (fault.times ?? Infinity) ? fault.kind : undefined;
    response.setHeader('x-amzn-requestid', `stub-${calls.length}`);
    response.setHeader('content-type', 'text/xml');
    let answer = answers[operation](form, kind === 'missing-page');
    if (kind === 'no-marker') answer = { ...answer, IsTruncated: true, Marker: undefined };
    if (kind === 'same-marker') answer = { ...answer, IsTruncated: true, Marker: '1' };
    respond(
      response,
      writeAnswer(operation, SCHEMAS[operation], withoutUndefined(answer), `stub-${calls.length}`),
      kind,
    );
  }
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the stub got no port');
  return {
    endpoint: `http://127.0.0.1:${address.port}`,
    account: ACCOUNT,
    calls,
    setFaults: (next) => {
      faults = next;
      seen.clear();
    },
    [Symbol.asyncDispose]: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

/** Everything else is denied. */
function known(operation: string | null): AwsOperation | undefined {
  return Object.keys(SCHEMAS).find((name): name is AwsOperation => name === operation);
}

function simulated(decisions: Readonly<Record<string, string>>): string {
  const EvaluationResults = Object.entries(decisions).map(([EvalActionName, EvalDecision]) => ({
    EvalActionName,
    EvalDecision,
  }));
  return writeAnswer(
    'SimulatePrincipalPolicy',
    SimulatePolicyResponse$,
    { EvaluationResults, IsTruncated: false },
    'stub',
  );
}

const withoutUndefined = (answer: object): object =>
  Object.fromEntries(Object.entries(answer).filter(([, value]) => value !== undefined));

function refusal(code: string): string {
  return `<ErrorResponse><Error><Type>Sender</Type><Code>${code}</Code><Message>the stub says ${code}</Message></Error></ErrorResponse>`;
}

function respond(response: ServerResponse, body: string, kind: FaultKind | undefined): void {
  const half = body.slice(0, Math.floor(body.length / 2));
  switch (kind) {
    case 'denied':
      return void response.writeHead(403).end(refusal('AccessDenied'));
    case 'throttled':
      return void response.writeHead(429, { 'retry-after': '1' }).end(refusal('Throttling'));
    case 'error':
      return void response.writeHead(500).end(refusal('ServiceFailure'));
    case 'truncated':
      return void response.end(half);
    case 'empty':
      return void response.end();
    case 'cut':
      response.writeHead(200, { 'content-length': Buffer.byteLength(body) });
      return void response.write(half, () => response.socket?.destroy());
    case 'hang-body':
      response.writeHead(200, { 'content-length': Buffer.byteLength(body) });
      return void response.write(half);
    case 'hang':
      return;
    default:
      return void response.end(body);
  }
}

function answersOf({ users, pageSize }: AwsStubOptions, now: number): Answers {
  const created = new Date(now - 400 * DAY);
  const people = Array.from({ length: users }, (_, index) => userOf(index, created));
  const group = {
    Path: '/',
    GroupName: 'staff',
    GroupId: 'AGPASTAFF',
    Arn: `arn:aws:iam::${ACCOUNT}:group/staff`,
    CreateDate: created,
    GroupPolicyList: [{ PolicyName: 'read', PolicyDocument: readOnly }],
    AttachedManagedPolicies: [
      { PolicyName: 'acme-read', PolicyArn: `arn:aws:iam::${ACCOUNT}:policy/acme-read` },
    ],
  };
  const role = {
    Path: '/',
    RoleName: 'annexa',
    RoleId: 'AROAANNEXA',
    Arn: `arn:aws:iam::${ACCOUNT}:role/annexa`,
    CreateDate: created,
  };
  const policy: ManagedPolicyDetail = {
    PolicyName: 'acme-read',
    PolicyId: 'ANPAREAD',
    Arn: `arn:aws:iam::${ACCOUNT}:policy/acme-read`,
    Path: '/',
    DefaultVersionId: 'v1',
    PolicyVersionList: [{ Document: readOnly, VersionId: 'v1', IsDefaultVersion: true, CreateDate: created }],
  };
  const listed = [
    ...people.map((user) => ['UserDetailList', user] as const),
    ['GroupDetailList', group] as const,
    ['RoleDetailList', role] as const,
    ['Policies', policy] as const,
  ];
  const devices = people.map((user) => ({
    SerialNumber: `arn:aws:iam::${ACCOUNT}:mfa/${user.UserName}`,
    User: { Path: '/', UserName: user.UserName, UserId: user.UserId, Arn: user.Arn, CreateDate: created },
    EnableDate: created,
  }));
  return {
    AssumeRole: () => ({
      Credentials: {
        AccessKeyId: 'ASIASTUBSTUBSTUBSTUB',
        SecretAccessKey: 'stub',
        SessionToken: 'stub',
        Expiration: new Date(now + 3_600_000),
      },
    }),
    GetCallerIdentity: () => ({
      UserId: 'AROAANNEXA:annexa',
      Account: ACCOUNT,
      Arn: `arn:aws:sts::${ACCOUNT}:assumed-role/annexa/annexa`,
    }),
    GenerateCredentialReport: () => ({ State: 'COMPLETE' }),
    GetCredentialReport: (_, missing) => ({
      Content: Buffer.from(reportOf(people.slice(missing ? 1 : 0), now)),
      ReportFormat: 'text/csv',
      GeneratedTime: new Date(now - 60_000),
    }),
    ListVirtualMFADevices: (form, missing) => {
      const { items, ...page } = pageOf(devices, pageSize, form, missing);
      return { VirtualMFADevices: items, ...page };
    },
    GetAccountAuthorizationDetails: (form, missing) => {
      const { items, ...page } = pageOf(listed, pageSize, form, missing);
      const lists = Object.groupBy(items, ([list]) => list);
      return {
        ...Object.fromEntries(
          Object.entries(lists).map(([list, of]) => [list, of.map(([, entry]) => entry)]),
        ),
        ...page,
      };
    },
    GetAccountSummary: () => ({
      SummaryMap: {
        Users: users,
        Groups: 1,
        Roles: 1,
        Policies: 1,
        AccountMFAEnabled: 1,
        AccountAccessKeysPresent: 0,
        AccountPasswordPresent: 1,
      },
    }),
    GetAccountPasswordPolicy: () => ({
      PasswordPolicy: {
        MinimumPasswordLength: 14,
        RequireSymbols: true,
        RequireNumbers: true,
        RequireUppercaseCharacters: true,
        RequireLowercaseCharacters: true,
        PasswordReusePrevention: 24,
      },
    }),
  };
}

function userOf(
  index: number,
  created: Date,
): UserDetail & { readonly UserName: string; readonly UserId: string } {
  const name = `user-${String(index).padStart(4, '0')}`;
  return {
    Path: '/',
    UserName: name,
    UserId: `AIDA${String(index).padStart(16, '0')}`,
    Arn: `arn:aws:iam::${ACCOUNT}:user/${name}`,
    CreateDate: created,
    GroupList: ['staff'],
  };
}

/** Markers are page numbers. A missing page is passed over: the marker leads to the page after. */
function pageOf<T>(all: readonly T[], size: number, form: URLSearchParams, missing: boolean) {
  const asked = Number(form.get('Marker') ?? '0');
  const page = missing && asked > 0 ? asked + 1 : asked;
  const items = all.slice(page * size, (page + 1) * size);
  const IsTruncated = (page + 1) * size < all.length;
  return { items, IsTruncated, Marker: IsTruncated ? String(page + 1) : undefined };
}

function reportOf(people: readonly UserDetail[], now: number): string {
  const day = (ago: number): string => `${new Date(now - ago * DAY).toISOString().slice(0, 19)}+00:00`;
  const header =
    'user,arn,user_creation_time,password_enabled,password_last_used,password_last_changed,password_next_rotation,mfa_active,' +
    'access_key_1_active,access_key_1_last_rotated,access_key_1_last_used_date,access_key_1_last_used_region,access_key_1_last_used_service,' +
    'access_key_2_active,access_key_2_last_rotated,access_key_2_last_used_date,access_key_2_last_used_region,access_key_2_last_used_service,' +
    'cert_1_active,cert_1_last_rotated,cert_2_active,cert_2_last_rotated';
  const none = 'false,N/A,N/A,N/A,N/A';
  const root = `<root_account>,arn:aws:iam::${ACCOUNT}:root,${day(900)},not_supported,${day(200)},not_supported,not_supported,true,${none},${none},false,N/A,false,N/A`;
  const rows = people.map(
    ({ UserName, Arn }) =>
      `${UserName},${Arn},${day(400)},true,${day(1)},${day(30)},N/A,true,true,${day(20)},${day(1)},us-east-1,s3,${none},false,N/A,false,N/A`,
  );
  return [header, root, ...rows, ''].join('\n');
}
