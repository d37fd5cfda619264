/** Reading cells, of sheets shared with who asks. */
export const SHEETS_SCOPE = 'https://www.googleapis.com/auth/spreadsheets.readonly';
export const SHEETS_OPERATION = 'sheets.spreadsheets.values.batchGet';
export const TOKEN_OPERATION = 'oauth2.token';

/** What an attempt is counted as: whatever isn't for cells is for a token. */
export function operationOf(url: string | URL): string {
  return String(url).includes('/values:batchGet') ? SHEETS_OPERATION : TOKEN_OPERATION;
}
