import type { admin_directory_v1 as api } from '@googleapis/admin';
import { directoryScope } from '../../../src/collectors/google/dataset.ts';
import type { Estate } from './estate.ts';
import type { Page } from './stub.ts';

interface Route {
  readonly operation: string;
  readonly path: RegExp;
  readonly scope: string;
  /** Undefined: there is no such thing. */
  readonly answer: (estate: Estate, keys: readonly string[], page: Page) => object | undefined;
}

const at = (path: string): RegExp => new RegExp(`^/admin/directory/v1${path}$`);

/** One page of the list, and the token of the next. An empty list is left out, as Google does. */
function paged(field: string, all: readonly object[], { start, size, next }: Page): object {
  const items = all.slice(start, start + size);
  return {
    ...(items.length === 0 ? {} : { [field]: items }),
    ...(start + size < all.length ? { nextPageToken: next(start + size) } : {}),
  };
}

/** The Directory API's paths and answers, which have its own types. */
export const routes: readonly Route[] = [
  {
    operation: 'directory.customers.get',
    path: at('/customers/([^/]+)'),
    scope: directoryScope('customer.readonly'),
    answer: ({ customer }, [key]): api.Schema$Customer | undefined =>
      key === 'my_customer' || key === customer.id ? customer : undefined,
  },
  {
    operation: 'directory.users.list',
    path: at('/users'),
    scope: directoryScope('user.readonly'),
    answer: ({ users }, _, page): api.Schema$Users => ({
      kind: 'admin#directory#users',
      ...paged('users', users, page),
    }),
  },
  {
    operation: 'directory.roles.list',
    path: at('/customer/([^/]+)/roles'),
    scope: directoryScope('rolemanagement.readonly'),
    answer: ({ roles }, _, page): api.Schema$Roles => ({
      kind: 'admin#directory#roles',
      ...paged('items', roles, page),
    }),
  },
  {
    operation: 'directory.roleAssignments.list',
    path: at('/customer/([^/]+)/roleassignments'),
    scope: directoryScope('rolemanagement.readonly'),
    answer: ({ assignments }, _, page): api.Schema$RoleAssignments => ({
      kind: 'admin#directory#roleAssignments',
      ...paged('items', assignments, page),
    }),
  },
  {
    operation: 'directory.members.list',
    path: at('/groups/([^/]+)/members'),
    scope: directoryScope('group.member.readonly'),
    answer: ({ members }, [group = ''], page): api.Schema$Members | undefined => {
      const found = members[group];
      return found && { kind: 'admin#directory#members', ...paged('members', found, page) };
    },
  },
  {
    operation: 'directory.tokens.list',
    path: at('/users/([^/]+)/tokens'),
    scope: directoryScope('user.security'),
    answer: ({ users, tokens }, [key = '']): api.Schema$Tokens | undefined => {
      const user = users.find(({ id, primaryEmail }) => key === id || key === primaryEmail);
      const items = tokens[user?.id ?? ''];
      return (
        user && { kind: 'admin#directory#tokenList', ...(items === undefined ? {} : { items: [...items] }) }
      );
    },
  },
  {
    operation: 'directory.mobiledevices.list',
    path: at('/customer/([^/]+)/devices/mobile'),
    scope: directoryScope('device.mobile.readonly'),
    answer: ({ mobile }, _, page): api.Schema$MobileDevices => ({
      kind: 'admin#directory#mobiledevices',
      ...paged('mobiledevices', mobile, page),
    }),
  },
  {
    operation: 'directory.chromeosdevices.list',
    path: at('/customer/([^/]+)/devices/chromeos'),
    scope: directoryScope('device.chromeos.readonly'),
    answer: ({ chromeos }, _, page): api.Schema$ChromeOsDevices => ({
      kind: 'admin#directory#chromeosdevices',
      ...paged('chromeosdevices', chromeos, page),
    }),
  },
];
