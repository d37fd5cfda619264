import type { ControlData } from './data.ts';

/** Annex A.5: organizational controls. Titles are the standard's; descriptions and aspects are our own words. */
export const organizational: readonly ControlData[] = [
  {
    id: 'A.5.1',
    title: 'Policies for information security',
    description:
      'A top-level policy and the topic policies below it are approved by management, made known to those they concern and looked at again at set intervals.',
    aspects: [
      {
        slug: 'approval',
        title: 'Policies are approved by management',
        basis: ['recorded', 'attested'],
        evidence: 'The signed or recorded approval of the current version of each policy',
      },
      {
        slug: 'acknowledgement',
        title: 'Staff have acknowledged the policies in force',
        basis: ['recorded', 'attested'],
        evidence: 'Acknowledgement records matched against the HR list of people employed',
      },
      {
        slug: 'review',
        title: 'Policies are reviewed at their planned dates',
        basis: ['recorded', 'attested'],
        evidence: 'Review dates and outcomes in the document register',
      },
    ],
  },
  {
    id: 'A.5.2',
    title: 'Information security roles and responsibilities',
    description: 'Every security duty has a named holder who knows about it and still works here.',
    aspects: [
      {
        slug: 'assignment',
        title: 'Security roles are assigned to named people',
        basis: ['recorded', 'attested'],
        evidence: 'The register of roles with their holders and dates of appointment',
      },
      {
        slug: 'holders-employed',
        title: 'Holders of roles are still in place',
        basis: ['recorded', 'attested'],
        evidence: 'Role holders matched against the HR list',
      },
    ],
  },
  {
    id: 'A.5.3',
    title: 'Segregation of duties',
    description: 'Nobody can both start and approve, or both make and hide, the same sensitive step.',
    aspects: [
      {
        slug: 'conflict-matrix',
        title: 'Conflicting duties are identified',
        basis: ['recorded', 'attested'],
        evidence: 'The list of duties that one person may not combine, with its approval',
      },
      {
        slug: 'author-not-approver',
        title: 'Changes are approved by somebody other than their author',
        basis: ['live'],
        evidence: 'Merged changes with author and approver, from the code host',
      },
      {
        slug: 'conflicting-grants',
        title: 'Nobody holds conflicting grants',
        basis: ['live', 'recorded'],
        evidence: 'Grants from the systems compared with the list of conflicting duties',
      },
    ],
  },
  {
    id: 'A.5.4',
    title: 'Management responsibilities',
    description: 'Managers require and support that their people work by the security policies.',
    aspects: [
      {
        slug: 'direction',
        title: 'Managers tell their people what is required',
        basis: ['attested'],
        evidence: 'Minutes, messages or objectives in which managers set the expectation',
      },
      {
        slug: 'support',
        title: 'Managers provide time and means',
        basis: ['attested'],
        evidence: 'Decisions on resources, and interviews noted by the assessor',
      },
    ],
  },
  {
    id: 'A.5.5',
    title: 'Contact with authorities',
    description: 'The organisation knows which authorities to call, when, and who makes the call.',
    aspects: [
      {
        slug: 'contacts',
        title: 'A current list of authorities and callers is kept',
        basis: ['attested'],
        evidence: 'The contact list with the date of its last check',
      },
      {
        slug: 'triggers',
        title: 'It is laid down when an authority is informed',
        basis: ['attested'],
        evidence: 'The procedure that names events, deadlines and the person who reports',
      },
    ],
  },
  {
    id: 'A.5.6',
    title: 'Contact with special interest groups',
    description: 'Security staff keep up with professional groups and forums and bring back what matters.',
    aspects: [
      {
        slug: 'memberships',
        title: 'Memberships and subscriptions are kept',
        basis: ['attested'],
        evidence: 'The list of groups, with who takes part',
      },
      {
        slug: 'use',
        title: 'What is learned is used',
        basis: ['attested'],
        evidence: 'Notes or tickets that came out of the exchange',
      },
    ],
  },
  {
    id: 'A.5.7',
    title: 'Threat intelligence',
    description: 'Information about threats is gathered, analysed and turned into action.',
    aspects: [
      {
        slug: 'sources',
        title: "Sources are chosen for the organisation's own risks",
        basis: ['recorded', 'attested'],
        evidence: 'The list of sources with the reason for each',
      },
      {
        slug: 'analysis',
        title: 'Items are analysed for relevance',
        basis: ['recorded', 'attested'],
        evidence: 'Register of items with the judgement on each',
      },
      {
        slug: 'action',
        title: 'Relevant items lead to action',
        basis: ['recorded', 'attested'],
        evidence: 'Items linked to tickets, risks or changes',
      },
    ],
  },
  {
    id: 'A.5.8',
    title: 'Information security in project management',
    description: 'Projects of every kind consider security from the start and at each gate.',
    aspects: [
      {
        slug: 'risk-assessment',
        title: 'Project risks are assessed early',
        basis: ['recorded', 'attested'],
        evidence: 'The security assessment filed for each project',
      },
      {
        slug: 'gates',
        title: 'Security gates are passed before a project moves on',
        basis: ['recorded', 'attested'],
        evidence: 'Gate decisions with date and decider',
      },
    ],
  },
  {
    id: 'A.5.9',
    title: 'Inventory of information and other associated assets',
    description: 'What the organisation holds is listed, kept current, and each item has an owner.',
    aspects: [
      {
        slug: 'completeness',
        title: 'The register agrees with what exists',
        basis: ['live', 'recorded'],
        evidence: 'Resources listed by the systems matched against the asset register, both ways',
      },
      {
        slug: 'ownership',
        title: 'Each asset has an owner who still works here',
        basis: ['live', 'recorded'],
        evidence: 'Owners in the register or in tags, matched against HR',
      },
      {
        slug: 'review',
        title: 'The register is reviewed',
        basis: ['recorded', 'attested'],
        evidence: 'Dates and results of the last review',
      },
    ],
  },
  {
    id: 'A.5.10',
    title: 'Acceptable use of information and other associated assets',
    description: 'Rules for using and handling assets are written, known and accepted.',
    aspects: [
      {
        slug: 'rules',
        title: 'Rules for use and handling are documented',
        basis: ['recorded', 'attested'],
        evidence: 'The current rules with their approval',
      },
      {
        slug: 'acknowledgement',
        title: 'Users have acknowledged the rules',
        basis: ['recorded', 'attested'],
        evidence: 'Acknowledgements matched against HR',
      },
    ],
  },
  {
    id: 'A.5.11',
    title: 'Return of assets',
    description: 'People who leave or change role hand back what belongs to the organisation.',
    aspects: [
      {
        slug: 'devices-returned',
        title: "Leavers' devices are returned",
        basis: ['live', 'recorded'],
        evidence: 'Device management or asset register matched against departures in HR',
      },
      {
        slug: 'other-assets',
        title: 'Keys, badges and documents are returned',
        basis: ['recorded', 'attested'],
        evidence: 'Signed return lists of leavers',
      },
    ],
  },
  {
    id: 'A.5.12',
    title: 'Classification of information',
    description: 'Information is graded by how much its loss, leak or change would hurt.',
    aspects: [
      {
        slug: 'scheme',
        title: 'A classification scheme is approved',
        basis: ['recorded', 'attested'],
        evidence: 'The scheme with its approval',
      },
      {
        slug: 'applied',
        title: 'Assets carry a class',
        basis: ['recorded', 'attested'],
        evidence: 'Assets in the register with a class and the owner who set it',
      },
    ],
  },
  {
    id: 'A.5.13',
    title: 'Labelling of information',
    description: 'The class of information can be seen from its label or tag.',
    aspects: [
      {
        slug: 'labels-applied',
        title: 'Resources carry the classification tag',
        basis: ['live', 'recorded'],
        evidence: 'Tags on storage, databases and repositories, from the systems',
      },
      {
        slug: 'procedure',
        title: 'Labelling is laid down for every medium',
        basis: ['recorded', 'attested'],
        evidence: 'The labelling procedure, with samples of documents',
      },
    ],
  },
  {
    id: 'A.5.14',
    title: 'Information transfer',
    description: 'Information moves inside and outside by agreed, protected ways only.',
    aspects: [
      {
        slug: 'encrypted-transport',
        title: 'Transfers are encrypted on the way',
        basis: ['live'],
        evidence: 'TLS settings of endpoints and listeners',
      },
      {
        slug: 'sharing',
        title: 'Sharing with outsiders is limited to what is allowed',
        basis: ['live'],
        evidence: 'External sharing settings and shared items, from the collaboration suite',
      },
      {
        slug: 'agreements',
        title: 'Transfers to others rest on an agreement',
        basis: ['recorded', 'attested'],
        evidence: 'Signed transfer agreements',
      },
    ],
  },
  {
    id: 'A.5.15',
    title: 'Access control',
    description:
      'Who may reach what follows from business need and is laid down in rules that systems enforce.',
    aspects: [
      {
        slug: 'policy',
        title: 'Rules of access are approved',
        basis: ['recorded', 'attested'],
        evidence: 'The access policy and the matrix of roles',
      },
      {
        slug: 'grants-by-role',
        title: 'Rights are given through roles or groups, not person by person',
        basis: ['live'],
        evidence: 'Policies and grants attached directly to identities, from the systems',
      },
      {
        slug: 'matrix',
        title: 'Grants agree with the matrix',
        basis: ['live', 'recorded'],
        evidence: 'Grants from the systems compared with the approved matrix',
      },
    ],
  },
  {
    id: 'A.5.16',
    title: 'Identity management',
    description:
      'Identities are followed from creation to removal, and each belongs to somebody or something known.',
    aspects: [
      {
        slug: 'owner',
        title: 'Each identity belongs to a known person or service',
        basis: ['live'],
        evidence: 'Identities from the systems matched against HR and the explicit map',
      },
      {
        slug: 'unique',
        title: 'Identities are not shared between people',
        basis: ['live', 'recorded'],
        evidence: 'Logins mapped to more than one person, and approved shared accounts',
      },
      {
        slug: 'lifecycle',
        title: 'Creation and change of identities follow a procedure',
        basis: ['recorded', 'attested'],
        evidence: 'Requests and approvals for new identities',
      },
    ],
  },
  {
    id: 'A.5.17',
    title: 'Authentication information',
    description: 'Passwords, keys and tokens are issued, changed and retired under control.',
    aspects: [
      {
        slug: 'rotation',
        title: 'Keys are replaced within the time the organisation set',
        basis: ['live'],
        evidence: 'Age of active access keys, from the systems',
      },
      {
        slug: 'unused-credentials',
        title: 'Credentials that nobody uses are withdrawn',
        basis: ['live'],
        evidence: 'Last use of passwords and keys, from the systems',
      },
      {
        slug: 'password-policy',
        title: 'Systems enforce the password rules',
        basis: ['live'],
        evidence: 'Password policy settings, from the systems',
      },
      {
        slug: 'leaked-secrets',
        title: 'Leaked credentials are found and revoked',
        basis: ['live'],
        evidence: 'Secret scanning alerts and the time to their resolution',
      },
      {
        slug: 'handover',
        title: 'First passwords and secrets are handed over safely',
        basis: ['recorded', 'attested'],
        evidence: 'The procedure, with samples of issuing records',
      },
    ],
  },
  {
    id: 'A.5.18',
    title: 'Access rights',
    description: 'Access is granted, changed, reviewed and withdrawn in line with the rules and in time.',
    aspects: [
      {
        slug: 'approval',
        title: 'Access is granted after approval',
        basis: ['recorded', 'attested'],
        evidence: 'Requests with approver for grants that appeared in the period',
      },
      {
        slug: 'removal',
        title: 'Leavers lose their access in time',
        basis: ['live'],
        evidence: 'Departures in HR matched against live passwords, keys and grants',
      },
      {
        slug: 'review',
        title: 'Access rights are reviewed at planned intervals',
        basis: ['live', 'recorded', 'attested'],
        evidence: 'Signed review records, with the list of rights reviewed',
      },
      {
        slug: 'dormant',
        title: 'Accounts that nobody uses any more are closed',
        basis: ['live'],
        evidence: 'Last activity of identities, from the systems',
      },
    ],
  },
  {
    id: 'A.5.19',
    title: 'Information security in supplier relationships',
    description: "Risks that come with a supplier's product or service are known and managed.",
    aspects: [
      {
        slug: 'register',
        title: 'Suppliers and their risks are registered',
        basis: ['live', 'recorded', 'attested'],
        evidence: 'The supplier register with risk ratings and dates',
      },
      {
        slug: 'known-access',
        title: 'Outsiders with access are registered suppliers',
        basis: ['live', 'recorded'],
        evidence: 'OAuth grants, trusts and guest accounts matched against the supplier register',
      },
    ],
  },
  {
    id: 'A.5.20',
    title: 'Addressing information security within supplier agreements',
    description: 'Contracts state the security that each supplier has to provide.',
    aspects: [
      {
        slug: 'clauses',
        title: 'Contracts carry the security terms required',
        basis: ['recorded', 'attested'],
        evidence: 'Contract register with the terms checked for each supplier',
      },
      {
        slug: 'signature',
        title: 'Agreements were signed before the service began',
        basis: ['recorded', 'attested'],
        evidence: 'Dates of signature and of first use',
      },
    ],
  },
  {
    id: 'A.5.21',
    title: 'Managing information security in the ICT supply chain',
    description: 'Security is asked for along the whole chain of software, hardware and services.',
    aspects: [
      {
        slug: 'dependencies',
        title: 'Dependencies are known and their weaknesses handled',
        basis: ['live'],
        evidence: 'Dependency alerts and inventories, from the code host',
      },
      {
        slug: 'origin',
        title: 'Components come from approved origins',
        basis: ['live', 'recorded'],
        evidence: 'Registries, digests and signatures in use, compared with the approved list',
      },
      {
        slug: 'requirements',
        title: 'Requirements are passed on to suppliers',
        basis: ['recorded', 'attested'],
        evidence: 'Terms and questionnaires sent down the chain',
      },
    ],
  },
  {
    id: 'A.5.22',
    title: 'Monitoring, review and change management of supplier services',
    description: 'What suppliers deliver and change is watched and reviewed.',
    aspects: [
      {
        slug: 'reviews',
        title: 'Suppliers are reviewed as planned',
        basis: ['recorded', 'attested'],
        evidence: 'Review records with dates and conclusions',
      },
      {
        slug: 'changes',
        title: "Changes on the supplier's side are assessed",
        basis: ['recorded', 'attested'],
        evidence: 'Notices of change with the assessment made',
      },
    ],
  },
  {
    id: 'A.5.23',
    title: 'Information security for use of cloud services',
    description: 'Cloud services are taken up, used and left under control.',
    aspects: [
      {
        slug: 'register',
        title: 'Cloud accounts in use are registered',
        basis: ['live', 'recorded'],
        evidence: 'Accounts and organisations listed by the providers matched against the register',
      },
      {
        slug: 'responsibilities',
        title: 'The division of duties with the provider is documented',
        basis: ['recorded', 'attested'],
        evidence: 'The responsibility split for each service',
      },
      {
        slug: 'exit',
        title: 'Leaving a cloud service is planned',
        basis: ['recorded', 'attested'],
        evidence: 'Exit plan of each important service',
      },
    ],
  },
  {
    id: 'A.5.24',
    title: 'Information security incident management planning and preparation',
    description: 'Roles, procedures and means for incidents are ready beforehand.',
    aspects: [
      {
        slug: 'plan',
        title: 'A plan with roles is approved',
        basis: ['recorded', 'attested'],
        evidence: 'The incident plan and its approval',
      },
      {
        slug: 'exercise',
        title: 'The plan is exercised',
        basis: ['recorded', 'attested'],
        evidence: 'Exercise records with date, people and lessons',
      },
    ],
  },
  {
    id: 'A.5.25',
    title: 'Assessment and decision on information security events',
    description: 'Events are looked at and it is decided which of them are incidents.',
    aspects: [
      {
        slug: 'criteria',
        title: 'Criteria for deciding are laid down',
        basis: ['recorded', 'attested'],
        evidence: 'The classification scheme for events',
      },
      {
        slug: 'triage-time',
        title: 'Events are triaged in time',
        basis: ['live', 'recorded'],
        evidence: 'Times from alert to decision, from ticketing or alerting',
      },
    ],
  },
  {
    id: 'A.5.26',
    title: 'Response to information security incidents',
    description: 'Incidents are handled by the documented procedures.',
    aspects: [
      {
        slug: 'handling',
        title: 'Incidents were handled by the procedure',
        basis: ['recorded', 'attested'],
        evidence: 'Incident records with steps, times and people',
      },
      {
        slug: 'communication',
        title: 'Those who had to know were told',
        basis: ['recorded', 'attested'],
        evidence: 'Notices with time and addressee',
      },
    ],
  },
  {
    id: 'A.5.27',
    title: 'Learning from information security incidents',
    description: 'What incidents teach is used to strengthen the controls.',
    aspects: [
      {
        slug: 'lessons',
        title: 'Each major incident is reviewed',
        basis: ['recorded', 'attested'],
        evidence: 'Review of causes filed for each incident',
      },
      {
        slug: 'improvements',
        title: 'Measures from reviews are carried out',
        basis: ['recorded', 'attested'],
        evidence: 'Measures with owner, due date and completion',
      },
    ],
  },
  {
    id: 'A.5.28',
    title: 'Collection of evidence',
    description: 'Evidence of security events is found, collected and kept so that it stands up to scrutiny.',
    aspects: [
      {
        slug: 'procedure',
        title: 'It is laid down how evidence is secured',
        basis: ['attested'],
        evidence: 'The procedure for collection and chain of custody',
      },
      {
        slug: 'custody',
        title: 'Evidence of past events was handled by the procedure',
        basis: ['attested'],
        evidence: 'Custody records of past events',
      },
    ],
  },
  {
    id: 'A.5.29',
    title: 'Information security during disruption',
    description: 'Security holds at the level needed while business is disrupted.',
    aspects: [
      {
        slug: 'plans',
        title: 'Continuity plans keep security in place',
        basis: ['attested'],
        evidence: 'Plans with the controls that hold during disruption',
      },
      {
        slug: 'tests',
        title: 'The plans were tested',
        basis: ['attested'],
        evidence: 'Test reports that look at security as well',
      },
    ],
  },
  {
    id: 'A.5.30',
    title: 'ICT readiness for business continuity',
    description: 'Systems can be brought back as fast and as completely as the business needs.',
    aspects: [
      {
        slug: 'objectives',
        title: 'Recovery time and point objectives are set',
        basis: ['recorded', 'attested'],
        evidence: 'Business impact analysis with objectives for each service',
      },
      {
        slug: 'achieved',
        title: 'Objectives are met in practice',
        basis: ['live', 'recorded'],
        evidence: 'Times and data losses measured in restores and failovers, compared with the objectives',
      },
      {
        slug: 'exercise',
        title: 'Recovery is exercised',
        basis: ['recorded', 'attested'],
        evidence: 'Exercise reports with results',
      },
    ],
  },
  {
    id: 'A.5.31',
    title: 'Legal, statutory, regulatory and contractual requirements',
    description: 'The legal and contractual security duties are known, documented and kept current.',
    aspects: [
      {
        slug: 'register',
        title: 'The duties are listed with owners',
        basis: ['attested'],
        evidence: 'The register of requirements',
      },
      {
        slug: 'review',
        title: 'The list is kept current',
        basis: ['attested'],
        evidence: 'Review of the register by somebody competent in law',
      },
    ],
  },
  {
    id: 'A.5.32',
    title: 'Intellectual property rights',
    description: 'Licences and the rights of others are respected.',
    aspects: [
      {
        slug: 'licences',
        title: 'Software in use is licensed as allowed',
        basis: ['live', 'recorded'],
        evidence: 'Licences of dependencies and installed software, compared with the approved list',
      },
      {
        slug: 'procedure',
        title: 'Buying and using protected material follows rules',
        basis: ['recorded', 'attested'],
        evidence: 'The procedure, with samples of purchases',
      },
    ],
  },
  {
    id: 'A.5.33',
    title: 'Protection of records',
    description:
      'Records are kept safe from loss, falsification and unauthorised access for as long as required.',
    aspects: [
      {
        slug: 'retention-lock',
        title: "Records can't be changed or deleted early",
        basis: ['live'],
        evidence: 'Object lock, vault lock and retention settings, from the systems',
      },
      {
        slug: 'schedule',
        title: 'Retention times are laid down',
        basis: ['recorded', 'attested'],
        evidence: 'The retention schedule and its approval',
      },
    ],
  },
  {
    id: 'A.5.34',
    title: 'Privacy and protection of personal identifiable information',
    description: 'Personal data is protected as law and contracts require.',
    aspects: [
      {
        slug: 'responsibility',
        title: 'Somebody is responsible for privacy',
        basis: ['attested'],
        evidence: 'Appointment of the person responsible',
      },
      {
        slug: 'records',
        title: 'Processing and its protection are documented',
        basis: ['attested'],
        evidence: 'Records of processing and impact assessments',
      },
    ],
  },
  {
    id: 'A.5.35',
    title: 'Independent review of information security',
    description: "People who don't run security look at it at planned intervals and after major change.",
    aspects: [
      {
        slug: 'performed',
        title: 'Reviews took place as planned',
        basis: ['recorded', 'attested'],
        evidence: 'Review reports with dates and scope',
      },
      {
        slug: 'independence',
        title: 'Reviewers were independent of what they reviewed',
        basis: ['recorded', 'attested'],
        evidence: 'Reviewers matched against the roles they hold',
      },
    ],
  },
  {
    id: 'A.5.36',
    title: 'Compliance with policies, rules and standards for information security',
    description: 'It is checked regularly whether policies and rules are followed, and gaps are followed up.',
    aspects: [
      {
        slug: 'checks',
        title: 'Managers check their own areas',
        basis: ['recorded', 'attested'],
        evidence: 'Records of the checks with results',
      },
      {
        slug: 'follow-up',
        title: 'Gaps found are corrected',
        basis: ['recorded', 'attested'],
        evidence: 'Corrective measures with due date and completion',
      },
    ],
  },
  {
    id: 'A.5.37',
    title: 'Documented operating procedures',
    description: 'Procedures for running systems are written down and at hand for those who need them.',
    aspects: [
      {
        slug: 'runbooks',
        title: 'Each important system has a runbook',
        basis: ['recorded', 'attested'],
        evidence: 'Runbooks listed for each system, with dates',
      },
      {
        slug: 'current',
        title: 'Runbooks are kept current',
        basis: ['recorded', 'attested'],
        evidence: 'Dates of review compared with changes of the system',
      },
    ],
  },
];
