import { existsSync } from 'node:fs';
import { connect } from '../engine/connect.ts';
import { failureCause } from '../engine/retry-policy.ts';
import { dataPaths } from '../engine/stores.ts';
import { requestToken } from '../evidence/timestamp/request.ts';
import { describeProxies, proxiesOf } from '../network/proxy.ts';
import { configOption, jsonOption, parse } from './arguments.ts';
import type { Command, Io } from './command.ts';
import { configuredStore, storeName, verifyConfigured } from './configured-store.ts';
import { examineAccess } from './examine-access.ts';
import { examineKeys } from './examine-keys.ts';
import { examineWitnesses } from './examine-witnesses.ts';
import type { Finding } from './finding.ts';
import { printable, when } from './output.ts';
import { everyPermission, groupedPermissions } from './permission-findings.ts';
import { configDirectory, createLogger, now, readConfig, startSample } from './setup.ts';
import type { AuthoritySpec, Config } from '../config/contract.ts';

export const doctor: Command = {
  name: 'doctor',
  usage: '[--config DIR] [--json]',
  summary:
    'credentials and permissions of each collector, the timestamp authorities, the witnesses, the keys, who may ask, the clock and the store; changes nothing',
  async run(args, io) {
    const { values } = parse(args, { ...configOption, ...jsonOption }, { atLeast: 0, atMost: 0 });
    const config = await readConfig(configDirectory(values['config'], io), io);
    await using estate = await startSample(config, io);
    const collectors = await Promise.all(
      config.collectors.map((collector) => examine(config, collector, estate.env, values['json'] === true)),
    );
    const authorities = config.agent.timestamps?.authorities ?? [];
    const timestamps = await Promise.all(authorities.map((authority) => examineAuthority(authority)));
    const sealing = await examineKeys(config, io.env);
    const witnesses = await examineWitnesses(config);
    const access = await examineAccess(config, io.env, now());
    const others = [...timestamps, ...witnesses, ...sealing, ...access];
    const findings = [...proxies(io.env), ...collectors.flat(), ...others, ...(await store(config))];
    for (const finding of findings) {
      io.out(
        values['json'] === true
          ? JSON.stringify(finding)
          : printable(
              `${finding.state.padEnd(8)} ${finding.subject}${finding.detail && `: ${finding.detail}`}`,
            ),
      );
    }
    if (findings.some(({ state }) => state === 'failed')) return 3;
    return findings.some(({ state }) => state !== 'ok') ? 1 : 0;
  },
};

/** Which way all that is asked goes. */
function proxies(env: Io['env']): readonly Finding[] {
  return describeProxies(proxiesOf(env)).map((detail) => ({ subject: 'proxy', state: 'ok', detail }));
}

/** Seconds that a collector's preflight may take; what it has not examined by then is unknown. */
const DEADLINE = 60;

async function examine(
  config: Config,
  collector: Config['collectors'][number],
  env: Io['env'],
  whole: boolean,
): Promise<Finding[]> {
  const subject = `collector ${collector.name}`;
  try {
    const logger = createLogger(config, { env });
    const { source } = connect(collector, {
      logger,
      now,
      env,
      directory: config.directory,
      previous: () => Promise.resolve(undefined),
    });
    await using _ = source;
    const datasets = collector.datasets.map(({ dataset }) => dataset);
    const report = await source.preflight(AbortSignal.timeout(DEADLINE * 1000), datasets);
    const findings = whole ? everyPermission : groupedPermissions;
    const caller: Finding = { subject, state: 'ok', detail: `calls as ${report.caller}` };
    return [...(report.caller === '' ? [] : [caller]), ...findings(subject, report.permissions)];
  } catch (error) {
    const { code, detail } = failureCause(error);
    return [{ subject, state: 'failed', detail: `${code}: ${detail}` }];
  }
}

/** Seconds that a token's time may differ from ours: the agent keeps none that is further away. */
const TOLERANCE = 300;

/** Asks for a timestamp of nothing in particular, verified as the agent's are. */
async function examineAuthority(authority: AuthoritySpec): Promise<Finding> {
  const subject = `timestamp authority ${authority.name}`;
  try {
    const { info } = await requestToken(
      authority,
      Buffer.from('annexa doctor'),
      new AbortController().signal,
    );
    const ahead = info.genTime - now();
    const detail = `${info.signer} answers; its clock says ${when(info.genTime)}, ours ${when(now())}`;
    return { subject, state: Math.abs(ahead) > TOLERANCE ? 'failed' : 'ok', detail };
  } catch (error) {
    return { subject, state: 'failed', detail: failureCause(error).detail };
  }
}

async function store(config: Config): Promise<Finding[]> {
  const subject = `store ${storeName(config)}`;
  if (!existsSync(dataPaths(config.agent.data).evidence))
    return [{ subject, state: 'ok', detail: 'not made yet' }, clock(null)];
  const failed = (detail: string): Finding[] => [{ subject, state: 'failed', detail }, clock(null)];
  try {
    const report = await verifyConfigured(config);
    if (!report.ok) return failed(report.problems[0]?.message ?? 'it does not verify');
    const reader = await configuredStore(config);
    const last = await reader.entry(reader.checkpoint().size - 1);
    return [{ subject, state: 'ok', detail: `${report.entries} entries verify` }, clock(last.sealedAt)];
  } catch (error) {
    return failed(failureCause(error).detail);
  }
}

/** All that can be told without asking another clock: it must not stand before what was sealed already. */
function clock(lastSealedAt: number | null): Finding {
  return lastSealedAt !== null && lastSealedAt > now()
    ? {
        subject: 'clock',
        state: 'failed',
        detail: `it stands before the last sealed entry, of ${when(lastSealedAt)}`,
      }
    : { subject: 'clock', state: 'ok', detail: when(now()) };
}
