import type { Scope } from '../contract.ts';
import type { AwsAccount, AwsConfig } from './config.ts';
import type { AwsDataset } from './dataset.ts';
import { datasets } from './datasets.ts';

/** Where a dataset of each kind is collected. */
export function scopesOf(config: AwsConfig, accounts: readonly AwsAccount[]): readonly Scope[] {
  const named = (per: AwsDataset['per']) =>
    datasets.filter((dataset) => dataset.per === per).map(({ name }) => name);
  const scopes: Scope[] = [];
  for (const account of accounts) {
    const { id, title } = account;
    const titled = (text: string) => (title === undefined ? {} : { title: text });
    const whole = [
      ...named('account'),
      ...(config.organization?.account === id ? named('organization') : []),
      ...(config.identityCenter?.account === id ? named('identity-center') : []),
    ];
    scopes.push({ id, ...titled(title ?? ''), datasets: whole });
    const regional = named('region');
    if (regional.length > 0)
      for (const region of regionsOf(config, account))
        scopes.push({ id: `${id}:${region}`, ...titled(`${title} ${region}`), datasets: regional });
  }
  return scopes;
}

function regionsOf(config: AwsConfig, account: AwsAccount): readonly string[] {
  return account.regions ?? config.regions ?? [config.region];
}

/** The account, and the region if it is one of a region, that a scope's id names. */
export function partsOf(scope: string): { readonly account: string; readonly region: string | undefined } {
  const [account = '', region] = scope.split(':');
  return { account, region };
}
