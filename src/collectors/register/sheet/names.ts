/** Reading cells, of sheets shared with who asks. */
export const SHEETS_SCOPE = 'https://www.googleapis.com/auth/spreadsheets.readonly';
export const SHEETS_OPERATION = 'sheets.spreadsheets.values.batchGet';
export const TOKEN_OPERATION = 'oauth2.token';
