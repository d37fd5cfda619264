/**
 * An organisation of 3,000 people with accounts in four systems, and 120 who left: what each of them left open is told by their story alone,
 * so that what the checks must find is known without asking the product. Ages are days before now.
 */

/** Accounts of one person, as the systems have them now; absent: none. */
export interface Accounts {
  /** IAM users by name. */
  readonly aws: readonly { readonly name: string; readonly password: boolean; readonly key: boolean }[];
  /** Logins of members of the organisation. */
  readonly github: readonly string[];
  /** Addresses, with whether the account is suspended. */
  readonly google: readonly { readonly address: string; readonly suspended: boolean }[];
  /** Names of users in role bindings. */
  readonly kubernetes: readonly string[];
}

/** What is still open after the deadline. */
export interface Open {
  /** An account that can sign in. */
  readonly account?: true;
  /** An IAM user's password. */
  readonly password?: true;
  /** An IAM user's access key. */
  readonly key?: true;
  /** A right in any system. */
  readonly grant?: true;
}

/** Rows of the HR register about somebody, in the export of four days ago and in today's; null: not listed. */
export interface Row {
  readonly id: string;
  readonly email: string;
  /** As such, or `<source>:<login>`. */
  readonly logins: readonly string[];
  readonly start: number;
  readonly lastDay: number | null;
}

export interface PlannedPerson {
  readonly story: Story;
  readonly before: readonly Row[];
  readonly today: readonly Row[];
  readonly accounts: Accounts;
  /** Id of the row whose departure is judged, with what is open; absent: nobody left, or nothing may be open. */
  readonly leaver?: { readonly id: string; readonly open: Open };
}

export type Story =
  | 'here'
  | 'closed'
  | 'within the deadline'
  | 'password'
  | 'key'
  | 'github'
  | 'google'
  | 'kubernetes'
  | 'second account'
  | 'renamed'
  | 'capitalised'
  | 'plus-address'
  | 're-hired'
  | 'vanished';

const none: Accounts = { aws: [], github: [], google: [], kubernetes: [] };

type Told = Pick<PlannedPerson, 'accounts'> & {
  readonly open?: Open;
  readonly logins?: readonly string[];
  readonly lastDay?: number;
};

/** What those who left with each story left behind. */
const STORIES: Readonly<
  Record<Exclude<Story, 'here' | 're-hired' | 'vanished'>, (n: number, email: string) => Told>
> = {
  closed: (_, email) => ({ accounts: { ...none, google: [{ address: email, suspended: true }] } }),
  // The last day was yesterday: it ended less than a day ago.
  'within the deadline': (n, email) => ({
    lastDay: 1,
    logins: [`github:acme-${n}`],
    accounts: {
      aws: [{ name: email, password: true, key: true }],
      github: [`acme-${n}`],
      google: [{ address: email, suspended: false }],
      kubernetes: [email],
    },
  }),
  password: (_, email) => ({
    accounts: { ...none, aws: [{ name: email, password: true, key: false }] },
    open: { account: true, password: true, grant: true },
  }),
  key: (_, email) => ({
    accounts: { ...none, aws: [{ name: email, password: false, key: true }] },
    open: { key: true, grant: true },
  }),
  github: (n) => ({
    accounts: { ...none, github: [`acme-${n}`] },
    logins: [`github:acme-${n}`],
    open: { account: true, grant: true },
  }),
  google: (_, email) => ({
    accounts: { ...none, google: [{ address: email, suspended: false }] },
    open: { account: true },
  }),
  kubernetes: (_, email) => ({ accounts: { ...none, kubernetes: [email] }, open: { grant: true } }),
  // The account that everybody knew is gone, the other is not.
  'second account': (n) => ({
    accounts: { ...none, github: [`acme-${n}-cli`] },
    logins: [`github:acme-${n}`, `github:acme-${n}-cli`],
    open: { account: true, grant: true },
  }),
  // The systems know the address that the person had before.
  renamed: (n) => ({
    accounts: { ...none, aws: [{ name: `maiden.${n}@acme.example`, password: true, key: false }] },
    logins: [`maiden.${n}@acme.example`],
    open: { account: true, password: true, grant: true },
  }),
  capitalised: (_, email) => ({
    accounts: { ...none, kubernetes: [email.toUpperCase()] },
    open: { grant: true },
  }),
  'plus-address': (_, email) => ({
    accounts: { ...none, aws: [{ name: email.replace('@', '+prod@'), password: false, key: true }] },
    open: { key: true, grant: true },
  }),
};

/** How many left with each story: 120 together. */
const LEAVERS: readonly (readonly [Story, number])[] = [
  ['closed', 10],
  ['within the deadline', 5],
  ['password', 10],
  ['key', 10],
  ['github', 10],
  ['google', 10],
  ['kubernetes', 10],
  ['second account', 10],
  ['renamed', 10],
  ['capitalised', 10],
  ['plus-address', 10],
  ['re-hired', 5],
  ['vanished', 10],
];

