// Drives Debian's Firefox by Marionette, the protocol that it speaks itself (JSON over TCP): enough
// for a test that opens the page, presses things and reads what is there. playwright-core drives only
// its own builds of Firefox.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const program = '/usr/bin/firefox-esr';
const patience = 60_000;
const elementKey = 'element-6066-11e4-a52e-4f735466cecf';

// Firefox chooses the port and writes it into the profile; nothing is looked up elsewhere.
const preferences = {
  'marionette.port': 0,
  'app.update.enabled': false,
  'browser.shell.checkDefaultBrowser': false,
  'datareporting.policy.dataSubmissionEnabled': false,
  'intl.accept_languages': 'en',
  'network.captive-portal-service.enabled': false,
  'network.connectivity-service.enabled': false,
  'toolkit.telemetry.enabled': false,
};

/** Why there can be no test in Firefox, or undefined. */
export const missingFirefox = () => (existsSync(program)
  ? undefined : `FIREFOX IS NOT INSTALLED (${program}, apt-get install firefox-esr): the page is tested in Chromium alone`);

/** @param {number} milliseconds */
const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Tries until there is a result. @template T @param {() => Promise<T | undefined>} attempt @param {string} what @returns {Promise<T>} */
async function until(attempt, what) {
  const end = performance.now() + patience;
  while (performance.now() < end) {
    const result = await attempt();
    if (result !== undefined) {
      return result;
    }
    await pause(100);
  }
  throw new Error(`Firefox: no ${what} within ${patience / 1000} s`);
}

export class Firefox {
  #process;
  #profile;
  #socket;
  #received = Buffer.alloc(0);
  #last = 0;
  /** @type {Map<number, {resolve(value: any): void, reject(error: Error): void}>} */
  #open = new Map();

  /** @param {import('node:child_process').ChildProcess} process @param {string} profile @param {import('node:net').Socket} socket */
  constructor(process, profile, socket) {
    this.#process = process;
    this.#profile = profile;
    this.#socket = socket;
    socket.on('data', (bytes) => this.#receive(bytes));
  }

  /** @returns {Promise<Firefox>} with an empty profile */
  static async start() {
    const profile = await mkdtemp(join(tmpdir(), 'modelspider-firefox-'));
    await writeFile(join(profile, 'user.js'),
      Object.entries(preferences).map(([name, value]) => `user_pref(${JSON.stringify(name)}, ${JSON.stringify(value)});\n`).join(''));
    const child = spawn(program, ['--headless', '--marionette', '--no-remote', '--profile', profile], { stdio: 'ignore' });
    try {
      const port = await until(async () => Number(await readFile(join(profile, 'MarionetteActivePort'), 'utf8').catch(() => '')) || undefined, 'port');
      const firefox = new Firefox(child, profile, connect(port, '127.0.0.1'));
      await firefox.#send('WebDriver:NewSession', { capabilities: {} });
      return firefox;
    } catch (error) {
      child.kill('SIGKILL');
      throw error;
    }
  }

  async close() {
    const ended = new Promise((resolve) => this.#process.once('exit', resolve));
    await this.#send('Marionette:Quit', { flags: ['eForceQuit'] }).catch(() => {});
    this.#socket.destroy();
    await Promise.race([ended, pause(5000).then(() => this.#process.kill('SIGKILL'))]);
    await rm(this.#profile, { recursive: true, force: true, maxRetries: 5 });
  }

  /** Messages are LENGTH:JSON; the first greets, the others answer: [1, id, error, result]. @param {Buffer} bytes */
  #receive(bytes) {
    this.#received = Buffer.concat([this.#received, bytes]);
    for (;;) {
      const colon = this.#received.indexOf(':');
      const end = colon + 1 + Number(this.#received.subarray(0, colon).toString());
      if (colon < 0 || this.#received.length < end) {
        return;
      }
      const message = JSON.parse(this.#received.subarray(colon + 1, end).toString('utf8'));
      this.#received = this.#received.subarray(end);
      if (Array.isArray(message)) {
        const [, id, error, result] = message;
        const waiting = this.#open.get(id);
        this.#open.delete(id);
        error ? waiting?.reject(new Error(`Firefox: ${error.error}: ${error.message}`)) : waiting?.resolve(result);
      }
    }
  }

  /** @param {string} command @param {Record<string, any>} [parameters] @returns {Promise<any>} */
  #send(command, parameters = {}) {
    const id = ++this.#last;
    const text = JSON.stringify([0, id, command, parameters]);
    return new Promise((resolve, reject) => {
      this.#open.set(id, { resolve, reject });
      this.#socket.write(`${Buffer.byteLength(text)}:${text}`);
    });
  }

  /** @param {string} address */
  async open(address) {
    await this.#send('WebDriver:Navigate', { url: address });
  }

  /** What a function says of the page, when run in it; it sees the page's window as `window`. @template T @param {() => T} body @returns {Promise<T>} */
  async read(body) {
    const { value } = await this.#send('WebDriver:ExecuteScript', { script: `return (${body})();`, args: [], sandbox: null });
    return value;
  }

  /** @param {string} selector @returns {Promise<Record<string, string>>} the first such element, once there is one */
  async #find(selector) {
    return until(() => this.#send('WebDriver:FindElement', { using: 'css selector', value: selector }).then(({ value }) => value, () => undefined), selector);
  }

  /** @param {string} selector */
  async waitFor(selector) {
    await this.#find(selector);
  }

  /**
   * WebDriver scrolls to what is out of sight, but clicks on what shows by a line, whatever covers it.
   *
   * @param {string} selector
   */
  async click(selector) {
    const element = await this.#find(selector);
    await this.#send('WebDriver:ExecuteScript', { script: 'arguments[0].scrollIntoView({ block: "center", behavior: "instant" });', args: [element], sandbox: null });
    await this.#send('WebDriver:ElementClick', { id: element[elementKey] });
  }

  /** Chooses files in an input for them. @param {string} selector @param {string[]} paths */
  async chooseFiles(selector, paths) {
    const element = await this.#find(selector);
    await this.#send('WebDriver:ElementSendKeys', { id: element[elementKey], text: paths.join('\n') });
  }
}
