import type { ControlData } from './data.ts';

/** Requirements of clauses 4 to 10, as amended by Amendment 1:2024. Titles are the standard's; descriptions and aspects are our own words. */
export const clauses: readonly ControlData[] = [
  {
    id: '4.1',
    title: 'Understanding the organization and its context',
    description:
      'Internal and external matters that bear on the ISMS are known; whether climate change is one of them has been decided (Amendment 1:2024).',
    aspects: [
      {
        slug: 'issues',
        title: 'The issues are determined and kept current',
        basis: ['recorded', 'attested'],
        evidence: 'The context analysis with the date of its review',
      },
      {
        slug: 'climate',
        title: 'It was decided whether climate change is relevant',
        basis: ['recorded', 'attested'],
        evidence: 'The decision with its reasons, in the context analysis or minutes',
      },
    ],
  },
  {
    id: '4.2',
    title: 'Understanding the needs and expectations of interested parties',
    description:
      'Who has a stake in security, what they ask for, and which of it the ISMS takes up; climate-related wishes may be among it (Amendment 1:2024).',
    aspects: [
      {
        slug: 'parties',
        title: 'Interested parties and their requirements are listed',
        basis: ['recorded', 'attested'],
        evidence: 'The register of parties and requirements',
      },
      {
        slug: 'addressed',
        title: 'It is decided which requirements the ISMS addresses',
        basis: ['recorded', 'attested'],
        evidence: 'The decision for each requirement',
      },
    ],
  },
  {
    id: '4.3',
    title: 'Determining the scope of the information security management system',
    description: 'The boundaries of the ISMS are drawn, with interfaces and dependencies, and written down.',
    aspects: [
      {
        slug: 'statement',
        title: 'The scope is documented',
        basis: ['recorded', 'attested'],
        evidence: 'The scope statement with its approval',
      },
      {
        slug: 'boundaries',
        title: 'What lies inside agrees with what exists',
        basis: ['live', 'recorded', 'attested'],
        evidence:
          'Sources in scope matched against the accounts, organisations and clusters that the providers list',
      },
    ],
  },
  {
    id: '4.4',
    title: 'Information security management system',
    description: 'The ISMS and its processes are set up, run, maintained and improved.',
    aspects: [
      {
        slug: 'processes',
        title: 'Processes and their interplay are established',
        basis: ['recorded', 'attested'],
        evidence: 'Description of the processes with owners',
      },
    ],
  },
  {
    id: '5.1',
    title: 'Leadership and commitment',
    description: 'Top management stands behind the ISMS by what it decides and does.',
    aspects: [
      {
        slug: 'commitment',
        title: 'Top management takes part',
        basis: ['recorded', 'attested'],
        evidence: 'Minutes, decisions on resources and messages of top management',
      },
    ],
  },
  {
    id: '5.2',
    title: 'Policy',
    description: 'Top management has set a security policy that fits the organisation and is known.',
    aspects: [
      {
        slug: 'policy',
        title: 'The policy is documented and approved',
        basis: ['recorded', 'attested'],
        evidence: 'The policy with its approval',
      },
      {
        slug: 'communicated',
        title: 'The policy is known inside and available to interested parties',
        basis: ['recorded', 'attested'],
        evidence: 'Acknowledgements and place of publication',
      },
    ],
  },
  {
    id: '5.3',
    title: 'Organizational roles, responsibilities and authorities',
    description:
      'Top management has assigned who keeps the ISMS in line with the standard and who reports on it.',
    aspects: [
      {
        slug: 'assigned',
        title: 'Both duties are assigned and known',
        basis: ['recorded', 'attested'],
        evidence: 'Appointments, matched against HR',
      },
    ],
  },
  {
    id: '6.1.1',
    title: 'Actions to address risks and opportunities: general',
    description: 'Risks and opportunities of the ISMS itself are found and acted upon.',
    aspects: [
      {
        slug: 'actions',
        title: 'Actions are planned and their effect is judged',
        basis: ['recorded', 'attested'],
        evidence: 'Action list with evaluation',
      },
    ],
  },
  {
    id: '6.1.2',
    title: 'Information security risk assessment',
    description: 'Risks are found, analysed and rated by a method that gives comparable results.',
    aspects: [
      {
        slug: 'method',
        title: 'Method and criteria are documented',
        basis: ['recorded', 'attested'],
        evidence: 'The method with criteria for acceptance',
      },
      {
        slug: 'owners',
        title: 'Each risk has an owner',
        basis: ['recorded', 'attested'],
        evidence: 'The risk register with owners',
      },
    ],
  },
  {
    id: '6.1.3',
    title: 'Information security risk treatment',
    description:
      'Options are chosen, controls determined, compared with Annex A, and residual risk is accepted by its owner.',
    aspects: [
      {
        slug: 'plan',
        title: 'A treatment plan is approved by the risk owners',
        basis: ['recorded', 'attested'],
        evidence: 'The plan with approvals and accepted residual risks',
      },
      {
        slug: 'soa',
        title: 'The Statement of Applicability is complete',
        basis: ['recorded', 'attested'],
        evidence: 'Each control with justification and implementation, version and approver',
      },
    ],
  },
  {
    id: '6.2',
    title: 'Information security objectives and planning to achieve them',
    description: 'Measurable objectives are set, planned and watched.',
    aspects: [
      {
        slug: 'objectives',
        title: 'Objectives are set and communicated',
        basis: ['recorded', 'attested'],
        evidence: 'The objectives with their measures',
      },
      {
        slug: 'progress',
        title: 'Progress is watched',
        basis: ['recorded', 'attested'],
        evidence: 'Results against each objective',
      },
    ],
  },
  {
    id: '6.3',
    title: 'Planning of changes',
    description: 'Changes of the ISMS are made in a planned way.',
    aspects: [
      {
        slug: 'planned',
        title: 'Changes were planned',
        basis: ['recorded', 'attested'],
        evidence: 'Change plans of the period',
      },
    ],
  },
  {
    id: '7.1',
    title: 'Resources',
    description: 'The ISMS has the people and means it needs.',
    aspects: [
      {
        slug: 'provided',
        title: 'Resources are determined and provided',
        basis: ['recorded', 'attested'],
        evidence: 'Budget and staffing decisions',
      },
    ],
  },
  {
    id: '7.2',
    title: 'Competence',
    description: 'People whose work touches security are competent for it.',
    aspects: [
      {
        slug: 'evidence',
        title: 'Competence is determined and evidenced',
        basis: ['recorded', 'attested'],
        evidence: 'Role profiles with certificates, training or experience',
      },
    ],
  },
  {
    id: '7.3',
    title: 'Awareness',
    description: "People know the policy, their part in it and what follows if they don't keep to it.",
    aspects: [
      {
        slug: 'people',
        title: 'People are aware',
        basis: ['recorded', 'attested'],
        evidence: 'Training and acknowledgement records matched against HR',
      },
    ],
  },
  {
    id: '7.4',
    title: 'Communication',
    description: 'It is settled what is communicated, when, with whom and how.',
    aspects: [
      {
        slug: 'plan',
        title: 'Communication is planned',
        basis: ['recorded', 'attested'],
        evidence: 'The communication plan',
      },
    ],
  },
  {
    id: '7.5.1',
    title: 'Documented information: general',
    description: 'The documents that the standard and the ISMS need exist.',
    aspects: [
      {
        slug: 'present',
        title: 'Required documents exist',
        basis: ['recorded', 'attested'],
        evidence: 'The document register against the list of required documents',
      },
    ],
  },
  {
    id: '7.5.2',
    title: 'Creating and updating',
    description: 'Documents are identified, in a fit form, reviewed and approved.',
    aspects: [
      {
        slug: 'approved',
        title: 'Documents carry identification, version and approval',
        basis: ['recorded', 'attested'],
        evidence: 'Samples from the document register',
      },
    ],
  },
  {
    id: '7.5.3',
    title: 'Control of documented information',
    description: 'Documents are at hand where needed and protected, with versions and retention.',
    aspects: [
      {
        slug: 'protected',
        title: 'Documents are versioned and protected',
        basis: ['live', 'recorded', 'attested'],
        evidence: 'Settings of the document store, with rights and history',
      },
    ],
  },
  {
    id: '8.1',
    title: 'Operational planning and control',
    description: 'Processes run as planned, changes are controlled, and so is what others provide.',
    aspects: [
      {
        slug: 'performed',
        title: 'Processes ran as planned',
        basis: ['recorded', 'attested'],
        evidence: 'Records that the processes keep',
      },
      {
        slug: 'outsourced',
        title: 'Outside processes are controlled',
        basis: ['recorded', 'attested'],
        evidence: 'Controls over outside providers',
      },
    ],
  },
  {
    id: '8.2',
    title: 'Information security risk assessment: operation',
    description: 'Risks are assessed again at planned intervals and on significant change.',
    aspects: [
      {
        slug: 'performed',
        title: 'Assessments took place as planned',
        basis: ['recorded', 'attested'],
        evidence: 'Dated results of the assessments',
      },
    ],
  },
  {
    id: '8.3',
    title: 'Information security risk treatment: operation',
    description: 'The treatment plan is carried out.',
    aspects: [
      {
        slug: 'performed',
        title: 'Measures of the plan are done or on their way',
        basis: ['recorded', 'attested'],
        evidence: 'State of each measure, with results',
      },
    ],
  },
  {
    id: '9.1',
    title: 'Monitoring, measurement, analysis and evaluation',
    description: 'It is settled what is measured, how, when and by whom, and the results are judged.',
    aspects: [
      {
        slug: 'measured',
        title: 'Measurements are made as planned',
        basis: ['live', 'recorded', 'attested'],
        evidence: 'Measurement plan with results',
      },
      {
        slug: 'evaluated',
        title: 'Results are analysed',
        basis: ['recorded', 'attested'],
        evidence: 'Reports with conclusions',
      },
    ],
  },
  {
    id: '9.2.1',
    title: 'Internal audit: general',
    description:
      'Internal audits at planned intervals show whether the ISMS meets its requirements and works.',
    aspects: [
      {
        slug: 'performed',
        title: 'Audits took place as planned',
        basis: ['recorded', 'attested'],
        evidence: 'Audit reports',
      },
    ],
  },
  {
    id: '9.2.2',
    title: 'Internal audit programme',
    description: 'A programme sets frequency, methods, criteria and impartial auditors.',
    aspects: [
      {
        slug: 'programme',
        title: 'The programme is planned by importance and earlier results',
        basis: ['recorded', 'attested'],
        evidence: 'The audit programme',
      },
      {
        slug: 'impartial',
        title: 'Auditors did not audit their own work',
        basis: ['recorded', 'attested'],
        evidence: 'Auditors matched against roles',
      },
    ],
  },
  {
    id: '9.3.1',
    title: 'Management review: general',
    description: 'Top management reviews the ISMS at planned intervals.',
    aspects: [
      {
        slug: 'performed',
        title: 'Reviews took place as planned',
        basis: ['recorded', 'attested'],
        evidence: 'Dated minutes with participants',
      },
    ],
  },
  {
    id: '9.3.2',
    title: 'Management review inputs',
    description: 'The review looks at everything it has to, from earlier actions to risks and feedback.',
    aspects: [
      {
        slug: 'inputs',
        title: 'All inputs were dealt with',
        basis: ['recorded', 'attested'],
        evidence: 'Agenda and minutes',
      },
    ],
  },
  {
    id: '9.3.3',
    title: 'Management review results',
    description: 'The review ends in decisions on improvement and change.',
    aspects: [
      {
        slug: 'decisions',
        title: 'Decisions are recorded and followed',
        basis: ['recorded', 'attested'],
        evidence: 'Decisions with owner and due date',
      },
    ],
  },
  {
    id: '10.1',
    title: 'Continual improvement',
    description: 'The ISMS gets steadily more suitable, adequate and effective.',
    aspects: [
      {
        slug: 'improvements',
        title: 'Improvements are made',
        basis: ['recorded', 'attested'],
        evidence: 'List of improvements with results',
      },
    ],
  },
  {
    id: '10.2',
    title: 'Nonconformity and corrective action',
    description: 'What went wrong is corrected, its cause removed, and the effect judged.',
    aspects: [
      {
        slug: 'corrected',
        title: 'Nonconformities are corrected and their causes removed',
        basis: ['recorded', 'attested'],
        evidence: 'Register with cause, action and result',
      },
      {
        slug: 'effective',
        title: 'Effectiveness of actions is reviewed',
        basis: ['recorded', 'attested'],
        evidence: 'Reviews of completed actions',
      },
    ],
  },
];
