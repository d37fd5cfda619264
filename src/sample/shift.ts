/** Seconds by which recorded times are moved. */
export interface Shift {
  /** Of what the source tells: creations, uses, changes. */
  readonly facts: number;
  /** Of when it tells it. */
  readonly made: number;
}

const DAY = 86_400;
const INSTANT = /\b(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d+)?(Z|\+00:00)/g;
const GENERATED = /(<GeneratedTime>)([^<]+)(<\/GeneratedTime>)/;
const CONTENT = /(<Content>)([^<]+)(<\/Content>)/;
/** IAM makes a new credential report at most this often, in seconds. */
const RENEWED = 4 * 3600;

/** Every instant in the text moved by whole seconds, in its own form. */
function shiftInstants(text: string, by: number): string {
  return text.replaceAll(INSTANT, (_, whole: string, fraction: string | undefined, zone: string) => {
    const moved = new Date(Date.parse(`${whole}Z`) + by * 1000).toISOString().slice(0, 19);
    return `${moved}${fraction ?? ''}${zone}`;
  });
}

/** An XML answer with its instants moved, those inside a base64 credential report too; the report's own time goes on as IAM renews it. */
export function shiftXml(body: string, { facts, made }: Shift): string {
  const renewal = Math.floor((made - facts) / RENEWED) * RENEWED;
  const own = body.replace(GENERATED, (_, before: string, at: string, after: string) => {
    return before + shiftInstants(at, renewal) + after;
  });
  return shiftInstants(own, facts).replace(CONTENT, (_, before: string, content: string, after: string) => {
    const report = Buffer.from(content, 'base64').toString('utf8');
    return before + Buffer.from(shiftInstants(report, facts)).toString('base64') + after;
  });
}

/** By how many whole days (UTC) dates written on a day move. */
export function dateShifter(writtenOn: string, started: number, now: number): Shift {
  const day = (milliseconds: number): number => Math.floor(milliseconds / 1000 / DAY);
  const written = day(Date.parse(writtenOn));
  return { facts: (day(started) - written) * DAY, made: (day(now) - written) * DAY };
}

const DATE = /^\d{4}-\d\d-\d\d$/;

/** A CSV without quotes, with every date in it moved; the columns `madeOn` move with the day of the request. */
export function shiftCsv(text: string, madeOn: readonly string[], { facts, made }: Shift): string {
  const lines = text.split('\n');
  const header = lines[0]?.split(',') ?? [];
  const moveCell = (cell: string, column: number): string => {
    if (!DATE.test(cell)) return cell;
    const by = madeOn.includes(header[column] ?? '') ? made : facts;
    return new Date(Date.parse(cell) + by * 1000).toISOString().slice(0, 10);
  };
  return lines.map((line) => line.split(',').map(moveCell).join(',')).join('\n');
}
