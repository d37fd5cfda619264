import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';

const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--hide-scrollbars',
  '--remote-debugging-port=0',
];

/** Device pixels for one of the page. */
const SCALE = 1.5;

const reply = z.looseObject({
  id: z.number().optional(),
  method: z.string().optional(),
  result: z.looseObject({}).optional(),
  error: z.looseObject({ message: z.string() }).optional(),
});

/** CSS pixels, from the top left of the page. */
const rectangle = z.object({ x: z.number(), y: z.number(), width: z.number(), height: z.number() });

export interface Browser extends AsyncDisposable {
  /** Opens a local file in a window of this width. */
  open(file: string, width: number): Promise<void>;
  /** Writes what a script's rectangle shows as PNG. */
  shoot(script: string, file: string): Promise<void>;
}

/** Debian's Chromium, told what to do over its DevTools protocol. */
export async function startBrowser(): Promise<Browser> {
  const directory = await mkdtemp(join(tmpdir(), 'annexa-browser-'));
  const child = spawn('chromium', [...FLAGS, `--user-data-dir=${directory}`, 'about:blank'], {
    stdio: 'ignore',
  });
  const ended = once(child, 'exit');
  const port = await portOf(directory);
  const pages = z
    .array(z.object({ type: z.string(), webSocketDebuggerUrl: z.string() }))
    .parse(await (await fetch(`http://127.0.0.1:${port}/json/list`)).json());
  const socket = new WebSocket(pages.find(({ type }) => type === 'page')?.webSocketDebuggerUrl ?? '');
  await once(socket, 'open');
  const send = talk(socket);
  await send('Page.enable');
  return {
    async open(file, width) {
      await send('Emulation.setDeviceMetricsOverride', {
        width,
        height: 900,
        deviceScaleFactor: SCALE,
        mobile: false,
      });
      const loaded = send('Page.loadEventFired');
      await send('Page.navigate', { url: `file://${file}` });
      await loaded;
    },
    async shoot(script, file) {
      const { result } = z
        .object({ result: z.object({ value: rectangle }) })
        .parse(await send('Runtime.evaluate', { expression: `(${script})()`, returnByValue: true }));
      const clip = { ...result.value, scale: 1 };
      const shot = await send('Page.captureScreenshot', { clip, captureBeyondViewport: true });
      await writeFile(file, Buffer.from(z.object({ data: z.string() }).parse(shot).data, 'base64'));
    },
    async [Symbol.asyncDispose]() {
      socket.close();
      child.kill();
      await ended;
      await rm(directory, { recursive: true, force: true, maxRetries: 3 });
    },
  };
}

/** Chromium writes the port that it took into its directory. */
async function portOf(directory: string): Promise<string> {
  const file = join(directory, 'DevToolsActivePort');
  for (let tries = 0; tries < 200; tries += 1) {
    const [port = ''] = existsSync(file) ? (await readFile(file, 'utf8')).split('\n') : [];
    if (port !== '') return port;
    await delay(100);
  }
  throw new Error('Chromium does not tell its port: is it installed (apt-get install chromium)?');
}

/** Sends a command and resolves with its result; an event's name, with the next such event. */
function talk(socket: WebSocket): (method: string, params?: object) => Promise<unknown> {
  let last = 0;
  const waiting = new Map<number | string, (message: z.infer<typeof reply>) => void>();
  socket.addEventListener('message', ({ data }) => {
    const message = reply.parse(JSON.parse(String(data)));
    const key = message.id ?? message.method ?? '';
    waiting.get(key)?.(message);
    waiting.delete(key);
  });
  return (method, params) =>
    new Promise((resolve, reject) => {
      const event = method.endsWith('Fired');
      if (!event) last += 1;
      waiting.set(event ? method : last, ({ error, result }) => {
        if (error === undefined) resolve(result);
        else reject(new Error(`${method}: ${error.message}`));
      });
      if (!event) socket.send(JSON.stringify({ id: last, method, params: params ?? {} }));
    });
}