const address = (n: number): string => `person.${n}@acme.example`;
const START = 900;

function here(n: number): PlannedPerson {
  const email = address(n);
  const inGitHub = n % 2 === 0;
  const row: Row = {
    id: `p${n}`,
    email,
    logins: inGitHub ? [`github:acme-${n}`] : [],
    start: START,
    lastDay: null,
  };
  return {
    story: 'here',
    before: [row],
    today: [row],
    accounts: {
      aws: n % 5 === 0 ? [{ name: email, password: true, key: n % 10 === 0 }] : [],
      github: inGitHub ? [`acme-${n}`] : [],
      google: [{ address: email, suspended: false }],
      kubernetes: n % 20 === 0 ? [email] : [],
    },
  };
}

function leaver(story: keyof typeof STORIES, n: number): PlannedPerson {
  const email = address(n);
  const { accounts, open = {}, logins = [], lastDay = 30 } = STORIES[story](n, email);
  const row: Row = { id: `p${n}`, email, logins, start: START, lastDay: null };
  return {
    story,
    before: [row],
    today: [{ ...row, lastDay }],
    accounts,
    leaver: { id: row.id, open },
  };
}

/** Left two months ago, and back since three weeks with a number of their own: what they use now is theirs to use. */
function rehired(n: number): PlannedPerson {
  const past: Row = { id: `p${n}`, email: address(n), logins: [], start: START, lastDay: 60 };
  const again: Row = {
    id: `p${n}b`,
    email: address(n),
    logins: [`github:acme-${n}`],
    start: 21,
    lastDay: null,
  };
  return {
    story: 're-hired',
    before: [past, again],
    today: [past, again],
    accounts: accountsOf(n),
    leaver: { id: past.id, open: {} },
  };
}

/** Listed four days ago, and not today: nobody told of a last day. */
function vanished(n: number): PlannedPerson {
  const row: Row = {
    id: `p${n}`,
    email: address(n),
    logins: [`github:acme-${n}`],
    start: START,
    lastDay: null,
  };
  return {
    story: 'vanished',
    before: [row],
    today: [],
    accounts: accountsOf(n),
    leaver: { id: row.id, open: { account: true, password: true, key: true, grant: true } },
  };
}

/** One account everywhere. */
function accountsOf(n: number): Accounts {
  const email = address(n);
  return {
    aws: [{ name: email, password: true, key: true }],
    github: [`acme-${n}`],
    google: [{ address: email, suspended: false }],
    kubernetes: [email],
  };
}

export interface Plan {
  readonly people: readonly PlannedPerson[];
  /** Accounts of contractors whom the register doesn't list. */
  readonly strangers: Accounts;
}

/** The organisation with so many people in today's register or gone since. */
export function plannedEstate(size = 3000): Plan {
  const stories = LEAVERS.flatMap(([story, count]) => Array.from({ length: count }, () => story));
  const every = Math.floor(size / stories.length);
  const people = Array.from({ length: size }, (_, n): PlannedPerson => {
    const story = n % every === 1 ? stories[Math.floor(n / every)] : undefined;
    if (story === undefined || story === 'here') return here(n);
    if (story === 're-hired') return rehired(n);
    return story === 'vanished' ? vanished(n) : leaver(story, n);
  });
  const outside = (from: number) => [0, 1, 2, 3, 4].map((n) => `contractor.${from + n}@agency.example`);
  return {
    people,
    strangers: {
      aws: outside(0).map((name) => ({ name, password: true, key: false })),
      github: [10, 11, 12, 13, 14].map((n) => `agency-${n}`),
      google: outside(20).map((name) => ({ address: name, suspended: false })),
      kubernetes: outside(30),
    },
  };
}

/** By check, the ids of the rows whose departure it must find. */
export function expectedLeavers({ people }: Plan): Readonly<Record<string, readonly string[]>> {
  const open = (what: keyof Open): readonly string[] =>
    people.flatMap(({ leaver: left }) => (left?.open[what] === true ? [left.id] : [])).sort();
  return {
    'leaver-accounts': open('account'),
    'leaver-passwords': open('password'),
    'leaver-access-keys': open('key'),
    'leaver-grants': open('grant'),
  };
}

/** The register's export as a CSV, of so many days ago. */
export function registerCsv({ people }: Plan, which: 'before' | 'today', now: number): string {
  const day = (ago: number | null) =>
    ago === null ? '' : new Date((now - ago * 86_400) * 1000).toISOString().slice(0, 10);
  const exported = new Date((now - (which === 'before' ? 4 : 0) * 86_400) * 1000).toISOString();
  const rows = people
    .flatMap((person) => person[which])
    .map(({ id, email, logins, start, lastDay }) =>
      [id, email, logins.join(';'), day(start), day(lastDay), exported].join(','),
    );
  return ['id,email,logins,start,last,exported', ...rows, ''].join('\n');
}
