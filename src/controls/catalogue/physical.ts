import type { ControlData } from './data.ts';

/** Annex A.7: physical controls. Titles are the standard's; descriptions and aspects are our own words. */
export const physical: readonly ControlData[] = [
  {
    id: 'A.7.1',
    title: 'Physical security perimeters',
    description: 'Boundaries protect the areas that hold information and equipment.',
    aspects: [
      {
        slug: 'defined',
        title: 'Perimeters are defined',
        basis: ['attested'],
        evidence: 'Floor plans with the perimeters marked',
      },
      {
        slug: 'inspected',
        title: 'Perimeters are sound',
        basis: ['attested'],
        evidence: 'Inspection notes with date and inspector',
      },
    ],
  },
  {
    id: 'A.7.2',
    title: 'Physical entry',
    description: 'Only those authorised get into secure areas, and entries are traceable.',
    aspects: [
      {
        slug: 'badges',
        title: 'Badges belong to people who are entitled to them',
        basis: ['recorded', 'attested'],
        evidence: 'Badge list matched against HR',
      },
      {
        slug: 'visitors',
        title: 'Visitors are registered and accompanied',
        basis: ['recorded', 'attested'],
        evidence: 'Visitor log of the period',
      },
      {
        slug: 'entry-log',
        title: 'Entries can be traced',
        basis: ['recorded', 'attested'],
        evidence: 'Entry log and the review of it',
      },
    ],
  },
  {
    id: 'A.7.3',
    title: 'Securing offices, rooms and facilities',
    description: "Rooms and facilities are built and set up so that outsiders can't get at information.",
    aspects: [
      {
        slug: 'design',
        title: 'Rooms are protected as their use requires',
        basis: ['attested'],
        evidence: 'Concept for the rooms with their protection',
      },
      {
        slug: 'inspected',
        title: 'The protection is in place',
        basis: ['attested'],
        evidence: 'Inspection notes',
      },
    ],
  },
  {
    id: 'A.7.4',
    title: 'Physical security monitoring',
    description: 'Premises are watched so that intrusion is noticed.',
    aspects: [
      {
        slug: 'coverage',
        title: 'Sensitive areas are under watch',
        basis: ['attested'],
        evidence: 'Plan of cameras, sensors and guards',
      },
      {
        slug: 'tested',
        title: 'Alarms work and somebody answers',
        basis: ['attested'],
        evidence: 'Test and response records',
      },
    ],
  },
  {
    id: 'A.7.5',
    title: 'Protecting against physical and environmental threats',
    description: 'Fire, water, heat and other threats are prepared for.',
    aspects: [
      {
        slug: 'assessment',
        title: 'Threats to the sites are assessed',
        basis: ['attested'],
        evidence: 'Risk assessment of each site',
      },
      {
        slug: 'protection',
        title: 'Protective equipment is in place and maintained',
        basis: ['attested'],
        evidence: 'Maintenance and inspection certificates',
      },
    ],
  },
  {
    id: 'A.7.6',
    title: 'Working in secure areas',
    description: 'Work in secure areas follows rules that fit what is kept there.',
    aspects: [
      {
        slug: 'rules',
        title: 'Rules for the areas are laid down and known',
        basis: ['attested'],
        evidence: 'The rules, with acknowledgements of those who enter',
      },
      {
        slug: 'observed',
        title: 'The rules are followed',
        basis: ['attested'],
        evidence: 'Notes of site visits',
      },
    ],
  },
  {
    id: 'A.7.7',
    title: 'Clear desk and clear screen',
    description: 'Nothing sensitive lies open on desks, printers or unattended screens.',
    aspects: [
      {
        slug: 'screen-lock',
        title: 'Screens lock by themselves',
        basis: ['live'],
        evidence: 'Lock settings reported by device management',
      },
      {
        slug: 'clear-desk',
        title: 'Desks and printers are kept clear',
        basis: ['attested'],
        evidence: 'Notes of walk-throughs',
      },
    ],
  },
  {
    id: 'A.7.8',
    title: 'Equipment siting and protection',
    description: 'Equipment stands where it is safe from harm and prying eyes.',
    aspects: [
      {
        slug: 'siting',
        title: 'Equipment is placed with its risks in mind',
        basis: ['attested'],
        evidence: 'Site concept or data centre report',
      },
      {
        slug: 'inspected',
        title: 'The protection is in place',
        basis: ['attested'],
        evidence: 'Inspection notes',
      },
    ],
  },
  {
    id: 'A.7.9',
    title: 'Security of assets off-premises',
    description: 'Equipment that leaves the premises is protected on the way and in use.',
    aspects: [
      {
        slug: 'encryption',
        title: 'Portable devices are encrypted',
        basis: ['live'],
        evidence: 'Encryption state reported by device management',
      },
      {
        slug: 'location',
        title: 'It is known who has which device',
        basis: ['live', 'recorded'],
        evidence: 'Device management matched against the asset register',
      },
      {
        slug: 'authorisation',
        title: 'Taking equipment away is authorised',
        basis: ['recorded', 'attested'],
        evidence: 'Handover records',
      },
    ],
  },
  {
    id: 'A.7.10',
    title: 'Storage media',
    description: 'Media are handled by rules from purchase to disposal.',
    aspects: [
      {
        slug: 'rules',
        title: 'Use and transport of media follow rules',
        basis: ['recorded', 'attested'],
        evidence: 'The rules, with records of media in use',
      },
      {
        slug: 'disposal',
        title: 'Media are wiped or destroyed',
        basis: ['recorded', 'attested'],
        evidence: 'Disposal certificates matched against the asset register',
      },
    ],
  },
  {
    id: 'A.7.11',
    title: 'Supporting utilities',
    description: "Power, cooling and lines don't fail without a safety net.",
    aspects: [
      {
        slug: 'provision',
        title: 'Utilities are dimensioned and backed up',
        basis: ['attested'],
        evidence: "Concept or provider's report for each site",
      },
      {
        slug: 'tested',
        title: 'Backup utilities are tested',
        basis: ['attested'],
        evidence: 'Test records of generators, batteries and lines',
      },
    ],
  },
  {
    id: 'A.7.12',
    title: 'Cabling security',
    description: 'Power and data cables are protected from tapping and damage.',
    aspects: [
      {
        slug: 'protection',
        title: 'Cables run protected',
        basis: ['attested'],
        evidence: 'Cabling plan and photographs',
      },
      {
        slug: 'inspected',
        title: 'Rooms and ducts are inspected',
        basis: ['attested'],
        evidence: 'Inspection notes',
      },
    ],
  },
  {
    id: 'A.7.13',
    title: 'Equipment maintenance',
    description: 'Equipment is maintained so that it keeps working and stays safe.',
    aspects: [
      {
        slug: 'schedule',
        title: 'Maintenance is done as scheduled',
        basis: ['recorded', 'attested'],
        evidence: 'Maintenance records compared with the schedule',
      },
      {
        slug: 'authorised',
        title: 'Only authorised people maintain equipment',
        basis: ['recorded', 'attested'],
        evidence: 'Work orders with names and firms',
      },
    ],
  },
  {
    id: 'A.7.14',
    title: 'Secure disposal or re-use of equipment',
    description: 'Data and licences are gone before equipment leaves or is used again.',
    aspects: [
      {
        slug: 'wiped',
        title: 'Storage is wiped or destroyed',
        basis: ['recorded', 'attested'],
        evidence: 'Certificates with serial numbers matched against the asset register',
      },
      {
        slug: 'register',
        title: 'Disposed equipment leaves the register',
        basis: ['recorded', 'attested'],
        evidence: 'Asset register entries with date of disposal',
      },
    ],
  },
];
