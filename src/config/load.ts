import { resolve } from 'node:path';
import type { CollectorPlugin } from '../collectors/contract.ts';
import { absenceFaults } from './absences.ts';
import { agentSpec, readEnvironment } from './agent.ts';
import { annotatedApproval, type Environment, gitApprovals } from './approval.ts';
import type { AgentSpec, Approval, Config, ConfigDocument } from './contract.ts';
import { freeze } from './digest.ts';
import { describe, isMapping, parseDocuments, pathText, type RawDocument } from './documents.ts';
import { ConfigError, type ConfigIssue, sortIssues, wholeIssue } from './error.ts';
import { type ManifestFile, readManifestFiles } from './files.ts';
import { type ManifestResult, nameOf, namesOf, readManifest, secretFaults } from './manifest.ts';
import { builtinFile } from './words.ts';

export interface LoadOptions {
  /** Where ANNEXA_DATA, ANNEXA_LISTEN and ANNEXA_LOG_LEVEL are looked up; also what git is run with. */
  readonly env: Environment;
  readonly plugins: readonly CollectorPlugin<unknown>[];
  /**
   * The product's own checks: manifests as parsed from YAML. A user's check of the same name takes one's place; that change is sealed
   * like any other.
   */
  readonly builtinChecks: readonly unknown[];
  /** Unix seconds: an approval can't be later. */
  readonly now: number;
}

interface Entry extends ManifestResult {
  readonly raw: RawDocument;
  /** As written: it may be no kind at all. */
  readonly kind: string;
  readonly name: string;
}

const single: readonly string[] = ['Agent', 'Scope', 'StatementOfApplicability'];

/** Reads the directory and makes the configuration of it, frozen. Rejects with a ConfigError that tells everything that is wrong. */
export async function loadConfig(directory: string, options: LoadOptions): Promise<Config> {
  return buildConfig(directory, await readManifestFiles(directory), options);
}

/** The same, of files as they were read. */
export async function buildConfig(
  directory: string,
  files: readonly ManifestFile[],
  options: LoadOptions,
): Promise<Config> {
  // Git is asked while the files are read. It never rejects.
  const approvals = gitApprovals(directory, files, options.env);
  const parsed = files.map(parseDocuments);
  const entries = readEntries(
    parsed.flatMap((file) => file.documents),
    options,
  );
  const environment = readEnvironment(options.env);
  const issues = [
    ...parsed.flatMap((file) => file.issues),
    ...entries.flatMap(({ raw, faults }) =>
      faults.map((fault) => raw.issue(fault.path, fault.found, fault.expected)),
    ),
    ...duplicates(entries),
    ...wrongAbsences(entries, options),
    ...environment.issues,
  ];
  if (!entries.some((entry) => entry.kind === 'Agent')) {
    issues.push(wholeIssue('.', '', 'no Agent', 'one document of kind Agent'));
  }
  const agent = entries.map((entry) => entry.manifest).find((manifest) => manifest?.kind === 'Agent');
  if (issues.length > 0 || agent === undefined) {
    throw new ConfigError(directory, sortIssues(issues));
  }
  const git = await approvals;
  const documents = entries.map((entry) => documentOf(entry, git, options.now));
  return assemble(directory, agentSpec(agent, environment.overrides, directory), entries, documents);
}

/** The product's documents and the user's, each read; what is wrong with its approval is among its faults. */
function readEntries(own: readonly RawDocument[], options: LoadOptions): readonly Entry[] {
  const replaced = new Set(own.filter((raw) => raw.value['kind'] === 'Check').map(nameOf));
  const builtin = options.builtinChecks.map(builtinDocument).filter((raw) => !replaced.has(nameOf(raw)));
  const all = [...builtin, ...own];
  const names = namesOf(all);
  return all.map((raw) => {
    const result = readManifest(raw.value, names, options.plugins);
    const secrets = raw.file === builtinFile ? [] : secretFaults(raw.value);
    const approval = annotatedApproval(raw.value, options.now).faults;
    const faults = [...secrets, ...result.faults, ...approval];
    return { ...result, raw, kind: String(raw.value['kind']), name: nameOf(raw), faults };
  });
}

function builtinDocument(manifest: unknown, index: number): RawDocument {
  return {
    file: builtinFile,
    number: index + 1,
    value: isMapping(manifest) ? manifest : {},
    issue: (path, found, expected) => wholeIssue(builtinFile, pathText(path), found, expected, index + 1),
  };
}

function wrongAbsences(entries: readonly Entry[], { plugins }: LoadOptions): readonly ConfigIssue[] {
  const collectors = entries.flatMap((entry) => entry.collector ?? []);
  return entries
    .filter(({ kind }) => kind === 'Scope')
    .flatMap(({ raw }) =>
      absenceFaults(raw.value, collectors, plugins).map(({ path, found, expected }) =>
        raw.issue(path, found, expected),
      ),
    );
}

/** The second of two equal names within a kind, and the second Agent, Scope or Statement of Applicability. */
function duplicates(entries: readonly Entry[]): readonly ConfigIssue[] {
  const first = new Map<string, RawDocument>();
  return entries.flatMap(({ kind, name, raw }) => {
    const alone = single.includes(kind);
    const key = alone ? kind : `${kind}/${name}`;
    const earlier = first.get(key);
    first.set(key, earlier ?? raw);
    if (earlier === undefined || (!alone && name === '')) {
      return [];
    }
    const place = `${earlier.file} (document ${earlier.number})`;
    return alone
      ? [raw.issue(['kind'], `a second ${kind}`, `one: the other is in ${place}`)]
      : [
          raw.issue(
            ['metadata', 'name'],
            describe(name),
            `a name that no other ${kind} has: ${place} has it`,
          ),
        ];
  });
}

/** An annotation wins over Git: it names the approver, not just who committed. */
function documentOf(entry: Entry, git: ReadonlyMap<string, Approval>, now: number): ConfigDocument {
  const { kind, name, raw } = entry;
  const approval = annotatedApproval(raw.value, now).approval ?? git.get(raw.file) ?? null;
  return { id: `${kind}/${name}`, kind, name, file: raw.file, manifest: raw.value, approval };
}

function assemble(
  directory: string,
  agent: AgentSpec,
  entries: readonly Entry[],
  unsorted: readonly ConfigDocument[],
): Config {
  const sorted = entries.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  const manifests = sorted.flatMap((entry) => entry.manifest ?? []);
  const documents = unsorted.toSorted((a, b) => Buffer.compare(Buffer.from(a.id), Buffer.from(b.id)));
  return freeze({
    directory: resolve(directory),
    agent,
    scope: manifests.find((manifest) => manifest.kind === 'Scope')?.spec,
    collectors: sorted.flatMap((entry) => entry.collector ?? []),
    checks: manifests.filter((manifest) => manifest.kind === 'Check'),
    soa: manifests.find((manifest) => manifest.kind === 'StatementOfApplicability'),
    exceptions: manifests.filter((manifest) => manifest.kind === 'Exception'),
    attestations: manifests.filter((manifest) => manifest.kind === 'Attestation'),
    documents,
  });
}
