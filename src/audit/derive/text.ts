/** Characters that show as nothing, or change how what follows is shown: control characters, bidi controls, invisible ones. */
const HIDDEN =
  // oxlint-disable-next-line no-control-regex -- these are the ones meant
  /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\u{e0000}-\u{e007f}]/gu;

/** The text with each hidden character replaced by what `show` makes of its name, such as `U+202E`. */
export function unhide(text: string, show: (name: string) => string = (name) => `<${name}>`): string {
  return text.replace(HIDDEN, (char) =>
    show(`U+${(char.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`),
  );
}

/** A part of a whole in percent, cut off after one digit, so that only all of it is 100 %. */
export function shareText(part: number, whole: number): string {
  const tenths = whole === 0 ? 0 : Math.floor((part * 1000) / whole);
  if (tenths === 0 && part > 0) return 'less than 0.1 %';
  return `${Math.floor(tenths / 10)}.${tenths % 10} %`;
}

/** With a comma after each three digits. */
export function numberText(number: number): string {
  return String(number).replace(/\B(?=(?:\d{3})+$)/g, ',');
}
