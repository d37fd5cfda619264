import type { ControlData } from './data.ts';

/** Annex A.8: technological controls. Titles are the standard's; descriptions and aspects are our own words. */
export const technological: readonly ControlData[] = [
  {
    id: 'A.8.1',
    title: 'User endpoint devices',
    description: 'Laptops, phones and the like are set up and kept so that what they hold is safe.',
    aspects: [
      {
        slug: 'managed',
        title: 'Devices in use are under management',
        basis: ['live', 'recorded'],
        evidence: 'Devices seen in sign-ins matched against device management',
      },
      {
        slug: 'configuration',
        title: 'Devices hold the required settings',
        basis: ['live'],
        evidence: 'Encryption, lock, firewall and update state from device management',
      },
      {
        slug: 'user-duties',
        title: 'Users know their duties',
        basis: ['recorded', 'attested'],
        evidence: 'Rules for devices with acknowledgements',
      },
    ],
  },
  {
    id: 'A.8.2',
    title: 'Privileged access rights',
    description: 'Far-reaching rights go to few, named people, and are watched.',
    aspects: [
      {
        slug: 'root-protected',
        title: "The account's root has a second factor and no access keys",
        basis: ['live'],
        evidence: 'Root state from the account summary and the credential report',
      },
      {
        slug: 'administrators-few',
        title: 'No more administrators than the organisation allows',
        basis: ['live'],
        evidence: 'Identities with administrative grants, counted for each scope',
      },
      {
        slug: 'administrators-named',
        title: 'Each administrator is a known person',
        basis: ['live'],
        evidence: 'Identities with administrative grants matched against HR',
      },
      {
        slug: 'review',
        title: 'Privileged rights are reviewed at shorter intervals',
        basis: ['live', 'recorded', 'attested'],
        evidence: 'Signed reviews of privileged rights',
      },
    ],
  },
  {
    id: 'A.8.3',
    title: 'Information access restriction',
    description: 'Access to data and functions is limited as the access rules say.',
    aspects: [
      {
        slug: 'no-public-access',
        title: 'Nothing is open to everybody by mistake',
        basis: ['live'],
        evidence: 'Public grants on storage, databases, snapshots and images',
      },
      {
        slug: 'no-wildcards',
        title: 'Grants name what they allow',
        basis: ['live'],
        evidence: 'Policies that allow every action or every resource',
      },
    ],
  },
  {
    id: 'A.8.4',
    title: 'Access to source code',
    description: 'Reading and writing of source code, tools and libraries is given as needed.',
    aspects: [
      {
        slug: 'repository-grants',
        title: 'Rights on repositories follow the need',
        basis: ['live'],
        evidence: 'Collaborators and team grants, from the code host',
      },
      {
        slug: 'outside-collaborators',
        title: 'Outsiders on repositories are known',
        basis: ['live'],
        evidence: 'Outside collaborators matched against HR and suppliers',
      },
    ],
  },
  {
    id: 'A.8.5',
    title: 'Secure authentication',
    description: 'Signing in is as strong as what lies behind it requires.',
    aspects: [
      {
        slug: 'second-factor',
        title: 'Everyone who can sign in interactively uses a second factor',
        basis: ['live'],
        evidence: 'Sign-in ability and registered factors of identities, from the systems',
      },
      {
        slug: 'sign-in-protection',
        title: 'Sign-in resists guessing and replay',
        basis: ['live', 'recorded'],
        evidence: 'Lockout, session and sign-in settings, from the systems',
      },
    ],
  },
  {
    id: 'A.8.6',
    title: 'Capacity management',
    description: 'Capacity follows present and expected demand.',
    aspects: [
      {
        slug: 'limits',
        title: 'Systems stay within their limits',
        basis: ['live'],
        evidence: 'Usage compared with quotas, requests and limits',
      },
      {
        slug: 'planning',
        title: 'Future demand is planned for',
        basis: ['recorded', 'attested'],
        evidence: 'Capacity plan with its review',
      },
    ],
  },
  {
    id: 'A.8.7',
    title: 'Protection against malware',
    description: 'Malware is kept out, found and removed, and users are alert to it.',
    aspects: [
      {
        slug: 'coverage',
        title: 'Endpoints and servers are covered',
        basis: ['live', 'recorded'],
        evidence: 'Export of the endpoint protection matched against devices and hosts',
      },
      {
        slug: 'current',
        title: 'Protection is current and active',
        basis: ['live', 'recorded'],
        evidence: 'Versions and last contact in the export',
      },
      {
        slug: 'awareness',
        title: 'Users are made aware',
        basis: ['recorded', 'attested'],
        evidence: 'Training content on malware and who took it',
      },
    ],
  },
  {
    id: 'A.8.8',
    title: 'Management of technical vulnerabilities',
    description: 'Weaknesses are known early and dealt with by their weight.',
    aspects: [
      {
        slug: 'scan-coverage',
        title: 'What should be scanned is scanned',
        basis: ['live'],
        evidence: 'Scan results matched against hosts, images and repositories',
      },
      {
        slug: 'remediation-time',
        title: 'Weaknesses are closed in the time set for their severity',
        basis: ['live'],
        evidence: 'Age of open vulnerabilities by severity',
      },
      {
        slug: 'sources',
        title: 'Somebody follows the sources for new weaknesses',
        basis: ['recorded', 'attested'],
        evidence: 'Assignment of the duty and the sources followed',
      },
    ],
  },
  {
    id: 'A.8.9',
    title: 'Configuration management',
    description: 'Configurations are defined, applied and watched for drift.',
    aspects: [
      {
        slug: 'baseline',
        title: 'Baselines are approved',
        basis: ['live', 'recorded', 'attested'],
        evidence: 'The baselines in version control with their approvals',
      },
      {
        slug: 'drift',
        title: 'Systems agree with the baseline',
        basis: ['live'],
        evidence: 'Drift between declared and actual configuration',
      },
    ],
  },
  {
    id: 'A.8.10',
    title: 'Information deletion',
    description: 'Information is deleted when it is no longer needed.',
    aspects: [
      {
        slug: 'lifecycle',
        title: 'Deletion runs as the schedule says',
        basis: ['live', 'recorded'],
        evidence: 'Lifecycle rules of storage and databases, compared with the retention schedule',
      },
      {
        slug: 'requests',
        title: 'Requests for deletion are carried out',
        basis: ['recorded', 'attested'],
        evidence: 'Requests with date of completion',
      },
    ],
  },
  {
    id: 'A.8.11',
    title: 'Data masking',
    description: "Sensitive data is masked where the plain value isn't needed.",
    aspects: [
      {
        slug: 'rules',
        title: 'It is laid down what is masked for whom',
        basis: ['attested'],
        evidence: 'The masking rules',
      },
      {
        slug: 'applied',
        title: 'Masking works',
        basis: ['attested'],
        evidence: 'Samples of masked data seen by the assessor',
      },
    ],
  },
  {
    id: 'A.8.12',
    title: 'Data leakage prevention',
    description: 'Leaks of sensitive data are hindered and noticed.',
    aspects: [
      {
        slug: 'push-protection',
        title: 'Secrets are stopped on their way into repositories',
        basis: ['live'],
        evidence: 'Push protection settings and bypasses, from the code host',
      },
      {
        slug: 'channels',
        title: 'Channels of leakage are assessed and covered',
        basis: ['recorded', 'attested'],
        evidence: 'Assessment of channels with the measure for each',
      },
    ],
  },
  {
    id: 'A.8.13',
    title: 'Information backup',
    description: 'Data and systems are backed up, and backups can be restored.',
    aspects: [
      {
        slug: 'jobs-succeed',
        title: 'Backup jobs succeed',
        basis: ['live'],
        evidence: 'Results of backup jobs, from the systems',
      },
      {
        slug: 'coverage',
        title: 'What must be backed up is',
        basis: ['live', 'recorded'],
        evidence: 'Resources matched against backup plans',
      },
      {
        slug: 'restore-tests',
        title: 'Restores are tested',
        basis: ['live', 'recorded'],
        evidence: 'Restore jobs and reports of restore tests',
      },
    ],
  },
  {
    id: 'A.8.14',
    title: 'Redundancy of information processing facilities',
    description: 'Facilities are redundant as far as availability requires.',
    aspects: [
      {
        slug: 'zones',
        title: 'Services run in as many zones as their tier asks for',
        basis: ['live'],
        evidence: 'Placement of nodes, databases and balancers by tier',
      },
      {
        slug: 'failover-tests',
        title: 'Failover is tested',
        basis: ['recorded', 'attested'],
        evidence: 'Test reports with results',
      },
    ],
  },
  {
    id: 'A.8.15',
    title: 'Logging',
    description: 'Activities, faults and events are logged, and logs are kept safe.',
    aspects: [
      {
        slug: 'trails-on',
        title: 'Audit trails are on everywhere they should be',
        basis: ['live'],
        evidence: 'Trail settings of every account and cluster',
      },
      {
        slug: 'retention',
        title: 'Logs are kept as long as required',
        basis: ['live'],
        evidence: 'Retention settings of log storage',
      },
      {
        slug: 'protected',
        title: "Logs can't be altered by those they watch",
        basis: ['live'],
        evidence: 'Write and delete rights on log storage',
      },
    ],
  },
  {
    id: 'A.8.16',
    title: 'Monitoring activities',
    description: 'Systems are watched for odd behaviour, and somebody acts on it.',
    aspects: [
      {
        slug: 'alerts-handled',
        title: 'Alerts are handled in time',
        basis: ['live', 'recorded'],
        evidence: 'Alerts with time to acknowledgement and closure',
      },
      {
        slug: 'scope',
        title: 'It is laid down what is watched',
        basis: ['recorded', 'attested'],
        evidence: 'The monitoring concept',
      },
    ],
  },
  {
    id: 'A.8.17',
    title: 'Clock synchronization',
    description: 'Clocks agree with one approved time.',
    aspects: [
      {
        slug: 'skew',
        title: 'Clocks of nodes stay within tolerance',
        basis: ['live'],
        evidence: 'Clock offset of nodes, from node metrics',
      },
      {
        slug: 'source',
        title: 'The time source is approved',
        basis: ['recorded', 'attested'],
        evidence: 'The decision on the source of time',
      },
    ],
  },
  {
    id: 'A.8.18',
    title: 'Use of privileged utility programs',
    description: 'Tools that can get around controls are restricted and watched.',
    aspects: [
      {
        slug: 'exec-rights',
        title: 'Few may run commands inside workloads',
        basis: ['live'],
        evidence: 'Rights to exec, attach and debug, from the clusters',
      },
      {
        slug: 'authorised-tools',
        title: 'Tools are listed and authorised',
        basis: ['recorded', 'attested'],
        evidence: 'The list of tools with approvals',
      },
    ],
  },
  {
    id: 'A.8.19',
    title: 'Installation of software on operational systems',
    description: 'Only approved software gets onto running systems.',
    aspects: [
      {
        slug: 'approved-digests',
        title: 'Workloads run approved images',
        basis: ['live'],
        evidence: 'Running image digests compared with approved ones',
      },
      {
        slug: 'procedure',
        title: 'Installation follows a procedure',
        basis: ['recorded', 'attested'],
        evidence: 'The procedure with samples of installations',
      },
    ],
  },
  {
    id: 'A.8.20',
    title: 'Networks security',
    description: 'Networks and network devices are secured and managed.',
    aspects: [
      {
        slug: 'open-rules',
        title: 'No rule opens sensitive ports to everybody',
        basis: ['live'],
        evidence: 'Firewall and security group rules, from the systems',
      },
      {
        slug: 'management',
        title: 'Responsibility for networks is assigned',
        basis: ['recorded', 'attested'],
        evidence: 'Network plan and the people responsible',
      },
    ],
  },
  {
    id: 'A.8.21',
    title: 'Security of network services',
    description: 'Security of network services is agreed, in place and watched.',
    aspects: [
      {
        slug: 'listeners',
        title: 'Listeners offer secure protocols only',
        basis: ['live'],
        evidence: 'Protocols and ciphers of load balancers and gateways',
      },
      {
        slug: 'agreements',
        title: 'Service levels and features are agreed',
        basis: ['recorded', 'attested'],
        evidence: 'Agreements with the providers of network services',
      },
    ],
  },
  {
    id: 'A.8.22',
    title: 'Segregation of networks',
    description: 'Groups of systems, services and users are kept apart on the network.',
    aspects: [
      {
        slug: 'default-deny',
        title: 'Traffic is denied unless allowed',
        basis: ['live'],
        evidence: 'Network policies of each namespace, from the clusters',
      },
      {
        slug: 'zones',
        title: 'The division into zones is laid down and kept',
        basis: ['live', 'recorded', 'attested'],
        evidence: 'Network plan compared with peerings and routes',
      },
    ],
  },
  {
    id: 'A.8.23',
    title: 'Web filtering',
    description: 'Access to harmful web sites is limited.',
    aspects: [
      {
        slug: 'rules',
        title: 'It is laid down which sites are blocked',
        basis: ['attested'],
        evidence: 'The filtering rules with their approval',
      },
      { slug: 'applied', title: 'The filter works', basis: ['attested'], evidence: 'Test by the assessor' },
    ],
  },
  {
    id: 'A.8.24',
    title: 'Use of cryptography',
    description: 'Cryptography is used by rules, and keys are looked after.',
    aspects: [
      {
        slug: 'encryption-at-rest',
        title: 'Stored data is encrypted',
        basis: ['live'],
        evidence: 'Encryption settings of storage, volumes and databases',
      },
      {
        slug: 'key-management',
        title: 'Keys are rotated and guarded',
        basis: ['live'],
        evidence: 'Rotation, policies and pending deletion of keys',
      },
      {
        slug: 'rules',
        title: 'Rules on algorithms and keys are approved',
        basis: ['recorded', 'attested'],
        evidence: 'The cryptography policy',
      },
    ],
  },
  {
    id: 'A.8.25',
    title: 'Secure development life cycle',
    description: 'Rules for secure development hold from idea to retirement.',
    aspects: [
      {
        slug: 'gates',
        title: 'Required checks run before code is merged',
        basis: ['live'],
        evidence: 'Branch protection and required checks, from the code host',
      },
      {
        slug: 'rules',
        title: 'The rules are laid down',
        basis: ['recorded', 'attested'],
        evidence: 'The development policy with its approval',
      },
    ],
  },
  {
    id: 'A.8.26',
    title: 'Application security requirements',
    description: 'Security requirements of applications are identified, specified and approved.',
    aspects: [
      {
        slug: 'specified',
        title: 'Requirements are specified',
        basis: ['attested'],
        evidence: 'Requirements of recent applications or changes',
      },
      {
        slug: 'approved',
        title: 'Requirements are approved',
        basis: ['attested'],
        evidence: 'Approvals by somebody competent',
      },
    ],
  },
  {
    id: 'A.8.27',
    title: 'Secure system architecture and engineering principles',
    description: 'Principles for building secure systems are written and applied.',
    aspects: [
      {
        slug: 'principles',
        title: 'Principles are documented',
        basis: ['attested'],
        evidence: 'The principles with their review',
      },
      {
        slug: 'applied',
        title: 'Designs follow them',
        basis: ['attested'],
        evidence: 'Design reviews of recent systems',
      },
    ],
  },
  {
    id: 'A.8.28',
    title: 'Secure coding',
    description: 'Code is written by secure coding principles.',
    aspects: [
      {
        slug: 'review',
        title: 'Code is reviewed before it is merged',
        basis: ['live'],
        evidence: 'Merged changes with their reviews',
      },
      {
        slug: 'scanning',
        title: 'Code is scanned and results are dealt with',
        basis: ['live'],
        evidence: 'Code scanning state and age of alerts',
      },
    ],
  },
  {
    id: 'A.8.29',
    title: 'Security testing in development and acceptance',
    description: 'Security is tested while developing and before release.',
    aspects: [
      {
        slug: 'automated-tests',
        title: 'Security tests run and pass before release',
        basis: ['live', 'recorded'],
        evidence: 'Results of test runs for released versions',
      },
      {
        slug: 'acceptance',
        title: 'Acceptance looks at security',
        basis: ['recorded', 'attested'],
        evidence: 'Acceptance or penetration test reports with follow-up',
      },
    ],
  },
  {
    id: 'A.8.30',
    title: 'Outsourced development',
    description: 'Development by others is directed, watched and reviewed.',
    aspects: [
      {
        slug: 'outsiders-reviewed',
        title: "Outsiders' changes are reviewed by the organisation",
        basis: ['live', 'recorded'],
        evidence: 'Merges of outside authors with their reviewers',
      },
      {
        slug: 'agreements',
        title: 'Agreements state what is required',
        basis: ['recorded', 'attested'],
        evidence: 'Contracts with developers',
      },
    ],
  },
  {
    id: 'A.8.31',
    title: 'Separation of development, test and production environments',
    description: "Development, test and production don't share what could harm production.",
    aspects: [
      {
        slug: 'accounts-apart',
        title: 'Environments live in separate accounts, projects or clusters',
        basis: ['live'],
        evidence: 'Environment tags and placement of resources',
      },
      {
        slug: 'access-apart',
        title: "Developers don't hold standing rights in production",
        basis: ['live'],
        evidence: 'Grants in production matched against roles',
      },
    ],
  },
  {
    id: 'A.8.32',
    title: 'Change management',
    description: 'Changes to systems follow a procedure.',
    aspects: [
      {
        slug: 'reviewed-merges',
        title: 'Changes are reviewed and tested before they are merged',
        basis: ['live'],
        evidence: 'Merged changes with approvals and checks',
      },
      {
        slug: 'no-direct-changes',
        title: "Production isn't changed past the procedure",
        basis: ['live'],
        evidence: 'Direct pushes, bypasses and manual changes in trails',
      },
      {
        slug: 'procedure',
        title: 'The procedure covers planning, fallback and emergencies',
        basis: ['recorded', 'attested'],
        evidence: 'The procedure with samples of changes',
      },
    ],
  },
  {
    id: 'A.8.33',
    title: 'Test information',
    description: 'Test data is chosen, protected and managed.',
    aspects: [
      {
        slug: 'no-production-data',
        title: "Production data isn't copied to test without approval",
        basis: ['live', 'recorded'],
        evidence: 'Snapshots and copies of production data in test accounts',
      },
      {
        slug: 'approval',
        title: 'Use of real data is approved each time',
        basis: ['recorded', 'attested'],
        evidence: 'Approvals with date of deletion',
      },
    ],
  },
  {
    id: 'A.8.34',
    title: 'Protection of information systems during audit testing',
    description: 'Audits and tests of running systems are agreed and do no harm.',
    aspects: [
      {
        slug: 'read-only',
        title: "Auditors' access is read-only",
        basis: ['live'],
        evidence: "Grants of auditors' identities",
      },
      {
        slug: 'agreed',
        title: 'Tests are agreed beforehand',
        basis: ['recorded', 'attested'],
        evidence: 'Agreements on scope, time and means of tests',
      },
    ],
  },
];
