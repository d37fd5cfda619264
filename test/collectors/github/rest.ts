import { type Answer, ok, refusal } from './faults.ts';
import type { Estate } from './estate.ts';

interface Page {
  readonly estate: Estate;
  readonly origin: string;
  readonly pageSize: number;
  readonly granted: Readonly<Record<string, string>> | undefined;
  readonly selected: boolean | undefined;
}

const ROUTES = [
  'GET /orgs/{org}',
  'GET /orgs/{org}/repos',
  'GET /orgs/{org}/outside_collaborators',
  'GET /orgs/{org}/dependabot/alerts',
  'GET /orgs/{org}/code-scanning/alerts',
  'GET /orgs/{org}/secret-scanning/alerts',
  'POST /app/installations/{installation_id}/access_tokens',
] as const;

/** Routes that list, page by page. */
export const listRoutes: readonly string[] = ROUTES.slice(1, -1);

/** The REST API's answer, with the route that was asked for; undefined: there is none. */
export function answerRest(
  line: string,
  query: URLSearchParams,
  page: Page,
): { readonly route: string; readonly answer: Answer } | undefined {
  const route = ROUTES.find((one) => new RegExp(`^${one.replace(/\{\w+\}/, '[^/]+')}$`).test(line));
  return route === undefined ? undefined : { route, answer: answerOf(route, query, page) };
}

function answerOf(route: (typeof ROUTES)[number], query: URLSearchParams, page: Page): Answer {
  const { estate } = page;
  const list = (items: readonly object[]): Answer => listOf(route, items, query, page);
  switch (route) {
    case 'GET /orgs/{org}':
      return ok({ id: estate.id, login: estate.login, default_repository_permission: estate.basePermission });
    case 'GET /orgs/{org}/repos':
      return list(estate.repositories.map((repository) => repositoryOf(repository)));
    case 'GET /orgs/{org}/outside_collaborators': {
      const disabled = query.get('filter') === '2fa_disabled';
      if (disabled && estate.noOwner === true) return refusal(422, 'Validation Failed');
      return list(
        estate.outsiders
          .filter(({ secondFactor }) => !disabled || !secondFactor)
          .map(({ id, login }) => ({ id, login, type: 'User' })),
      );
    }
    case 'GET /orgs/{org}/dependabot/alerts':
      return list(estate.dependabot);
    case 'GET /orgs/{org}/code-scanning/alerts':
      return list(estate.codeScanning.filter(({ state }) => state === query.get('state')));
    case 'GET /orgs/{org}/secret-scanning/alerts':
      return query.get('hide_secret') === 'true'
        ? list(estate.secrets)
        : refusal(422, 'secrets were asked for');
    default:
      return {
        ...ok({
          token: 'ghs_stub',
          expires_at: new Date(Date.now() + 3_600_000).toISOString(),
          permissions: page.granted ?? {},
          repository_selection: page.selected === true ? 'selected' : 'all',
        }),
        status: 201,
      };
  }
}

const status = (on: boolean): object => ({ status: on ? 'enabled' : 'disabled' });

function repositoryOf({ id, name, security }: Estate['repositories'][number]): object {
  if (security === undefined) return { id, name };
  return {
    id,
    name,
    security_and_analysis: {
      secret_scanning: status(security.scanning),
      secret_scanning_push_protection: status(security.push),
    },
  };
}

function listOf(
  route: string,
  items: readonly object[],
  query: URLSearchParams,
  { origin, pageSize, estate }: Page,
): Answer {
  const size = Math.min(Number(query.get('per_page') ?? 30), pageSize);
  const start = Number(query.get('page') ?? 0) * size;
  const body = items.slice(start, start + size);
  if (start + size >= items.length) return ok(body);
  const next = new URLSearchParams(query);
  next.set('page', String(start / size + 1));
  const path = route.slice('GET '.length).replace('{org}', estate.login);
  return ok(body, {
    link: `<${origin}${path}?${next.toString()}>; rel="next", <${origin}${path}>; rel="first"`,
  });
}
