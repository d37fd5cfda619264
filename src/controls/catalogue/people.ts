import type { ControlData } from './data.ts';

/** Annex A.6: people controls. Titles are the standard's; descriptions and aspects are our own words. */
export const people: readonly ControlData[] = [
  {
    id: 'A.6.1',
    title: 'Screening',
    description: 'People are checked before they join, in proportion to what they will have access to.',
    aspects: [
      {
        slug: 'before-start',
        title: 'Screening was finished before the first day',
        basis: ['recorded', 'attested'],
        evidence: 'Screening dates matched against start dates in HR',
      },
      {
        slug: 'proportion',
        title: 'Depth of screening follows the role',
        basis: ['recorded', 'attested'],
        evidence: 'The scheme of roles and checks, with its legal basis',
      },
    ],
  },
  {
    id: 'A.6.2',
    title: 'Terms and conditions of employment',
    description: 'Employment contracts state what people and organisation owe each other in security.',
    aspects: [
      {
        slug: 'signed',
        title: 'Contracts were signed before the start',
        basis: ['recorded', 'attested'],
        evidence: 'Signature dates matched against start dates in HR',
      },
      {
        slug: 'content',
        title: 'Contracts carry the security terms',
        basis: ['recorded', 'attested'],
        evidence: 'The current template and its approval',
      },
    ],
  },
  {
    id: 'A.6.3',
    title: 'Information security awareness, education and training',
    description: 'People learn what they need for security in their job, and stay up to date.',
    aspects: [
      {
        slug: 'completion',
        title: 'People have completed the training due',
        basis: ['live', 'recorded'],
        evidence: 'Completion records of the learning system matched against HR',
      },
      {
        slug: 'programme',
        title: 'A programme fits the roles',
        basis: ['recorded', 'attested'],
        evidence: 'The training plan with its audience and approval',
      },
      {
        slug: 'effect',
        title: 'It is measured whether training works',
        basis: ['recorded', 'attested'],
        evidence: 'Results of tests or simulations, with what followed',
      },
    ],
  },
  {
    id: 'A.6.4',
    title: 'Disciplinary process',
    description: 'Breaches of policy have consequences under a process that everybody knows.',
    aspects: [
      {
        slug: 'process',
        title: 'The process is laid down and known',
        basis: ['attested'],
        evidence: 'The process, with how it was made known',
      },
      {
        slug: 'use',
        title: 'It was followed where it applied',
        basis: ['attested'],
        evidence: 'Confirmation by HR without personal details',
      },
    ],
  },
  {
    id: 'A.6.5',
    title: 'Responsibilities after termination or change of employment',
    description: 'Duties that last beyond the job are defined, told and enforced.',
    aspects: [
      {
        slug: 'duties-stated',
        title: 'Lasting duties are part of the contract',
        basis: ['recorded', 'attested'],
        evidence: 'Contract template and signed contracts',
      },
      {
        slug: 'reminded',
        title: 'Leavers are reminded of their duties',
        basis: ['recorded', 'attested'],
        evidence: 'Exit records matched against departures in HR',
      },
    ],
  },
  {
    id: 'A.6.6',
    title: 'Confidentiality or non-disclosure agreements',
    description: 'Those who see confidential information have signed to keep it so.',
    aspects: [
      {
        slug: 'signed',
        title: 'Agreements were signed before access',
        basis: ['recorded', 'attested'],
        evidence: 'Signature dates matched against start dates in HR or in the supplier register',
      },
      {
        slug: 'review',
        title: 'The agreements are reviewed',
        basis: ['recorded', 'attested'],
        evidence: 'Review dates of the templates',
      },
    ],
  },
  {
    id: 'A.6.7',
    title: 'Remote working',
    description: 'Work outside the premises is protected as its risks require.',
    aspects: [
      {
        slug: 'device-protection',
        title: 'Devices used remotely are encrypted, locked and current',
        basis: ['live'],
        evidence: 'Device state reported by device management',
      },
      {
        slug: 'rules',
        title: 'Rules for remote work are laid down and accepted',
        basis: ['recorded', 'attested'],
        evidence: 'The rules, with acknowledgements',
      },
    ],
  },
  {
    id: 'A.6.8',
    title: 'Information security event reporting',
    description: 'Everybody can report what looks suspicious, quickly, and knows how.',
    aspects: [
      {
        slug: 'channel',
        title: 'A channel for reports exists and is known',
        basis: ['attested'],
        evidence: 'The channel, with how it was made known',
      },
      {
        slug: 'use',
        title: 'Reports are made and answered',
        basis: ['attested'],
        evidence: 'Reports of the period with time to answer',
      },
    ],
  },
];
