import {
  DescribeAddressesCommand,
  DescribeFlowLogsCommand,
  DescribeNetworkInterfacesCommand,
  DescribeSecurityGroupRulesCommand,
  DescribeSecurityGroupsCommand,
  DescribeVpcsCommand,
  GetManagedPrefixListEntriesCommand,
} from '@aws-sdk/client-ec2';
import type { AwsWorker, Work } from '../dataset.ts';
import { ec2Of } from './ec2.ts';
import { collectAddresses } from './public-addresses.ts';
import { collectRules } from './security-groups.ts';
import { collectNetworks } from './vpc.ts';

const FEW = { MaxResults: 5 };

const interfaces = (work: Work) => ec2Of(work).send(new DescribeNetworkInterfacesCommand(FEW));

export const networks: AwsWorker = {
  collect: collectNetworks,
  probes: {
    'ec2:DescribeVpcs': (work) => ec2Of(work).send(new DescribeVpcsCommand(FEW)),
    'ec2:DescribeFlowLogs': (work) => ec2Of(work).send(new DescribeFlowLogsCommand(FEW)),
    'ec2:DescribeNetworkInterfaces': interfaces,
  },
};

export const rules: AwsWorker = {
  collect: collectRules,
  probes: {
    'ec2:DescribeSecurityGroupRules': (work) => ec2Of(work).send(new DescribeSecurityGroupRulesCommand(FEW)),
    'ec2:DescribeSecurityGroups': (work) => ec2Of(work).send(new DescribeSecurityGroupsCommand(FEW)),
    'ec2:DescribeNetworkInterfaces': interfaces,
    'ec2:GetManagedPrefixListEntries': probeEntries,
  },
};

/** EC2 answers a dry run with an error of this name to those who may ask, whatever list is named. */
async function probeEntries(work: Work): Promise<void> {
  try {
    await ec2Of(work).send(
      new GetManagedPrefixListEntriesCommand({ PrefixListId: 'pl-00000000', DryRun: true }),
    );
  } catch (error) {
    if (error instanceof Error && error.name === 'DryRunOperation') return;
    throw error;
  }
}

export const addresses: AwsWorker = {
  collect: collectAddresses,
  probes: {
    'ec2:DescribeAddresses': (work) => ec2Of(work).send(new DescribeAddressesCommand({})),
    'ec2:DescribeNetworkInterfaces': interfaces,
  },
};
