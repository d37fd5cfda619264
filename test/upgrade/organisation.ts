import { ed25519Pem, p256Pem } from '../evidence/helpers.ts';

/** A small organisation in which most of what is kept for long happens: what fails, is accepted, attested, erased, and sealed by other keys. */

/** 2026-11-02T08:00:00Z, when it begins. */
export const BEGAN = 1_793_606_400;
export const DAY = 86_400;

/** Keys of tests alone, worth nothing: three that begin, and the three that follow them. */
export const keysOf: Readonly<Record<string, string>> = Object.fromEntries(
  [1, 2].flatMap((seed) => [
    [`ENVELOPE_${seed}`, p256Pem(seed)],
    [`CHECKPOINT_${seed}`, ed25519Pem(seed)],
    [`BODY_${seed}`, Buffer.alloc(32, seed).toString('base64')],
  ]),
);

const keys = (seed: number) =>
  `envelope: { env: ENVELOPE_${seed} }, checkpoint: { env: CHECKPOINT_${seed} }, body: { env: BODY_${seed} }`;

/** `DATA` stands for the data directory. */
export function agent(seed: 1 | 2): string {
  const previous = seed === 1 ? '' : `, previous: { ${keys(1)} }`;
  return `apiVersion: annexa.dev/v1alpha1
kind: Agent
metadata: { name: acme }
spec:
  organisation: Acme
  domain: acme.example
  data: DATA
  listen: 127.0.0.1:0
  keys: { ${keys(seed)}${previous} }
`;
}

export const manifests: Readonly<Record<string, string>> = {
  'collectors.yaml': `apiVersion: annexa.dev/v1alpha1
kind: Collector
metadata: { name: hr }
spec:
  plugin: hr
  datasets: { people: { schedule: every 1d, maxShrink: 0.9, freshness: 3d } }
  settings:
    scope: acme
    file: people.csv
    asOf: { column: asof }
    columns: { personId: id, workEmail: email, start: start, lastDay: last }
---
apiVersion: annexa.dev/v1alpha1
kind: Collector
metadata: { name: registers }
spec:
  plugin: register
  datasets: { training: { schedule: every 1d, freshness: 3d } }
  settings:
    scope: acme
    training:
      file: training.csv
      asOf: { column: asof }
      id: [person, course]
      columns: { person: person, course: course, completed_at: completed }
`,
  'checks.yaml': `apiVersion: annexa.dev/v1alpha1
kind: Check
metadata: { name: own-mail-domain }
spec:
  title: Everyone has an address of the organisation
  aspects: [A.5.16/unique]
  nature: state
  severity: medium
  within: 7d
  kind: person
  fails: it.email NOT LIKE '%@acme.example'
  reason: "'has the address ' || it.email"
  remediation: Give them an address.
  rationale: Addresses of others can't be withdrawn.
`,
  'exceptions.yaml': `apiVersion: annexa.dev/v1alpha1
kind: Exception
metadata: { name: founders-address }
spec:
  check: own-mail-domain
  records: ['hr:acme:4']
  reason: The founder keeps the old address until the end of the year.
  risk: R-3
  approver: Managing Director
  approvedAt: '2026-11-01'
  expires: '2026-12-31'
`,
  'attestations.yaml': `apiVersion: annexa.dev/v1alpha1
kind: Attestation
metadata: { name: authorities-2026 }
spec:
  aspects: [A.5.5/contacts, A.5.5/triggers]
  statement: The numbers were dialled and found right.
  by: Information Security Manager
  at: '2026-10-12'
  expires: '2027-10-31'
`,
  'soa.yaml': `apiVersion: annexa.dev/v1alpha1
kind: StatementOfApplicability
metadata: { name: acme }
spec:
  version: '1.0'
  approver: Managing Director
  approvedAt: '2026-10-01'
  controls:
    - { control: A.5.5, applicable: true, justification: The law asks for it, implementation: implemented, owner: Information Security Manager }
    - { control: A.7.4, applicable: false, justification: Acme rents no rooms }
`,
  'scope.yaml': `apiVersion: annexa.dev/v1alpha1
kind: Scope
metadata: { name: acme }
spec:
  statement: The ordering platform and its people.
  entities: [Acme]
  sites: []
  services: [Ordering platform]
  sources:
    - { collector: hr, scopes: [acme] }
    - { collector: registers, scopes: [acme] }
  exclusions: [{ what: Payroll, reason: done by a supplier, approver: Managing Director }]
`,
};

const roll = [
  '1,ann@acme.example,2024-01-08,',
  '2,ben@acme.example,2024-02-01,2026-10-30',
  '3,cleo@acme.example,2025-03-03,',
  '4,dan@old.example,2020-01-01,',
  '5,eve@elsewhere.example,2026-01-07,',
];

export function people(day: string, { without = '' } = {}): string {
  const rows = roll.filter((row) => without === '' || !row.startsWith(`${without},`));
  return ['id,email,start,last,asof', ...rows.map((row) => `${row},${day}`), ''].join('\n');
}

export function training(day: string): string {
  const rows = [
    'ann@acme.example,security-awareness,2026-05-04',
    'cleo@acme.example,security-awareness,2024-05-06',
  ];
  return ['person,course,completed,asof', ...rows.map((row) => `${row},${day}`), ''].join('\n');
}
