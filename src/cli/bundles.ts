import type { Bundles } from '../audit/jobs/contract.ts';
import { openBundles } from '../audit/jobs/jobs.ts';
import type { StorePlace } from '../audit/jobs/protocol.ts';
import type { Config } from '../config/contract.ts';
import { evidenceKeys } from '../engine/evidence-keys.ts';
import { newestErasure } from '../engine/state/erasure.ts';
import { dataPaths } from '../engine/stores.ts';
import type { Session } from './agent.ts';
import { build } from './build-info.ts';
import type { Io } from './command.ts';

/** The bundles that are asked for over HTTP, kept in the data directory. */
export async function keptBundles(session: Session, config: Config, io: Io): Promise<Bundles> {
  const { agent, stores, logger, clock } = session;
  const { bundles: directory, keys } = dataPaths(config.agent.data);
  return openBundles({
    directory,
    place: placeOf(config),
    checkpoint: () => agent.view.checkpoint(),
    erasure: await newestErasure(stores.log),
    signer: async () => (await evidenceKeys(config, keys, io.env, io.err)).checkpoint,
    agent: { version: build.version, build: build.revision },
    env: io.env,
    logger,
    now: () => clock.now(),
    doubted: () => clock.doubt() !== undefined,
    ...config.agent.bundles,
  });
}

function placeOf({ agent }: Config): StorePlace {
  if (agent.store === undefined) return { directory: dataPaths(agent.data).evidence };
  const { retention: _, ...s3 } = agent.store.s3;
  return { s3 };
}
