import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { dashboards } from '../../deploy/grafana/dashboards.ts';
import { drawingsOf, titlesOf } from '../pictures/titles.ts';

const FOLDER = 'docs/pictures';
const files = readdirSync(FOLDER).filter((file) => file.endsWith('.png'));

interface Shown {
  readonly page: string;
  readonly alt: string;
  readonly path: string;
}

const shown = readdirSync('docs', { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.md'))
  .map((name) => join('docs', name))
  .flatMap((page) =>
    [...readFileSync(page, 'utf8').matchAll(/!\[([^\]]*)\]\(([^)]+)\)/g)].map(
      ([, alt = '', path = '']): Shown => ({ page, alt, path: join(dirname(page), path) }),
    ),
  );

describe('pictures in docs/', () => {
  test('each that a page shows is there, and each that is there is shown', () => {
    expect(shown.filter(({ path }) => !existsSync(path))).toEqual([]);
    expect([...new Set(shown.map(({ path }) => path))].sort()).toEqual(
      files.map((file) => join(FOLDER, file)).sort(),
    );
  });

  test('each has a text of its own that says what is seen', () => {
    const texts = shown.map(({ alt }) => alt);
    expect(texts.filter((alt) => alt.length < 60)).toEqual([]);
    expect(new Set(texts).size).toBe(texts.length);
  });

  test('a page that shows a drawing says that it is one', () => {
    const drawn = Object.keys(titlesOf(Object.values(dashboards()).flatMap((text) => drawingsOf(text))));
    const pages = shown
      .filter(({ path }) => drawn.some((file) => path.endsWith(`/${file}`)))
      .map(({ page }) => page);
    const silent = pages.filter((page) => !readFileSync(page, 'utf8').includes('not screenshots of Grafana'));
    expect(pages).not.toEqual([]);
    expect(silent).toEqual([]);
  });

  test('each is a PNG with a palette, and small: 150 KB, together 1.5 MB', () => {
    const sizes = files.map((file) => [file, statSync(join(FOLDER, file)).size] as const);
    expect(sizes.filter(([, size]) => size > 150_000)).toEqual([]);
    expect(sizes.reduce((sum, [, size]) => sum + size, 0)).toBeLessThan(1_500_000);
    for (const file of files) {
      const head = readFileSync(join(FOLDER, file)).subarray(0, 26);
      expect(head.subarray(1, 4).toString(), file).toBe('PNG');
      expect(head[25], `${file}: the colour type`).toBe(3);
    }
  });

  test('the drawings name the panels that the dashboards have, in their order', () => {
    const now = titlesOf(Object.values(dashboards()).flatMap((text) => drawingsOf(text)));
    const drawn: unknown = JSON.parse(readFileSync(join(FOLDER, 'panels.json'), 'utf8'));
    expect(drawn, 'draw the pictures again: npm run pictures').toEqual(now);
    for (const file of Object.keys(now)) expect(files).toContain(file);
  });
});
